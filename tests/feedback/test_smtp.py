"""Mails go to a real SMTP server over TLS; only a timeout after the content is an unknown outcome."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.local.ports import free_port
from services.feedback.gateways.declared import Smtp
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.gateways.smtp import SmtpGateway
from shared.chassis.work.intents import Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown
from tests.feedback.gateways import ID, NUMBER, message

TO = Recipient(ContactMethod.EMAIL, "zou@example.net", b"m", "mail")


@dataclass
class Relay:
    """The replies of an SMTP server, and the mails that it received."""

    to_recipient: str = "250 OK"
    to_letter: str = "250 OK"
    silent: asyncio.Event | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 (the server's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        self.connections.add(session.peer)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.silent:
            await self.silent.wait()
        content = cast(bytes, envelope.content)
        letter = email.message_from_bytes(content, policy=email.policy.default)
        self.letters.append(cast(EmailMessage, letter))
        return self.to_letter


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime.now(UTC)
    signed_certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(at - timedelta(days=1)).not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed_certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@asynccontextmanager
async def listening(relay: Relay, files: tuple[Path, Path]) -> AsyncIterator[int]:
    """The port of an SMTP server that requires TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    port, loop = free_port(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(relay, hostname="localhost", tls_context=context, require_starttls=True), "127.0.0.1", port
    )
    try:
        yield port
    finally:
        server.close()


def gateway(port: int, files: tuple[Path, Path] | None, **options: Any) -> SmtpGateway:
    declaration = {"kind": "smtp", "host": "localhost", "port": port, "sender": "demands@huying.example", "timeout": 2}
    return SmtpGateway("mail", Smtp.model_validate(declaration | {"ca_file": files and files[0]} | options))


async def test_a_mail_arrives_over_starttls_with_the_id_of_its_message(certificate: tuple[Path, Path]):
    relay = Relay()
    async with listening(relay, certificate) as port:
        assert await gateway(port, certificate).send(message(), TO) == Sent()
    (letter,) = relay.letters
    assert (letter["To"], letter["Subject"]) == ("zou@example.net", f"诉求{NUMBER}的进展")
    assert letter["Message-ID"] == f"<{ID}@huying.example>"
    assert letter.get_content().strip() == message().body["text"]


async def test_one_connection_is_used_for_several_mails(certificate: tuple[Path, Path]):
    relay = Relay()
    async with listening(relay, certificate) as port:
        mail = gateway(port, certificate)
        assert [await mail.send(message(), TO) for _ in range(3)] == [Sent()] * 3
    assert len(relay.connections) == 1


async def test_a_server_with_an_untrusted_certificate_gets_no_mail(certificate: tuple[Path, Path]):
    relay = Relay()
    async with listening(relay, certificate) as port:
        assert isinstance(await gateway(port, None).send(message(), TO), RetryLater)
    assert relay.letters == []


async def test_an_unreachable_server_costs_no_message_an_attempt():
    assert isinstance(await gateway(free_port(), None).send(message(), TO), RetryLater)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"to_recipient": "550 no such mailbox"}, Rejected),
        ({"to_recipient": "450 mailbox busy"}, TryAgain),
        ({"to_letter": "554 refused"}, Rejected),
        ({"to_letter": "451 later"}, TryAgain),
        ({"to_recipient": "421 closing"}, RetryLater),
    ],
)
async def test_a_reply_is_read_by_its_first_digit(
    certificate: tuple[Path, Path], answers: dict[str, str], outcome: type[Outcome]
):
    async with listening(Relay(**answers), certificate) as port:  # type: ignore[arg-type]
        assert isinstance(await gateway(port, certificate).send(message(), TO), outcome)


async def test_a_timeout_after_the_content_is_an_unknown_outcome(certificate: tuple[Path, Path]):
    relay = Relay(silent=asyncio.Event())
    async with listening(relay, certificate) as port:
        assert isinstance(await gateway(port, certificate).send(message(), TO), Unknown)
        assert relay.silent
        relay.silent.set()
