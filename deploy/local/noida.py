"""The embedded broker: speaks Kafka's protocol and starts quickly, but is not durable after a crash."""

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
from shared.contracts.topics import TOPICS, Topic

_PROBE: Final = "huying.probe"


class EmbeddedBroker:
    """noida-db with its Kafka part only.

    It writes its snapshot in the background, so a kill loses the records that were acknowledged last. Therefore it
    starts empty and as a new cluster after an unclean end: the relays send everything again to an unknown cluster.
    """

    kind = "embedded"
    promise = "embedded, for trials only; filled again after a crash"

    def __init__(self, directory: Path, port: int) -> None:
        self._data, self._clean, self.port = directory / "broker", directory / "broker.clean", port

    def prepare(self) -> None:
        """After an unclean end, delete the data and create a new cluster id."""
        if not self._clean.exists():
            shutil.rmtree(self._data, ignore_errors=True)
            self._data.mkdir(0o700)
            (self._data / "kafka.json").write_text(json.dumps(self._empty_snapshot()))
        self._clean.unlink(missing_ok=True)

    def _empty_snapshot(self) -> dict[str, object]:
        """An empty snapshot with a new cluster id and the topics.

        Without it noida-db always uses the same cluster id, and creates a topic with one partition as soon as a running
        process asks for it, before `huying migrate` can create it.
        """
        return {
            "topics": [[topic.name, _made(topic)] for topic in TOPICS],
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
        """After a clean end, mark the snapshot as complete."""
        if clean:
            self._clean.touch()

    @property
    def bootstrap(self) -> str:
        """The bootstrap address."""
        return f"127.0.0.1:{self.port}"

    @property
    def program(self) -> Program:
        """The program of the server."""
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
        """Return when it answers correctly; raises `Unusable` if it does not behave like Kafka."""
        expect_cluster(self.bootstrap, await wait_for_broker(self.bootstrap), self._cluster())
        await probe(self.bootstrap)

    def _cluster(self) -> str | None:
        snapshot = read_json(self._data / "kafka.json") or {}
        return snapshot.get("cluster_id")

    async def alive(self) -> str | None:
        """Why it is not alive, in words; None if it answers."""
        return await broker_silent(self.bootstrap)


def _made(topic: Topic) -> dict[str, object]:
    """An empty topic with the settings that `huying migrate` gives it, in the format of the snapshot."""
    empty: dict[str, object] = {
        "record_batches": [],
        "producer_seqs": [],
        "aborted_txns": [],
        "segments": [],
        "tombstone_horizons": [],
    }
    begin = {"leader": 1, "high_watermark": 0, "log_start_offset": 0, "clean_offset": 0}
    partitions = [[number, {"id": number, **empty, **begin}] for number in range(topic.partitions)]
    return {"name": topic.name, "is_internal": False, "partitions": partitions, "configs": {"retention.ms": "-1"}}


def expect_cluster(bootstrap: str, cluster: str, expected: str | None) -> None:
    """Raise `Unusable` if another broker answers than the one that was started; `ours` is its cluster id."""
    if expected is not None and cluster != expected:
        raise Unusable(f"another broker answers on {bootstrap}: its cluster is {cluster}, ours is {expected}")


async def broker_silent(bootstrap: str) -> str | None:
    """A text that says that the broker does not answer; None if it answers."""
    try:
        async with asyncio.timeout(10):
            await cluster_id(Kafka(bootstrap))
    except (KafkaError, OSError, TimeoutError) as fault:
        return f"{bootstrap} does not answer ({str(fault) or type(fault).__name__})"
    return None


async def wait_for_broker(bootstrap: str) -> str:
    """Wait until the broker answers; returns the id of its cluster."""
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
    # The Kafka client logs an error for each address that does not answer, so try plain connections first.
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
    """Produce three records, and check the end offset and a committed offset; raises `Unusable` if they are wrong."""
    partition = TopicPartition(_PROBE, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        if _PROBE not in await admin.list_topics():
            await admin.create_topics([NewTopic(_PROBE, 1, 1)])
    finally:
        await admin.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=_PROBE, enable_auto_commit=False)
    sender = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        await consumer.start()
        await sender.start()
        consumer.assign([partition])
        before = (await consumer.end_offsets([partition]))[partition]
        for _ in range(3):
            await sender.send_and_wait(_PROBE, b"probe", partition=0)
        after = (await consumer.end_offsets([partition]))[partition]
        await consumer.commit({partition: after})
        committed = await consumer.committed(partition)
    finally:
        await sender.stop()
        await consumer.stop()
    if after != before + 3 or committed != after:
        raise Unusable(
            f"the broker at {bootstrap} does not keep what it is told (end {before} + 3 = {after}, committed"
            f" {committed}): use Apache Kafka, with `--broker apache-kafka` or KAFKA_BOOTSTRAP_SERVERS"
        )
