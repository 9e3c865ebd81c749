"""What each wrong input gets: raw bytes against a living server, and the same server serves on afterwards."""
