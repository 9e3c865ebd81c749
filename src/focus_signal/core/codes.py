"""Codes of rooms: short enough to be read to somebody, in letters that are not taken for one another.

A code that is given out has 8 characters of Crockford's base32, which leaves out I, L, O and U. One that
somebody has chosen may have other letters too. Both are compared as if they had been read aloud or written
down by hand: without regard to case, `-` and spaces, with I and L as 1 and O as 0.
"""

import re
from hashlib import blake2b

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
_BITS = 5

# Only letters of ASCII: what others become in upper case differs by language, and in number.
_NORMAL = str.maketrans("abcdefghijklmnopqrstuvwxyzILO", "ABCDEFGH1JK1MN0PQRSTUVWXYZ110", "- ")
_CHOSEN = re.compile("[A-Z0-9]{4,32}", re.ASCII)


def code_of(id_text: str) -> str:
    """Make a code of an id; of a fresh random one, two give the same code once in 2^40.

    Args:
      id_text: any text. The code tells nothing of it.
    """
    number = int.from_bytes(blake2b(id_text.encode("utf-8", "replace"), digest_size=5).digest())
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(_BITS * (_LENGTH - 1), -1, -_BITS))


def normalized(code: str) -> str:
    """Give what is alike for all ways to write a code."""
    return code.translate(_NORMAL)


def is_chosen(code: str) -> bool:
    """Tell whether somebody may choose this code: 4 to 32 letters and digits, once it is normalized."""
    return _CHOSEN.fullmatch(normalized(code)) is not None
