"""A differential fuzz of the frame codec: what it makes of bytes is what wsproto and websockets make of them.

`python -m tests.wire.frame_fuzz` runs it. Sequences of frames are drawn from a seed (`drawing`), read by the
reader in two ways (`reading`) and by each library frame by frame (`libraries`). Where a library does not
follow RFC 6455, or where this server is stricter than the RFC, `differences` says what is wanted instead.
"""
