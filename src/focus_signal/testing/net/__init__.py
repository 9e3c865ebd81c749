"""A network made up in memory: TCP between labelled clients and listeners, on virtual time, from a seed.

network   Network: listeners, connecting, counts, the digest of all bytes
faults    what a test does to a label's links: partition, hold, reset, slow reader ...
listener  SimListener: accepts, as `trio.abc.Listener` has it
plain     PlainListener: the same, with streams that are no more than `trio.abc.Stream`s
stream    SimStream: one end, a Trio stream and a server's link at once
link      SimLink: two ends and the two directions between them; carries out what arrives
wire      Wire: one direction, from what is sent to what can be read
weather   Weather: what holds for every link of a label, now and later
hosts     names and addresses
options   LinkOptions: what one link is like
sockets   SimSocket: the same as a Trio socket
dialing   Trio's resolver and socket factory, put in for a block
"""
