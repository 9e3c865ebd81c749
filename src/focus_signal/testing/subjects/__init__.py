"""What can be tried: the real server, the seed's own logic, and mutants of the real server.

A mutant is the real server with one planted bug; it says which invariant has to find it. `registry` knows all
of them by name.
"""
