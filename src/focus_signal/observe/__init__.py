"""What looks at the server from inside: points at which a simulation may watch it and meddle."""
