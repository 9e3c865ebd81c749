"""The levels above the core: the production shell, a simulated network, and clients, all in one Trio run."""
