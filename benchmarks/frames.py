"""WebSocket frames for the load generator: those of the package, under the names that the phases use."""

from __future__ import annotations

from focus_signal.load.faults import BadFrame
from focus_signal.load.frames import CLOSE, PING, PONG, TEXT, FrameReader, masked, plain

__all__ = ["CLOSE", "PING", "PONG", "TEXT", "BadFrame", "FrameReader", "masked", "plain"]
