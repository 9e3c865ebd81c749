"""The flags of `focus-signal serve` for limits, deadlines and origins: what each takes and refuses."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

import pytest
from attrs import evolve

from focus_signal.cli import main, serve
from focus_signal.cli.serve_options import add_serve, as_flags, config_of, flag_of
from focus_signal.errors import ConfigError
from focus_signal.server.config import Config, deadlines, limits
from tests.cli.simulating import Answer

# Another number than the default that is right by itself.
OTHERS = {"nesting": 5, "frame_bytes": 1000, "byte_burst": 5_000_000}
LARGEST = {name: 128 if name == "nesting" else 1 << 30 for name in limits()}


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """List the configs with which a server would have run."""
    configs: list[Config] = []

    def run(options: argparse.Namespace, usage_error: Any) -> int:
        # As the real one begins.
        try:
            configs.append(config_of(options))
        except ConfigError as error:
            usage_error(as_flags(str(error)))
        return 0

    monkeypatch.setattr(serve, "run", run)
    return configs


def _command(capture: pytest.CaptureFixture[str], *arguments: str) -> Answer:
    capture.readouterr()
    try:
        status: Any = main(["serve", *arguments])
    except SystemExit as end:
        status = end.code
    return Answer(status, *capture.readouterr())


def _with(name: str, value: float, **beside: int) -> Config:
    changed: dict[str, Any] = {name: value, **beside}
    return evolve(Config(), **changed)


def test_without_flags_the_defaults_hold(serving: list[Config]) -> None:
    assert main(["serve"]) == 0
    assert serving == [Config()]


def test_flags_are_named_as_settings() -> None:
    for name in (*limits(), *deadlines()):
        assert flag_of(name) == f"--{name.replace('_', '-')}"
    assert flag_of("allowed_origins") == "--allowed-origin"


@pytest.mark.parametrize("name", limits())
def test_limit(name: str, serving: list[Config]) -> None:
    other = OTHERS.get(name, 77)
    # The largest message there may be has to fit into a burst.
    beside = ["--byte-burst", "0"] if name == "frame_bytes" else []
    for value in (other, 0):
        assert main(["serve", flag_of(name), str(value), *beside]) == 0
        assert serving.pop() == _with(name, value, **({"byte_burst": 0} if beside else {}))
    assert main(["serve", f"{flag_of(name)}={other}"]) == 0
    assert serving.pop() == _with(name, other)


@pytest.mark.parametrize("name", deadlines())
def test_deadline(name: str, serving: list[Config]) -> None:
    for text, value in (("7", 7.0), ("0.25", 0.25), ("1e3", 1000.0)):
        assert main(["serve", flag_of(name), text]) == 0
        assert serving.pop() == _with(name, value)


def test_origins(serving: list[Config]) -> None:
    assert (
        main(["serve", "--allowed-origin", "https://a.test", "--allowed-origin=https://*.b.test:8443"]) == 0
    )
    assert serving == [Config(allowed_origins=("https://a.test", "https://*.b.test:8443"))]


@pytest.mark.parametrize("name", limits())
def test_wrong_limit(name: str, serving: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    flag, most = flag_of(name), LARGEST[name]
    for came in ("-1", str(most + 1)):
        complaint = _command(capsys, f"{flag}={came}").complaint
        assert (
            complaint
            == f"focus-signal serve: error: {flag} must be a whole number from 0 to {most}, not {came}"
        )
    for came in ("many", "1.5", "", "1e3", "nan", "0x10"):
        complaint = _command(capsys, f"{flag}={came}").complaint
        assert complaint == f"focus-signal serve: error: argument {flag}: invalid int value: {came!r}"
    assert f"argument {flag}: expected one argument" in _command(capsys, flag).complaint
    assert serving == []


@pytest.mark.parametrize("name", deadlines())
def test_wrong_deadline(name: str, serving: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    flag = flag_of(name)
    for came, shown in (("0", "0.0"), ("-1", "-1.0"), ("inf", "inf"), ("nan", "nan")):
        complaint = _command(capsys, f"{flag}={came}").complaint
        wanted = f"{flag} must be a finite number of seconds above 0, not {shown}"
        assert complaint == f"focus-signal serve: error: {wanted}"
    for came in ("soon", "", "1s"):
        complaint = _command(capsys, f"{flag}={came}").complaint
        assert complaint == f"focus-signal serve: error: argument {flag}: invalid float value: {came!r}"
    assert serving == []


@pytest.mark.parametrize("came", ["example.org", "https://a.test/path", "*", "null", "", "https://*"])
def test_wrong_origin(came: str, serving: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    complaint = _command(capsys, "--allowed-origin", "https://a.test", f"--allowed-origin={came}").complaint
    wanted = f"--allowed-origin must be origins, each as in 'https://example.org', not {came!r}"
    assert complaint == f"focus-signal serve: error: {wanted}"
    assert serving == []


def test_a_burst_that_holds_no_message(serving: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    complaint = _command(capsys, "--byte-burst", "1000").complaint
    assert complaint.endswith("error: --byte-burst must be 0 or at least --frame-bytes 262144, not 1000")
    assert _command(capsys, "--byte-burst", "1000", "--frame-bytes", "1000") == Answer(0, "", "")
    assert serving == [Config(byte_burst=1000, frame_bytes=1000)]


def test_the_real_program_refuses_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """As far as where it would begin to listen: with a wrong value it never gets there."""
    complaint = _command(capsys, "--max-connections", "-1").complaint
    assert complaint.endswith("--max-connections must be a whole number from 0 to 1073741824, not -1")


def test_help_tells_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _command(capsys, "--help")
    assert answer.status == 0
    words = " ".join(answer.out.split())
    for name, limit in limits().items():
        assert f"{flag_of(name)} N {limit.bounds}, in {limit.unit} ({getattr(Config(), name)})" in words
    for name, deadline in deadlines().items():
        assert f"{flag_of(name)} S {deadline.of} ({getattr(Config(), name):g})" in words


def test_no_flag_is_shortened(serving: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    assert "--max-conn" in _command(capsys, "--max-conn", "5").complaint
    assert serving == []


def test_a_flag_that_is_left_out_is_missed() -> None:
    """The tests above see every setting: a parser without one of its flags does not get through them."""

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise AssertionError(message)

    for missing in ("max_connections", "drain_grace"):
        parser = Parser(allow_abbrev=False)
        add_serve(parser)
        known = parser._option_string_actions
        del known[flag_of(missing)]
        with pytest.raises(AssertionError, match="unrecognized arguments"):
            parser.parse_args([flag_of(missing), "5"])
