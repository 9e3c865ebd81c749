"""Secrets: what a file of them may hold, what is said of one that holds something else, what they sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access import keys
from focus_signal.access.keys import Keys, make_keys, read_keys
from focus_signal.errors import ConfigError
from tests.access.planting import Planted, caught

FIRST, SECOND, THIRD = (bytes([first]) + bytes(range(100, 131)) for first in (0xFB, 0xFF, 0x01))
ALLOWED = "a secret of at least 32 bytes, in hex or in base64"


def written(secret: bytes) -> dict[str, str]:
    """Write a secret in every way that is allowed."""
    standard, for_urls = base64.b64encode(secret).decode(), base64.urlsafe_b64encode(secret).decode()
    return {
        "hex": secret.hex(),
        "hex in capitals": secret.hex().upper(),
        "base64": standard,
        "base64 without padding": standard.rstrip("="),
        "base64 for URLs": for_urls,
        "base64 for URLs without padding": for_urls.rstrip("="),
    }


class Files:
    """Write files of secrets, and read them."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "secrets"

    def read(self, content: str | bytes) -> Keys:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_keys(str(self.path))

    def refusal(self, content: str | bytes) -> str:
        """Give what is said of a file, behind its name."""
        with pytest.raises(ConfigError) as refused:
            self.read(content)
        name, text = repr(str(self.path)), str(refused.value)
        assert text.startswith(name)
        assert refused.value.__cause__ is None
        return text.removeprefix(name)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_signature_is_that_of_the_first_secret() -> None:
    two = Keys((FIRST, SECOND))
    assert two.key_id == hashlib.sha256(FIRST).digest()[:4]
    assert two.sign(b"data") == hmac.new(FIRST, b"data", hashlib.sha256).digest()


def test_what_either_secret_has_signed_is_known() -> None:
    two = Keys((FIRST, SECOND))
    for secret in (FIRST, SECOND):
        alone = Keys((secret,))
        assert two.is_signed(alone.key_id, b"data", alone.sign(b"data"))


def test_nothing_else_is_known() -> None:
    two, other = Keys((FIRST, SECOND)), Keys((THIRD,))
    right = two.sign(b"data")
    assert not two.is_signed(other.key_id, b"data", other.sign(b"data"))
    assert not two.is_signed(two.key_id, b"data", other.sign(b"data"))
    assert not two.is_signed(Keys((SECOND,)).key_id, b"data", right)
    assert not two.is_signed(two.key_id, b"Data", right)
    for wrong in (b"", right[:-1], right + b"\0", bytes(32), right[::-1]):
        assert not two.is_signed(two.key_id, b"data", wrong)
    for key_id in (b"", right[:4], two.key_id[:3], two.key_id + b"\0"):
        assert not two.is_signed(key_id, b"data", right)


