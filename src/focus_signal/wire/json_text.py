"""What JSON must keep to here beyond what the decoder checks while it passes a payload by.

msgspec's `Raw` lets a payload through byte for byte and checks its grammar on the way, escapes included, but
not its UTF-8, and its depth only as far as Python's own stack goes. And of a repeated key it takes the last.
"""

import re

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TOKEN = re.compile(rb'[][{}]|"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
# A key can be written with escapes too.
_TYPE_KEY = re.compile(rb'"(?:t|\\u0074)(?:y|\\u0079)(?:p|\\u0070)(?:e|\\u0065)"[ \t\r\n]*:')
# Everything but the four brackets goes; a brace counts like a bracket, since only the depth is asked for.
_BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_nested_deeper(text: bytes, depth: int) -> bool:
    """Tell whether arrays and objects are nested deeper than `depth`.

    Args:
      text: JSON that was decoded before without an error; brackets inside its strings do not count.
      depth: how deep it may be; a lone array or object is 1 deep.
    """
    # What has few opening brackets cannot be deep: nearly every message ends here.
    if text.count(b"[") + text.count(b"{") <= depth:
        return False
    brackets = _STRING.sub(b"", text).translate(_BRACES_TO_BRACKETS, _ALL_BUT_BRACKETS)
    for _ in range(depth):
        # Each turn takes the innermost level away, in time that does not depend on the nesting.
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def has_repeated_type(text: bytes) -> bool:
    """Tell whether the outermost object has the key `type` more than once.

    Args:
      text: a JSON object that was decoded before without an error.
    """
    # Only keys with escapes could hide from the count.
    if text.count(b'"type"') < 2 and b"\\" not in text:
        return False
    # A session description has a type of its own, one level down, so more than one is common but harmless.
    if len(_TYPE_KEY.findall(text)) < 2:
        return False
    seen = depth = 0
    for token in _TOKEN.finditer(text):
        byte = token[0][:1]
        if byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
        elif depth == 1 and _TYPE_KEY.match(text, token.start()):
            seen += 1
            if seen > 1:
                return True
    return False
