"""Looks for given words wherever a deployment keeps or sends something, in every form in which they may be written."""

import asyncio
import base64
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import asking

Place = tuple[str, bytes]
OURS = ("kafka ", "table ", "file logs/", "file messages")
PROGRAMS = "pginstall"


def forms(word: str) -> set[bytes]:
    """A word as text, as escaped JSON, in a URL, in hexadecimal and, wherever it begins, in base64."""
    plain = word.encode()
    escaped = json.dumps(word)[1:-1]
    found = {plain, escaped.encode(), json.dumps(escaped)[1:-1].encode(), quote(word).encode(), plain.hex().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + plain)
        # Only the characters that no neighbour has a share in.
        found.add(whole[(shift * 8 + 5) // 6 : (shift + len(plain)) * 8 // 6])
    return found


async def records(bootstrap: str) -> AsyncIterator[Place]:
    """Every key, header and value of every partition of every topic, until their present ends."""
    # Without "earliest" a consumer begins to look for the end of what it is assigned, which may come after the seek.
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = await _partitions(bootstrap)
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                for record in batch:
                    headers = b"\n".join(name.encode() + b": " + value for name, value in record.headers)
                    yield f"kafka {place.topic}", b"\n".join((record.key or b"", headers, record.value or b""))
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str) -> list[TopicPartition]:
    """All that the broker has; a consumer knows only those of the topics that it has subscribed to."""
    async with asking(Kafka(bootstrap)) as admin:
        topics = await admin.describe_topics()
    return [TopicPartition(topic["topic"], part["partition"]) for topic in topics for part in topic["partitions"]]


async def rows(dsn: str) -> AsyncIterator[Place]:
    """Every row of every table of every schema that is not the server's own; what is sealed too."""
    db = await asyncpg.connect(dsn)
    tables = await db.fetch(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    for schema, table in tables:
        for row in await db.fetch(f'SELECT * FROM "{schema}"."{table}"'):
            yield f"table {schema}.{table}", b"\n".join(map(_cell, row.values()))
    await db.close()


def _cell(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def files(folder: Path) -> Iterator[Place]:
    """Every file below a folder: logs, messages, and whatever the servers write for themselves, such as the WAL."""
    for path in sorted(folder.rglob("*")):
        # Servers at work put files away while we look.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and not path.is_symlink() and PROGRAMS not in path.parts:
                yield f"file {path.relative_to(folder)}", path.read_bytes()


def found_in(places: Iterable[Place], words: Iterable[str]) -> set[tuple[str, str]]:
    """Where which word is written."""
    contents: dict[str, list[bytes]] = defaultdict(list)
    for place, content in places:
        contents[place].append(content)
    joined = {place: b"\n".join(parts) for place, parts in contents.items()}
    wanted = [(word, word.encode(), forms(word)) for word in words]
    return {
        (place, word)
        for place, content in joined.items()
        for word, plain, written in wanted
        # What the servers write for themselves is large, and never in another form than they were given.
        if any(form in content for form in (written if place.startswith(OURS) else (plain,)))
    }


async def everywhere(dsn: str, bootstrap: str, folder: Path, words: Iterable[str]) -> set[tuple[str, str]]:
    """Each place in which one of the words is written, with the word."""
    wanted = list(words)
    told = [place async for place in records(bootstrap)]
    kept = [place async for place in rows(dsn)]
    assert {name for name, _ in told} >= {"kafka huying.demand-events"}
    assert {name for name, _ in kept} >= {"table intake.journal", "table reporting.fact", "table intake.vault"}
    return await asyncio.to_thread(lambda: found_in((*told, *kept, *files(folder)), wanted))
