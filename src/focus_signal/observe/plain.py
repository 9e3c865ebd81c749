r"""Text made plain: nothing in it ends a line, moves a cursor, reorders its neighbours or is invisible.

What is shown escaped is written as Python writes it, and so is the backslash itself: whoever reads `\x1b`
knows that an escape character was there, since a backslash in the text would show as two.
"""

import re
import unicodedata

_RIGHT_TO_LEFT = ("R", "AL", "AN")
# Characters that show nothing though Python calls them printable: Unicode's Default_Ignorable_Code_Point, and
# the empty pattern of Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_SHOWN_AS_ITSELF = re.compile(r"[ -\[\]-~]*")


def plain(text: str, most: int | None = None) -> str:
    r"""Escape what is not plain: controls, line ends, bidirectional and invisible characters, backslashes.

    Letters that are written from right to left are escaped too: they move the digits and signs beside them.

    Args:
      text: anything, lone surrogates included.
      most: how many of its characters are shown; of more than that, the rest is only counted.
    """
    if most is not None and len(text) > most:
        return f"{plain(text[:most])}... ({len(text) - most:,} more)"
    if _SHOWN_AS_ITSELF.fullmatch(text):
        return text
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character == "\\":
        return r"\\"
    if (
        character.isprintable()
        and not _INVISIBLE.match(character)
        and unicodedata.bidirectional(character) not in _RIGHT_TO_LEFT
    ):
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
