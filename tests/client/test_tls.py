"""A client that speaks TLS, over memory, with a certificate that is made and trusted here alone."""

from __future__ import annotations

import datetime as dt
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio.testing import MockClock, wait_all_tasks_blocked

from focus_signal.client import NotConnected, open_client
from tests.client.host import both, hosting

_DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for focus.test, and write it and its key to a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "focus-signal test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("focus.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def server_side(certificate: Path, stream: trio.abc.Stream) -> trio.abc.Stream:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return trio.SSLStream(stream, context, server_side=True, https_compatible=True)


async def test_a_client_over_tls(certificate: Path, autojump_clock: MockClock) -> None:
    async with hosting(wrap=lambda stream: server_side(certificate, stream)) as host:

        async def use() -> None:
            context = ssl.create_default_context(cafile=str(certificate))
            async with open_client("wss://focus.test/signal", dial=host.dial, ssl_context=context) as client:
                await client.cancel()
                await wait_all_tasks_blocked()

        async def serve() -> tuple[int, str | None]:
            visit = await host.accept()
            await visit.greet()
            await visit.ack_next(2)
            return await visit.hear_close()

        assert (await both(use, serve))[1] == (1000, None)
        assert host.dialled == [("focus.test", 443, 0.0)]
        assert trio.current_time() == 0


@pytest.mark.parametrize(
    ("host_name", "trusted", "why"),
    [("focus.test", False, "certificate verify failed"), ("other.test", True, "Hostname mismatch")],
)
async def test_a_certificate_that_is_not_to_be_trusted(
    host_name: str, trusted: bool, why: str, certificate: Path, autojump_clock: MockClock
) -> None:
    async with hosting(wrap=lambda stream: server_side(certificate, stream)) as host:

        async def serve() -> None:
            stream = await host.stream()
            with suppress(trio.BrokenResourceError):  # an alert, or an end
                assert not await stream.receive_some()

        host.nursery.start_soon(serve)
        context = ssl.create_default_context(cafile=str(certificate) if trusted else None)
        with pytest.raises(NotConnected, match=why):
            async with open_client(f"wss://{host_name}/signal", dial=host.dial, ssl_context=context):
                pytest.fail("it is connected")
        await wait_all_tasks_blocked()
