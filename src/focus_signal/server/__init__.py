"""The shell: connections, tasks and deadlines around the core, on Trio.

`serve` opens the server; `front_door` tells HTTP from WebSocket; `connection` runs one connection; `owner` is
the one task that holds the state; `transport` turns a connection into batches of messages.
"""
