"""Finds out why a broker refuses the connection: aiokafka logs the cause, but raises only "could not connect"."""

import ssl
from typing import Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from shared.chassis.kafka.client import Kafka

PATIENCE_MS: Final = 3000


class BrokerRefused(KafkaConnectionError):  # type: ignore[misc]  # aiokafka is not typed
    """A broker refuses our credentials or our protocol; the message names the setting to change."""


async def refusal_of(kafka: Kafka) -> BrokerRefused | None:
    """Why the first broker that answers refuses the connection; None if none answers.

    Call it only after a client could not connect: a broker that accepts this connection is reported as hanging up.
    """
    for server in map(str.strip, kafka.servers.split(",")):
        ((host, port, _),) = collect_hosts(server, randomize=False)
        access = kafka.access() | {"request_timeout_ms": PATIENCE_MS}
        del access["bootstrap_servers"]
        try:
            connection = await create_conn(host, port, **access)
        except (KafkaError, ssl.SSLError) as fault:
            if words := _words(kafka, fault):
                return BrokerRefused(f"{server} {words}")
        except (OSError, TimeoutError):
            continue
        else:
            connection.close()
            return BrokerRefused(
                f"{server} hangs up on KAFKA_SECURITY_PROTOCOL={kafka.protocol}: does it want another?"
            )
    return None


def _words(kafka: Kafka, fault: Exception) -> str | None:
    match fault:
        case UnsupportedSaslMechanismError():
            return f"does not know KAFKA_SASL_MECHANISM={kafka.mechanism}"
        case SaslAuthenticationFailed() | AuthenticationFailedError():
            return f"refuses KAFKA_SASL_USERNAME={kafka.username} with this KAFKA_SASL_PASSWORD"
        case IllegalSaslStateError():
            return (
                f"does not expect a name and password: KAFKA_SECURITY_PROTOCOL={kafka.protocol} is not what the"
                " broker uses"
            )
        case ssl.SSLCertVerificationError():
            return f"has a certificate that no authority in KAFKA_SSL_CAFILE has signed: {fault.verify_message}"
        case ssl.SSLError():
            return f"does not speak TLS as KAFKA_SECURITY_PROTOCOL={kafka.protocol} says: {fault}"
        case _:
            return None
