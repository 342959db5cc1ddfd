"""Where Kafka is and how it lets us in: the one place that every client of it asks."""

from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from aiokafka.helpers import create_ssl_context

PLAINTEXT: Final = "PLAINTEXT"
METADATA_MAX_AGE_MS: Final = 5_000
"""A group that met while the broker did not know its topics again has no partitions until a reader looks at the topics
once more; aiokafka would do so after five minutes."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """The servers, with the protocol and the credentials that they ask for."""

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
        """Whether it wants a name and a password."""
        return self.protocol.startswith("SASL_")

    def context(self) -> SSLContext | None:
        """How to know the servers by their certificates, and to be known by ours; None where nothing is encrypted."""
        if not self.protocol.endswith("SSL"):
            return None
        ssl_context: SSLContext = create_ssl_context(
            cafile=_text(self.ca), certfile=_text(self.certificate), keyfile=_text(self.key)
        )
        return ssl_context

    def access(self) -> dict[str, Any]:
        """The arguments of every client of aiokafka."""
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
