"""The load generator behind `focus-signal bench`: measure any server that speaks the seed's dialect.

Many clients in one thread: raw non-blocking sockets, one epoll. What happens often is cheap (frames made
ahead, bytes compared with bytes that were made ahead too), what happens rarely is checked with care, and no
figure comes out of a run in which anything was lost, doubled, reordered, altered or unexpected.
"""
