"""Simulations of the protocol `focus-signal.v1`: sessions that outlive their connections.

A seed gives a config, a config a plan, and a plan runs: at the core level against the pure matchmaker, with
the pure client session at the other end of ways that are cut anywhere; at the full level against the real
server in the simulated network, with the real client.
"""
