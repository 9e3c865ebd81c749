"""Sequences of frames for Hypothesis; those of `frame_fuzz` are drawn more cheaply and shrunk less well."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.server.hostile.frames import PING, PONG, close, fragments, frame, text
from tests.wire.frame_rows import ROWS

contents = st.one_of(
    st.text(max_size=20), st.sampled_from([0, 1, 125, 126, 127, 300, 1024]).map(lambda size: "a" * size)
).map(str.encode)

valid = st.one_of(
    contents.map(text),
    st.lists(
        contents.map(lambda content: content[:15].decode(errors="ignore").encode()), min_size=2, max_size=4
    ).map(lambda parts: fragments(*parts)),
    st.binary(max_size=125).map(lambda content: frame(PING, content)),
    st.sampled_from([b"beat", b"", b"other"]).map(lambda content: frame(PONG, content)),
)
"""What is allowed and ends nothing, for the reader of `frame_rows`."""

sequences = st.tuples(
    st.lists(valid, max_size=4), st.sampled_from([b"", close(1000, b"bye"), *(row.sent for row in ROWS)])
).map(lambda drawn: b"".join([*drawn[0], drawn[1]])[:3000])
"""Frames that are allowed, and perhaps one that ends it behind them."""
