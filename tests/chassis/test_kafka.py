"""Every Kafka client uses the configured protocol and credentials."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faust.auth import SASLCredentials, SSLCredentials

from deploy.local.ports import free_port
from shared.chassis.base.settings import KafkaSettings, read
from shared.chassis.consumer import aiokafka_consumer, faust_consumer
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.lag import group_lag
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.kafka import cluster, refusals
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.refusals import BrokerRefused
from shared.chassis.relay.relay import Relay
from shared.contracts.topics import DEAD_LETTERS, DEMAND_EVENTS, TOPICS
from tests.eventually import eventually


def certificate(folder: Path) -> Path:
    """A self-signed certificate for this machine, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])  # Java accepts none without it
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    at = datetime.now(UTC)
    signed_certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(names, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    no_encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "broker.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *no_encryption)
        + signed_certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@dataclass(slots=True)
class Encrypted:
    """A TLS server in place of a broker, which closes each connection after the first data."""

    kafka: Kafka
    heard: int = 0


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[Encrypted]:
    file = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        built.heard += bool(await reader.read(4))
        writer.close()

    listening = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    built = Encrypted(Kafka(f"127.0.0.1:{port}", "SSL", ca=file))
    yield built
    listening.close()


def probe() -> Consumer:
    """A consumer that never gets a record."""
    nothing: Any = None
    return Consumer(nothing, (DEMAND_EVENTS.name,), "probe", "reporting")


async def by_faust(kafka: Kafka, pool: Pool) -> None:
    reading = probe()
    await faust_consumer.run(faust_consumer.faust_app(reading, kafka, "", 10), reading)


async def by_aiokafka(kafka: Kafka, pool: Pool) -> None:
    await aiokafka_consumer.read_batches(probe(), kafka, "", 10)


async def by_lag(kafka: Kafka, pool: Pool) -> None:
    async with group_lag(kafka, "probe", ["huying.demand-events"]):
        pass


async def by_relay(kafka: Kafka, pool: Pool) -> None:
    await Relay("intake", pool, kafka).run()


async def by_name(kafka: Kafka, pool: Pool) -> None:
    await cluster.cluster_id(kafka)


async def by_topics(kafka: Kafka, pool: Pool) -> None:
    await cluster.create_topics(kafka)


CLIENTS = [by_faust, by_aiokafka, by_lag, by_relay, by_name, by_topics]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
async def test_every_client_uses_tls_if_that_is_set(
    client: Callable[[Kafka, Pool], Coroutine[Any, Any, None]], encrypted: Encrypted, database: str
):
    async def heard() -> int:
        return encrypted.heard

    async with await open_pool(database, "intake", size=2) as pool:
        task = asyncio.create_task(client(encrypted.kafka, pool))
        try:
            assert await eventually(heard, bool)
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=10)


async def test_a_broker_with_an_untrusted_certificate_receives_nothing(encrypted: Encrypted):
    with pytest.raises(BrokerRefused, match="has a certificate that no authority in KAFKA_SSL_CAFILE has signed"):
        await cluster.cluster_id(replace(encrypted.kafka, ca=None))
    assert encrypted.heard == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (SaslAuthenticationFailed("no"), "refuses KAFKA_SASL_USERNAME=huying with this KAFKA_SASL_PASSWORD"),
        (UnsupportedSaslMechanismError("no"), "does not know KAFKA_SASL_MECHANISM=SCRAM-SHA-512"),
        (
            IllegalSaslStateError("no"),
            "does not expect a name and password: KAFKA_SECURITY_PROTOCOL=SASL_SSL is not what the broker uses",
        ),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "does not speak TLS as KAFKA_SECURITY_PROTOCOL=SASL_SSL says"),
        (None, "hangs up on KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
    ],
)
async def test_an_error_of_authentication_names_the_setting_to_change(
    monkeypatch: pytest.MonkeyPatch, fault: Exception | None, words: str
):
    kafka = Kafka("a:1", "SASL_SSL", "SCRAM-SHA-512", "huying", "a secret")

    async def connect(*_: Any, **__: Any) -> Any:
        if fault:
            raise fault
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(refusals, "create_conn", connect)
    refusal = await refusals.refusal_of(kafka)
    assert f"a:1 {words}" in str(refusal)
    assert "a secret" not in str(refusal)


