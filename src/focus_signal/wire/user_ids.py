"""What a user id may be for those who speak `focus-signal.v1`: 1 to so many bytes of UTF-8, no controls.

Controls are the characters of Unicode's category Cc: U+0000 to U+001F and U+007F to U+009F.
"""

import re

_has_controls = re.compile("[\x00-\x1f\x7f-\x9f]").search


def is_user_id(text: str, max_bytes: int) -> bool:
    """Tell whether a text, which has no lone surrogates, may be a user id."""
    # What prints has no controls; the search is for spaces of all kinds and the like.
    return 0 < len(text.encode()) <= max_bytes and (text.isprintable() or not _has_controls(text))
