"""The addresses and credentials of Kafka, as the arguments of every Kafka client."""

from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from aiokafka.helpers import create_ssl_context

PLAINTEXT: Final = "PLAINTEXT"
METADATA_MAX_AGE_MS: Final = 5_000
"""A group that forms before the broker knows its topics gets no partitions until a member reads the metadata again;
aiokafka's default is five minutes."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """The brokers' addresses, the security protocol, and the credentials."""

    servers: str
    protocol: str = PLAINTEXT
    mechanism: str = "PLAIN"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def by_name(self) -> bool:
        """Whether the protocol needs a name and a password (SASL)."""
        return self.protocol.startswith("SASL_")

    def context(self) -> SSLContext | None:
        """The TLS context, with our own certificate if there is one; None for a protocol without TLS."""
        if not self.protocol.endswith("SSL"):
            return None
        ssl_context: SSLContext = create_ssl_context(
            cafile=_text(self.ca), certfile=_text(self.certificate), keyfile=_text(self.key)
        )
        return ssl_context

    def access(self) -> dict[str, Any]:
        """The connection arguments of any aiokafka client."""
        arguments = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.protocol,
            "ssl_context": self.context(),
        }
        if self.by_name:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return arguments


def _text(path: Path | None) -> str | None:
    return str(path) if path else None