async def test_an_unreachable_server_is_no_error_of_authentication():
    port = free_port()
    assert await refusals.refusal_of(Kafka(f"127.0.0.1:{port}")) is None


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("kafka", ("kafka", 9092)),
        ("kafka:9094", ("kafka", 9094)),
        ("[fd00::7]", ("fd00::7", 9092)),
        ("[fd00::7]:9094", ("fd00::7", 9094)),
        ("fd00::7", ("fd00::7", 9092)),
    ],
)
async def test_a_server_is_probed_at_the_address_that_aiokafka_uses(
    monkeypatch: pytest.MonkeyPatch, server: str, expected: tuple[str, int]
):
    addresses: list[tuple[str, int]] = []

    async def away(host: str, port: int, **_: Any) -> Any:
        addresses.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr(refusals, "create_conn", away)
    assert await refusals.refusal_of(Kafka(f"{server}, b:1")) is None
    assert addresses == [expected, ("b", 1)]


async def test_an_unreachable_broker_without_a_port_is_waited_for():
    with pytest.raises(KafkaConnectionError):
        await cluster.cluster_id(Kafka("127.0.0.199"))


def test_a_user_name_and_a_password_reach_both_libraries(tmp_path: Path):
    kafka = Kafka("a:1,b:2", "SASL_SSL", "SCRAM-SHA-512", "huying", "secret", certificate(tmp_path))
    arguments = kafka.access()
    assert (arguments["security_protocol"], arguments["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (arguments["sasl_plain_username"], arguments["sasl_plain_password"]) == ("huying", "secret")
    credentials: Any = faust_consumer.faust_app(probe(), kafka, "", 10).conf.broker_credentials
    assert isinstance(credentials, SASLCredentials)
    assert (credentials.protocol.value, credentials.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (credentials.username, credentials.password) == ("huying", "secret")
    assert "secret" not in repr(kafka)


def test_without_a_user_name_faust_gets_only_the_certificates_or_nothing(tmp_path: Path):
    secret = faust_consumer.faust_app(probe(), Kafka("a:1", "SSL", ca=certificate(tmp_path)), "", 10)
    assert isinstance(secret.conf.broker_credentials, SSLCredentials)
    assert faust_consumer.faust_app(probe(), Kafka("a:1"), "", 10).conf.broker_credentials is None


async def test_aiokafka_accepts_the_arguments_that_it_is_given(tmp_path: Path):
    file = certificate(tmp_path)
    for protocol in ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"):
        producer = AIOKafkaProducer(**Kafka("a:1", protocol, "PLAIN", "huying", "secret", file, file).access())
        assert producer.client._security_protocol == protocol
        await producer.stop()


class Admin:
    """A cluster that has only the topic of dead letters."""

    def __init__(self) -> None:
        self.made: list[Any] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def list_topics(self) -> list[str]:
        return [DEAD_LETTERS.name]

    async def create_topics(self, topics: list[Any]) -> Any:
        self.made = topics
        return SimpleNamespace(topic_errors=[])


@pytest.mark.parametrize(("replication", "acknowledged"), [(1, None), (3, "2")])
async def test_missing_topics_are_created_with_the_configured_replication(
    monkeypatch: pytest.MonkeyPatch, replication: int, acknowledged: str | None
):
    admin = Admin()
    monkeypatch.setattr(cluster, "AIOKafkaAdminClient", lambda **_: admin)
    await cluster.create_topics(Kafka("a:1"), replication)
    assert {topic.name for topic in admin.made} == {topic.name for topic in TOPICS} - {DEAD_LETTERS.name}
    for topic in admin.made:
        assert topic.replication_factor == replication
        assert topic.topic_configs.get("min.insync.replicas") == acknowledged


def test_settings_have_the_names_that_other_clients_of_kafka_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = certificate(tmp_path)
    environment = {"BOOTSTRAP_SERVERS": "a:1", "SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "SCRAM-SHA-256",
             "SASL_USERNAME": "huying", "SASL_PASSWORD": "secret", "SSL_CAFILE": str(file)}  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"KAFKA_{name}", value)
    expected = Kafka("a:1", "SASL_SSL", "SCRAM-SHA-256", "huying", "secret", file)
    assert read(KafkaSettings).kafka == expected


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "huying"}, "KAFKA_SASL_PASSWORD"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": "secret"}, "KAFKA_SASL_USERNAME"),
        ({"KAFKA_SSL_CAFILE": "/nowhere.pem"}, "KAFKA_SSL_CAFILE"),
        ({"KAFKA_REPLICATION_FACTOR": "0"}, "KAFKA_REPLICATION_FACTOR"),
    ],
)
def test_a_wrong_setting_of_kafka_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], variable: str
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        read(KafkaSettings)
    error_output = capsys.readouterr().err
    assert error_output.startswith(f"huying: {variable}: ")
    assert "secret" not in error_output
