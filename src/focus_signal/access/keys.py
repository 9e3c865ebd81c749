"""The secrets by which this server knows its own tokens again, and how an operator hands them to it.

There are one or two. The first one signs and both are believed, so that a secret is replaced without a token
being lost: put the new one above the old one, start anew, and take the old one out once no token of it lives.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from focus_signal.errors import ConfigError

KEY_ID_BYTES = 4
"""How long the id of a secret is."""
SIGNATURE_BYTES = 32
"""How long a signature is: HMAC-SHA256 (RFC 2104)."""

_LEAST_BYTES = 32
_MOST_SECRETS = 2
# Far more than two secrets with all that may be said about them; nobody means to have more read.
_LONGEST_FILE = 64 * 1024
_is_hex = re.compile(r"(?:[0-9A-Fa-f]{2})+").fullmatch
_ALLOWED = f"a secret of at least {_LEAST_BYTES} bytes, in hex or in base64"


def _with_ids(secrets: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    # What is wrong is told without a secret in it, here and below.
    if not 1 <= len(secrets) <= _MOST_SECRETS:
        raise ConfigError(f"there must be one secret or two, not {len(secrets)}")
    shortest = min(map(len, secrets))
    if shortest < _LEAST_BYTES:
        raise ConfigError(f"a secret must have at least {_LEAST_BYTES} bytes, not {shortest}")
    return tuple((hashlib.sha256(secret).digest()[:KEY_ID_BYTES], secret) for secret in secrets)


@frozen
class Keys:
    """Sign, and tell what was signed here.

    Args:
      secrets: one or two, of at least 32 bytes each; the first one signs.

    Raises:
      ConfigError: there are more, or none, or one is too short.
    """

    # Before each secret its id, which says nothing that helps to find the secret.
    _secrets: tuple[tuple[bytes, bytes], ...] = field(repr=False, converter=_with_ids)

    @property
    def key_id(self) -> bytes:
        """Give the id of the secret that signs."""
        return self._secrets[0][0]

    def sign(self, data: bytes) -> bytes:
        """Make the signature of some bytes."""
        return hmac.digest(self._secrets[0][1], data, "sha256")

    def is_signed(self, key_id: bytes, data: bytes, signature: bytes) -> bool:
        """Tell whether some bytes were signed with a secret that is known here.

        Args:
          key_id: which secret it is said to be; anybody may see that, and may try any.
          data: what was signed.
          signature: whatever came; compared in a time that tells nothing about the right one.
        """
        return any(
            hmac.compare_digest(hmac.digest(secret, data, "sha256"), signature)
            for known, secret in self._secrets
            if known == key_id
        )


def make_keys(entropy: Callable[[int], bytes]) -> Keys:
    """Make a secret that nobody else has, and that is gone when the process is.

    Args:
      entropy: gives as many random bytes as it is asked for.
    """
    return Keys((entropy(_LEAST_BYTES),))


def read_keys(path: str) -> Keys:
    """Read the secrets from a file: one a line, the one that signs first.

    A line holds at least 32 bytes, in hex or else in base64, of either alphabet and with or without its
    padding; `openssl rand -hex 32` makes one. What could be both is hex. Empty lines, and those that begin
    with `#`, are passed over.

    Args:
      path: the file's.

    Raises:
      ConfigError: the file cannot be read or holds something else. It names the file and the line, and shows
        nothing of what stands there.
    """
    secrets: dict[bytes, int] = {}
    for number, line in enumerate(_read(path).split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        where = f"{path!r}, line {number}"
        if len(secrets) == _MOST_SECRETS:
            raise ConfigError(f"{where}: there may be {_MOST_SECRETS} secrets, and this is one more")
        secret = _secret_of(text)
        if secret is None:
            raise ConfigError(f"{where}: must be {_ALLOWED}, and this is neither")
        if len(secret) < _LEAST_BYTES:
            raise ConfigError(f"{where}: must be {_ALLOWED}, and this one has {len(secret)}")
        if secret in secrets:
            raise ConfigError(f"{where}: must be another secret than that of line {secrets[secret]}")
        secrets[secret] = number
    if not secrets:
        raise ConfigError(f"{path!r}: must hold {_ALLOWED}, and holds none")
    return Keys(tuple(secrets))


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"{path!r}: must be a file that can be read: {error.strerror}") from None
    except ValueError:
        # A path that no file can have, with a NUL in it.
        raise ConfigError(f"{path!r}: must be a file that can be read, and no file has such a name") from None
    if len(data) > _LONGEST_FILE:
        raise ConfigError(f"{path!r}: must be a file of secrets, and is larger than {_LONGEST_FILE} bytes")
    try:
        # Some editors begin a file with a mark of their own.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path!r}: must be a file of text, and is not UTF-8") from None


def _secret_of(text: str) -> bytes | None:
    if _is_hex(text):
        return bytes.fromhex(text)
    bare = text.rstrip("=")
    padding = "=" * (-len(bare) % 4)
    if text not in {bare, bare + padding}:
        return None
    try:
        return base64.b64decode((bare + padding).translate(_ALPHABET).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


# From the letters of the one alphabet to those of the other (RFC 4648, sections 4 and 5).
_ALPHABET = str.maketrans("-_", "+/")
