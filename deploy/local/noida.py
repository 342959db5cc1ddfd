"""The embedded broker: speaks Kafka's protocol, is there in a moment, promises little."""

import asyncio
import json
import secrets
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local.process import Program
from deploy.local.state import Unusable, read_json
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id
from shared.chassis.kafka.log_identity import identity_of

_PROBE: Final = "huying.probe"


class EmbeddedBroker:
    """noida-db with Kafka alone.

    It writes its snapshot in the background, so that a kill loses what was acknowledged last. The relays tell
    everything anew to a cluster that they do not know; so after an unclean end it starts empty, as a new one.
    """

    kind = "embedded"
    promise = "embedded, for trying and testing; after a crash told all again"

    def __init__(self, directory: Path, port: int) -> None:
        self._data, self._clean, self.port = directory / "broker", directory / "broker.clean", port

    def prepare(self) -> None:
        """Forget what cannot be trusted, and come back under a new name."""
        if not self._clean.exists():
            shutil.rmtree(self._data, ignore_errors=True)
            self._data.mkdir(0o700)
            (self._data / "kafka.json").write_text(json.dumps(self._empty_snapshot()))
        self._clean.unlink(missing_ok=True)

    def _empty_snapshot(self) -> dict[str, object]:
        """Left alone it would always take the same cluster id."""
        return {
            "topics": [],
            "broker_id": 1,
            "host": "127.0.0.1",
            "port": self.port,
            "cluster_id": secrets.token_hex(11),
            "next_producer_id": 1000,
            "committed_offsets": [],
            "offset_metadata": [],
            "broker_configs": {},
        }

    def ended(self, clean: bool) -> None:
        """Remember that the snapshot is whole."""
        if clean:
            self._clean.touch()

    @property
    def bootstrap(self) -> str:
        """Its address."""
        return f"127.0.0.1:{self.port}"

    @property
    def program(self) -> Program:
        """The server."""
        spec = find_spec("noida_db")
        if spec is None or spec.origin is None:
            raise Unusable("the package noida-db is missing: run `make up` again, or set KAFKA_BOOTSTRAP_SERVERS")
        binary = Path(spec.origin).parent / "noida-db"
        arguments = (
            "start",
            "--only",
            "kafka",
            "--kafka-port",
            str(self.port),
            "--data-dir",
            str(self._data),
        )
        return Program("broker", (str(binary), *arguments))

    async def ready(self) -> None:
        """Return when it answers as Kafka does; raises `Unusable` when it answers otherwise."""
        expect_cluster(self.bootstrap, await wait_for_broker(self.bootstrap), self._cluster())
        await probe(self.bootstrap)

    def _cluster(self) -> str | None:
        known = read_json(self._data / "kafka.json") or {}
        return known.get("cluster_id")

    async def alive(self) -> str | None:
        """In words why it is not alive; None when it answers."""
        return await broker_silent(self.bootstrap)


def expect_cluster(bootstrap: str, cluster: str, ours: str | None) -> None:
    """Raise `Unusable` when what answers is another broker than the one that was started."""
    if ours is not None and cluster != ours:
        raise Unusable(f"another broker answers on {bootstrap}: its cluster is {cluster}, ours is {ours}")


async def broker_silent(bootstrap: str) -> str | None:
    """In words that the broker does not answer; None when it does."""
    try:
        async with asyncio.timeout(10):
            await cluster_id(Kafka(bootstrap))
    except (KafkaError, OSError, TimeoutError) as fault:
        return f"{bootstrap} does not answer ({str(fault) or type(fault).__name__})"
    return None


async def wait_for_broker(bootstrap: str) -> str:
    """The name of its cluster, as soon as the broker tells it."""
    await _until_something_listens(bootstrap)
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
        try:
            await admin.start()
            return (await identity_of(admin)).cluster_id
        except (KafkaError, OSError):
            await asyncio.sleep(0.1)
        finally:
            await admin.close()


async def _until_something_listens(bootstrap: str) -> None:
    # The Kafka client complains on the terminal about every address that does not answer yet.
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def probe(bootstrap: str) -> None:
    """Produce three records and look whether the end and a committed offset say so."""
    place = TopicPartition(_PROBE, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        if _PROBE not in await admin.list_topics():
            await admin.create_topics([NewTopic(_PROBE, 1, 1)])
    finally:
        await admin.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=_PROBE, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        await consumer.start()
        await producer.start()
        consumer.assign([place])
        before = (await consumer.end_offsets([place]))[place]
        for _ in range(3):
            await producer.send_and_wait(_PROBE, b"probe", partition=0)
        after = (await consumer.end_offsets([place]))[place]
        await consumer.commit({place: after})
        committed = await consumer.committed(place)
    finally:
        await producer.stop()
        await consumer.stop()
    if after != before + 3 or committed != after:
        raise Unusable(
            f"the broker at {bootstrap} does not keep what it is told (end {before} + 3 = {after}, committed"
            f" {committed}): use Apache Kafka, with `--broker apache-kafka` or KAFKA_BOOTSTRAP_SERVERS"
        )
