"""Tests with an Apache Kafka that requires TLS, user and password, and grants only the rights that the companion
files declare."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.cli.services import manifest
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_port
from deploy.local.state import prepare, state_dir
from shared.chassis.base.clock import now
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.chassis.process.components import worker_components
from tests import story
from tests.chassis.conftest import envelope
from tests.chassis.test_components import running
from tests.chassis.test_kafka import certificate
from tests.conftest import KAFKA, supervised
from tests.eventually import eventually
from tests.journals import append
from tests.keys import KEYS

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not KAFKA, reason="the embedded broker knows no names and passwords"),
]
COMPANION: Final = Path(__file__).parents[2] / "deploy/helm/companions/strimzi.yaml"
SERVER, PASSWORD = "server", "a password of the server"
SCRAM: Final = "SCRAM-SHA-512"
# Rule: the codes of Kafka's protocol for resources, patterns and operations of access lists (KIP-133, KIP-290).
RESOURCES: Final = {"topic": 2, "group": 3}
PREFIX, ALLOW = 4, 3
OPERATIONS: Final = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}


class GuardedKafka(ApacheKafka):
    """Kafka with TLS, SCRAM passwords and access lists."""

    def __init__(self, directory: Path, port: int, pem: Path, user: str) -> None:
        super().__init__(directory, port, cache=state_dir() / "cache")
        self._pem = pem
        self.formatting = [
            argument
            for name in (SERVER, user)
            for argument in ("--add-scram", f"{SCRAM}=[name={name},password={PASSWORD}]")
        ]

    def properties(self) -> Mapping[str, str]:
        """As the local server's, with TLS, SCRAM and access lists."""
        plain_properties = super().properties()
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        protocols = "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT"
        return {
            **{key: value.replace("PLAINTEXT://", "SASL_SSL://") for key, value in plain_properties.items()},
            "listener.security.protocol.map": protocols,
            "security.inter.broker.protocol": "SASL_SSL",
            "sasl.mechanism.inter.broker.protocol": SCRAM,
            "sasl.enabled.mechanisms": SCRAM,
            f"listener.name.sasl_ssl.{SCRAM.lower()}.sasl.jaas.config":
                f'{login} username="{SERVER}" password="{PASSWORD}";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._pem),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._pem.with_name("authority.pem")),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The controller connects to itself without authentication.
            "super.users": f"User:{SERVER};User:ANONYMOUS",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guarded:
    """Connection settings of its administrator and of our user."""

    owner: Kafka
    ours: Kafka


def declared() -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The user in the companion files and its rights."""
    for document in yaml.safe_load_all(COMPANION.read_text("utf-8")):
        if document["kind"] == "KafkaUser":
            return document["metadata"]["name"], document["spec"]["authorization"]["acls"]
    raise AssertionError("no KafkaUser is declared")


@pytest.fixture(scope="module")
async def guarded(directory: Path) -> AsyncIterator[Guarded]:
    """The server with the access lists of the companion files."""
    folder = prepare(directory / f"guarded-{uuid4()}")
    pem = certificate(folder)
    authority = pem.with_name("authority.pem")
    authority.write_text("-----BEGIN CERTIFICATE" + pem.read_text().partition("-----BEGIN CERTIFICATE")[2])
    user, acls = declared()
    server = GuardedKafka(folder, free_port(), pem, user)
    owner = Kafka(server.bootstrap, "SASL_SSL", SCRAM, SERVER, PASSWORD, authority)
    keeper = supervised(
        server.program, folder, before=server.prepare, after=lambda: _answers(owner), ended=server.ended
    )
    await keeper.start()
    async with cluster.asking(owner) as admin:
        for acl in acls:
            await _allow(admin, user, acl)
    yield Guarded(owner, replace(owner, username=user))
    await keeper.stop()


async def _answers(kafka: Kafka) -> None:
    async def asked() -> bool:
        with contextlib.suppress(KafkaError, OSError):
            return bool(await cluster.cluster_id(kafka))
        return False

    await eventually(asked, bool, within=120)


async def _allow(admin: AIOKafkaAdminClient, user: str, acl: Mapping[str, Any]) -> None:
    resource = acl["resource"]
    assert resource["patternType"] == "prefix"
    for operation in acl["operations"]:
        answer: Any = await admin._send_request(
            CreateAclsRequest(
                RESOURCES[resource["type"]], resource["name"], PREFIX, f"User:{user}", "*", OPERATIONS[operation], ALLOW
            )
        )
        assert not answer.creation_responses[0][0], answer


def settings(kafka: Kafka, database: str) -> dict[str, str]:
    """The settings of a process, as an operator gives them."""
    return {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": kafka.servers,
        "KAFKA_SECURITY_PROTOCOL": kafka.protocol,
        "KAFKA_SASL_MECHANISM": kafka.mechanism,
        "KAFKA_SASL_USERNAME": kafka.username,
        "KAFKA_SASL_PASSWORD": kafka.password,
        "KAFKA_SSL_CAFILE": str(kafka.ca),
    }


@pytest.fixture
def migrating(monkeypatch: pytest.MonkeyPatch, database: str) -> Any:
    """`huying migrate` with the settings of a client."""

    def migrate(kafka: Kafka) -> Any:
        for name, value in settings(kafka, database).items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, ["migrate"])

    return migrate


async def test_topics_relay_and_both_kinds_of_reader_need_no_more_rights_than_are_declared(
    guarded: Guarded, migrating: Any, database: str
):
    migrated = await asyncio.to_thread(migrating, guarded.ours)
    assert migrated.exit_code == 0, migrated.output
    async with contextlib.AsyncExitStack() as stack:
        for service in ("intake", "routing", "reporting"):
            service_manifest = manifest(service)
            process_settings = service_manifest.settings.model_validate(KEYS | settings(guarded.ours, database))
            pool = await open_pool(database, service, size=8)
            parts = await worker_components(
                process_settings, service_manifest.worker(process_settings, pool), pool, f"{service}-worker"
            )
            await stack.enter_async_context(running(parts))
        db = await asyncpg.connect(database)
        stack.push_async_callback(db.close)
        intake = await stack.enter_async_context(await open_pool(database, "intake", size=1))
        async with intake.acquire() as connection:
            await append(connection, [envelope(story.SUBMISSION, 1, story.ID, now())])

        async def seen() -> list[Any]:
            return [row["status"] for row in await db.fetch("SELECT status FROM reporting.demand_facts")]

        assert await eventually(seen, lambda statuses: statuses == ["routed"])


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"password": "another"}, "refuses KAFKA_SASL_USERNAME=huying with this KAFKA_SASL_PASSWORD"),
        ({"mechanism": "PLAIN"}, "does not know KAFKA_SASL_MECHANISM=PLAIN"),
        ({"ca": None}, "has a certificate that no authority in KAFKA_SSL_CAFILE has signed"),
    ],
)
async def test_an_error_of_authentication_names_the_setting_to_change(
    guarded: Guarded, change: dict[str, Any], variable: str
):
    with pytest.raises(KafkaError, match=f"^.*{guarded.ours.servers} {variable}"):
        await cluster.cluster_id(replace(guarded.ours, **change))
