"""Bytes to commands and messages to bytes, with no idea of sockets, tasks or time.

`http_head` reads the head of a request and `subprotocols` what it offers; `seed_dialect` and `v1` read and
write the frames of a connection. `messages` has the schema of what is on the wire, `json_text` what JSON must
keep to here, and `close_codes` every way in which a connection is closed.
"""
