"""Embedded servers keep their data after a clean end and after a kill."""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from deploy.doctor.broker import topics
from deploy.local import noida
from deploy.local.kafka import ApacheKafka, _fetch
from deploy.local.noida import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.state import Unusable, claim
from shared.chassis.base.findings import Severity
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id
from shared.contracts.topics import TOPICS
from tests.conftest import reachable, supervised

PLACE = TopicPartition("kept", 0)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reachable(tmp_path_factory, "home")


async def test_postgres_keeps_its_data_even_after_a_kill(home: Path):
    server = EmbeddedPostgres(home, free_port())
    supervisor = supervised(server.program, home, before=server.prepare, after=server.ready)
    await supervisor.start()
    db = await asyncpg.connect(server.url)
    await db.execute("CREATE TABLE kept AS SELECT '积水' AS what")
    await db.close()
    supervisor.child.process.kill()  # type: ignore[union-attr]
    await supervisor.stop()
    restarted = EmbeddedPostgres(home, free_port())
    supervisor = supervised(restarted.program, home, before=restarted.prepare, after=restarted.ready)
    await supervisor.start()
    try:
        db = await asyncpg.connect(restarted.url)
        assert await db.fetchval("SELECT what FROM kept") == "积水"
        await db.execute("CREATE EXTENSION pg_trgm")
        assert await db.fetchval("SELECT cardinality(show_trgm('路面积水'))") > 0
        await db.close()
    finally:
        await supervisor.stop()


@pytest.mark.parametrize("password", ["the same", "another"])
async def test_a_postgres_of_another_deployment_is_not_accepted_as_ours(
    home: Path, tmp_path_factory: pytest.TempPathFactory, password: str
):
    server = EmbeddedPostgres(home, free_port())
    supervisor = supervised(server.program, home, before=server.prepare, after=server.ready)
    await supervisor.start()
    elsewhere = reachable(tmp_path_factory, "elsewhere")
    if (home / "pginstall").exists():
        (elsewhere / "pginstall").symlink_to(home / "pginstall")
    secret = (home / "postgres.password").read_text("utf-8")
    (elsewhere / "postgres.password").write_text(secret if password == "the same" else "x", "utf-8")
    try:
        with pytest.raises(Unusable, match=f"another PostgreSQL answers on port {server.port}"):
            await asyncio.wait_for(EmbeddedPostgres(elsewhere, server.port).ready(), 60)
        assert await server.alive() is None
    finally:
        await supervisor.stop()
    assert "does not answer" in str(await server.alive())


async def test_a_broker_of_another_deployment_is_not_accepted_as_ours(home: Path, tmp_path: Path):
    server = EmbeddedBroker(home, free_port())
    supervisor = supervised(server.program, home, before=server.prepare, after=server.ready, ended=server.ended)
    await supervisor.start()
    embedded_broker = EmbeddedBroker(tmp_path, server.port)
    embedded_broker.prepare()
    try:
        with pytest.raises(Unusable, match=f"another broker answers on {server.bootstrap}"):
            await asyncio.wait_for(embedded_broker.ready(), 60)
        assert await server.alive() is None
    finally:
        await supervisor.stop()
    assert "does not answer" in str(await server.alive())


async def broker_round(home: Path, port: int, sign: signal.Signals | None) -> tuple[str, int]:
    """Start the broker, send one record, and end it with `sign`; returns its name and the number of records at the
    start."""
    server = EmbeddedBroker(home, port)
    supervisor = supervised(server.program, home, before=server.prepare, after=server.ready, ended=server.ended)
    await supervisor.start()
    name = await cluster_id(Kafka(server.bootstrap))
    async with AIOKafkaProducer(bootstrap_servers=server.bootstrap, acks="all") as producer:
        await producer.send_and_wait(PLACE.topic, b"one more", partition=0)
    async with AIOKafkaConsumer(bootstrap_servers=server.bootstrap) as consumer:
        record_count = (await consumer.end_offsets([PLACE]))[PLACE] - 1
    if sign:
        os.kill(supervisor.child.pid, sign)
        await supervisor.child.wait()
    await supervisor.stop()
    return name, record_count


async def test_the_embedded_broker_keeps_its_name_and_records_over_a_clean_end(home: Path):
    port = free_port()
    name, record_count = await broker_round(home, port, None)
    assert record_count == 0
    assert await broker_round(home, port, None) == (name, 1)


async def test_the_embedded_broker_comes_back_empty_under_another_name_after_a_kill(home: Path):
    port = free_port()
    name, _ = await broker_round(home, port, None)
    assert (await broker_round(home, port, signal.SIGKILL))[0] == name
    other, record_count = await broker_round(home, port, None)
    assert (other != name, record_count) == (True, 0)


async def test_the_embedded_broker_returns_with_every_topic_as_migrate_creates_it(home: Path):
    """Running processes request their topics before they can be created."""
    server = EmbeddedBroker(home, free_port())
    supervisor = supervised(server.program, home, before=server.prepare, after=server.ready, ended=server.ended)
    await supervisor.start()
    try:
        topic_list = await topics(Kafka(server.bootstrap))
    finally:
        await supervisor.stop()
    assert [(finding.what.en, finding.severity) for finding in topic_list] == [
        (f"topic {topic.name}, {topic.partitions} partitions", Severity.OK) for topic in TOPICS
    ]


class NoJava(ApacheKafka):
    """Apache Kafka as far as it works without Java and its jars."""

    def __init__(self, directory: Path) -> None:
        self._data, self._lock = directory / "kafka", None


def test_a_second_apache_kafka_does_not_touch_the_data_of_the_first(tmp_path: Path):
    lock = claim(tmp_path / "kafka.lock")
    assert lock
    with pytest.raises(Unusable, match="runs already"):
        NoJava(tmp_path).prepare()
    lock.close()


MAVEN = """#!/bin/sh
mkdir "$0.running" || exit 1
for told; do case $told in -DoutputDirectory=*) mkdir -p "${told#*=}";; esac; done
sleep 0.2
rmdir "$0.running"
echo >> "$0.times"
"""


def test_two_concurrent_starts_download_apache_kafka_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    maven = tmp_path / "mvn"
    maven.write_text(MAVEN)
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with ThreadPoolExecutor() as both:
        list(both.map(_fetch, [tmp_path / "cache" / "jars"] * 2))
    assert (tmp_path / "mvn.times").read_text() == "\n"


@pytest.mark.parametrize("failing", ["AIOKafkaAdminClient", "AIOKafkaConsumer", "AIOKafkaProducer"])
async def test_a_broker_that_is_probed_in_vain_leaves_no_connection_open(monkeypatch: pytest.MonkeyPatch, failing: str):
    left: list[str] = []

    def client(name: str) -> Callable[..., Any]:
        async def start() -> None:
            left.append(name)
            if name == failing:
                raise KafkaConnectionError

        async def stop() -> None:
            if name in left:
                left.remove(name)

        async def topics() -> list[str]:
            return [noida._PROBE]

        return lambda **_: SimpleNamespace(start=start, stop=stop, close=stop, list_topics=topics)

    for name in ("AIOKafkaAdminClient", "AIOKafkaConsumer", "AIOKafkaProducer"):
        monkeypatch.setattr(noida, name, client(name))
    with pytest.raises(KafkaConnectionError):
        await noida.probe("127.0.0.1:9")
    assert left == []