def test_two_secrets_of_one_id_are_both_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing keeps two secrets from having the same four bytes."""
    monkeypatch.setattr(keys, "KEY_ID_BYTES", 0)
    two = Keys((FIRST, SECOND))
    for secret in (FIRST, SECOND):
        assert two.is_signed(b"", b"data", hmac.digest(secret, b"data", "sha256"))


def test_how_much_of_a_signature_is_right_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    alone = Keys((FIRST,))
    assert not alone.is_signed(alone.key_id, b"data", b"what came")
    assert compared == [(alone.sign(b"data"), b"what came")]


def test_no_secret_is_shown() -> None:
    shown = repr(Keys((FIRST, SECOND)))
    for secret in (FIRST, SECOND):
        for form in (repr(secret)[2:-1], *written(secret).values()):
            assert form not in shown


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ((), "there must be one secret or two, not 0"),
        ((FIRST, SECOND, THIRD), "there must be one secret or two, not 3"),
        ((FIRST[:31],), "a secret must have at least 32 bytes, not 31"),
        ((FIRST, b""), "a secret must have at least 32 bytes, not 0"),
    ],
)
def test_keys_of_other_secrets(secrets: tuple[bytes, ...], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Keys(secrets)
    assert str(refused.value) == told


def test_keys_that_are_made() -> None:
    asked: list[int] = []

    def entropy(size: int) -> bytes:
        asked.append(size)
        return FIRST[:size]

    assert make_keys(entropy) == Keys((FIRST,))
    assert asked == [32]


# Files.


@pytest.mark.parametrize("form", written(FIRST))
@pytest.mark.parametrize("size", [32, 33, 34, 48, 64, 200])
def test_every_way_to_write_a_secret(form: str, size: int, files: Files) -> None:
    secret = (FIRST * 7)[:size]
    assert files.read(written(secret)[form]) == Keys((secret,))


def test_the_first_line_signs(files: Files) -> None:
    assert files.read(f"{FIRST.hex()}\n{SECOND.hex()}\n") == Keys((FIRST, SECOND))
    assert files.read(f"{SECOND.hex()}\n{FIRST.hex()}\n") == Keys((SECOND, FIRST))


@pytest.mark.parametrize(
    "content",
    [
        "{0}",
        "{0}\n",
        "\n\n  \n{0}\n\n",
        "  {0}\t\n",
        "# made in May\n{0}\n#{1}\n # {1}\n",
        "{0}\r\n\r\n# Windows\r\n",
        "\N{ZERO WIDTH NO-BREAK SPACE}{0}\n",
        "# gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\n{0}",
    ],
)
def test_what_is_passed_over(content: str, files: Files) -> None:
    assert files.read(content.format(FIRST.hex(), SECOND.hex())) == Keys((FIRST,))


def test_a_secret_that_is_too_short(files: Files) -> None:
    for form in written(FIRST[:31]).values():
        assert files.refusal(f"\n{form}\n") == f", line 2: must be {ALLOWED}, and this one has 31"
    assert files.refusal(f"{FIRST.hex()}\nab\n") == f", line 2: must be {ALLOWED}, and this one has 1"


@pytest.mark.parametrize(
    "line",
    [
        "correct horse battery staple and so on and on",
        "{0}{0}=",
        "={0}",
        "{0}====",
        "{0}#",
        "{0} # no remark behind a secret",
        "{0},{0}",
        "0x{0}:",
        "{0}\N{LATIN SMALL LETTER E WITH ACUTE}",
        "{0}\N{ARABIC-INDIC DIGIT ONE}",
        "=",
        "==",
        "a",
        "\0",
    ],
)
def test_what_is_no_secret(line: str, files: Files) -> None:
    shown = files.refusal(f"# one\n{line.format(FIRST.hex())}\n{SECOND.hex()}")
    assert shown == f", line 2: must be {ALLOWED}, and this is neither"


def test_what_could_be_both_is_hex(files: Files) -> None:
    both = "abcd" * 16
    assert files.read(both) == Keys((bytes.fromhex(both),))
    odd = both + "a23"  # no hex, since that has two digits for each byte
    assert files.read(odd) == Keys((base64.b64decode(odd + "="),))


def test_too_many_secrets(files: Files) -> None:
    content = "\n".join(secret.hex() for secret in (FIRST, SECOND, THIRD))
    assert files.refusal(content) == ", line 3: there may be 2 secrets, and this is one more"
    # Whatever it is: that there is one more comes first.
    assert files.refusal(f"{FIRST.hex()}\n{SECOND.hex()}\n\nx").startswith(", line 4: there may be 2")


def test_a_secret_twice(files: Files) -> None:
    """Whoever does that means to have replaced it, and has not."""
    for again in written(FIRST).values():
        told = files.refusal(f"{FIRST.hex()}\n\n{again}\n")
        assert told == ", line 3: must be another secret than that of line 1"


def test_no_secret_at_all(files: Files) -> None:
    for content in ("", "\n", "# later\n", "   "):
        assert files.refusal(content) == f": must hold {ALLOWED}, and holds none"


def test_what_is_no_file_of_secrets(files: Files, tmp_path: Path) -> None:
    assert files.refusal(b"\xff\xfe") == ": must be a file of text, and is not UTF-8"
    largest = FIRST.hex() + "\n" * (65_536 - 64)
    assert files.read(largest) == Keys((FIRST,))
    assert files.refusal(largest + "\n") == ": must be a file of secrets, and is larger than 65536 bytes"
    for path, told in (
        (str(tmp_path / "nowhere"), "must be a file that can be read: No such file or directory"),
        (str(tmp_path), "must be a file that can be read: Is a directory"),
        ("", "must be a file that can be read: Is a directory"),
        ("a\0b", "must be a file that can be read, and no file has such a name"),
        ("\ud800", "must be a file that can be read, and no file has such a name"),
    ):
        with pytest.raises(ConfigError) as refused:
            read_keys(path)
        assert str(refused.value) == f"{path!r}: {told}"


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="larger than 65536 bytes"):
        read_keys("/dev/zero")


@given(st.binary(min_size=1, max_size=40), st.sampled_from(sorted(written(FIRST))))
def test_no_refusal_shows_a_secret(
    tmp_path_factory: pytest.TempPathFactory, secret: bytes, form: str
) -> None:
    files = Files(tmp_path_factory.getbasetemp())
    text = written(secret)[form]
    contents = [f"{text}\n{text}", f"{text} {text}", f"{FIRST.hex()}\n{SECOND.hex()}\n{text}", f"{text}\xff"]
    for content in contents:
        told = files.refusal(content)
        # A few letters stand in any sentence.
        assert len(text) < 12 or text not in told


@given(st.binary(max_size=200))
def test_whatever_a_file_holds(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    files = Files(tmp_path_factory.getbasetemp())
    try:
        read = files.read(content)
    except ConfigError as refused:
        told = str(refused)
    else:
        told = "nothing"
        assert read.is_signed(read.key_id, b"data", read.sign(b"data"))
    assert told.isprintable()


def _first_only(self: Keys, key_id: bytes, data: bytes, signature: bytes) -> bool:
    return key_id == self.key_id and self.sign(data) == signature


def _any_id(self: Keys, key_id: bytes, data: bytes, signature: bytes) -> bool:
    return any(hmac.digest(secret, data, "sha256") == signature for _, secret in self._secrets)


test_faults_are_caught = caught(
    [
        Planted(
            "the last secret signs",
            test_a_signature_is_that_of_the_first_secret,
            Keys,
            "sign",
            lambda self, data: hmac.digest(self._secrets[-1][1], data, "sha256"),
        ),
        Planted(
            "another digest",
            test_a_signature_is_that_of_the_first_secret,
            Keys,
            "sign",
            lambda self, data: hmac.digest(self._secrets[0][1], data, "sha512")[:32],
        ),
        Planted("a longer id", test_a_signature_is_that_of_the_first_secret, keys, "KEY_ID_BYTES", 5),
        Planted(
            "the second is not known",
            test_what_either_secret_has_signed_is_known,
            Keys,
            "is_signed",
            _first_only,
        ),
        Planted("the id is no matter", test_nothing_else_is_known, Keys, "is_signed", _any_id),
        Planted(
            "everything is known",
            test_nothing_else_is_known,
            hmac,
            "compare_digest",
            lambda _, __: True,
        ),
        Planted(
            "a beginning will do",
            test_nothing_else_is_known,
            hmac,
            "compare_digest",
            lambda right, came: right.startswith(came),
        ),
        Planted(
            "secrets are shown", test_no_secret_is_shown, Keys, "__repr__", lambda self: repr(self._secrets)
        ),
    ]
)
