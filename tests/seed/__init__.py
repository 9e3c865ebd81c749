"""Scripted conversations, what the seed answered to them, and the proof that this server answers the same."""
