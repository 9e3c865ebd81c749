"""Where a stream of WebSocket frames can be cut: between two frames, and in several places within each."""

from __future__ import annotations

from attrs import frozen

PLACES = ("between frames", "after 1 byte", "in the head", "in the payload", "one before the end")
"""The places of a cut."""


@frozen
class Piece:
    """Be a frame, or the head of a handshake, by its places in a stream."""

    start: int
    payload: int
    stop: int


def next_piece(stream: bytes | bytearray, start: int) -> Piece | None:
    """Find the frame (RFC 6455, section 5.2) that begins at a place; None if it is not there as a whole."""
    if start + 2 > len(stream):
        return None
    length, masked = stream[start + 1] & 0x7F, bool(stream[start + 1] & 0x80)
    payload = start + 2
    if length >= 126:
        wide = 2 if length == 126 else 8
        length = int.from_bytes(stream[payload : payload + wide])
        payload += wide
    payload += 4 * masked
    stop = payload + length
    return Piece(start, payload, stop) if stop <= len(stream) else None


def pieces_of(stream: bytes | bytearray, *, after_handshake: bool = False) -> list[Piece]:
    """Find all frames that are there as a whole, and the head of a handshake before them."""
    pieces: list[Piece] = []
    at = 0
    if after_handshake:
        at = stream.find(b"\r\n\r\n") + 4
        if at < 4:
            return []
        pieces.append(Piece(0, 0, at))
    while (piece := next_piece(stream, at)) is not None:
        pieces.append(piece)
        at = piece.stop
    return pieces


def text_of(stream: bytes | bytearray, piece: Piece) -> bytes:
    """Give the payload of a frame, unmasked."""
    payload = bytes(stream[piece.payload : piece.stop])
    if not stream[piece.start + 1] & 0x80:
        return payload
    mask = stream[piece.payload - 4 : piece.payload]
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def cut_points(pieces: list[Piece]) -> dict[int, str]:
    """Give every place at which a stream is to be cut, with its name; a cut lets the bytes before it pass."""
    points = {0: PLACES[0]}
    for piece in pieces:
        points[piece.stop] = PLACES[0]
    for piece in pieces:
        within = {
            piece.stop - 1: PLACES[4],
            (max(piece.payload, piece.start + 1) + piece.stop) // 2: PLACES[3],
            piece.payload - 1: PLACES[2],
            piece.start + 1: PLACES[1],
        }
        for at, place in within.items():
            if piece.start < at < piece.stop:
                points.setdefault(at, place)
    return dict(sorted(points.items()))
