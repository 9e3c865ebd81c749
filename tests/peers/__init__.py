"""Clients that nobody here wrote (websockets, Node's WebSocket, aiortc) against the server's command."""
