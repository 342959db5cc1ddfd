"""Checks a district after its workers have finished, however many of them were killed or suspended."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.consumer.lag import group_lag
from shared.chassis.kafka.client import Kafka
from shared.contracts.demand import facts as f
from shared.contracts.envelope import Envelope, read
from shared.contracts.topics import DEMAND_EVENTS
from tests.eventually import eventually
from tests.routing.busy_district import District
from tests.routing.case_checks import check_answer, check_course, check_family
from tests.routing.case_commands import PACK
from tests.routing.worker_fleet import GROUP, PATIENCE, WorkerFleet

ROUTING = "/services/routing"


async def check_district(district: District) -> None:
    """Every case equals its replayed facts, every command was executed once or not at all, every deadline recorded
    once."""
    courses = await district.courses()
    assert len(courses) == len(district.keys)
    for course in courses.values():
        check_course(course, PACK)
        clustered = Counter(
            (note.fact.hot_spot, note.fact.demands) for note in course.notes if isinstance(note.fact, f.DemandClustered)
        )
        assert all(times == 1 for times in clustered.values()), clustered
    check_family(courses, district.harness.now)
    keys = {course.stored.number: key for key, course in courses.items()}
    for sent_command in district.sent:
        check_answer(sent_command, courses[keys[sent_command.number]], PACK)


async def check_rest(worker_fleet: WorkerFleet, district: District) -> None:
    """No timer, unread record, dead letter, parked record or unsent fact is left."""
    pool, now = worker_fleet.pool, district.harness.now

    async def due() -> int:
        return int(await pool.fetchval("SELECT count(*) FROM timer WHERE due_at <= $1", now))

    async def unread() -> int:
        async with group_lag(Kafka(worker_fleet.kafka), GROUP, (DEMAND_EVENTS.name,)) as client:
            return sum(lag.end - lag.committed for lag in (await client.backlog()).values())

    async def unsent() -> int:
        return int(
            await pool.fetchval("SELECT count(*) FROM journal WHERE position > (SELECT position FROM relay_cursor)")
        )

    for query in (due, unread, unsent):
        await eventually(query, lambda count: count == 0, within=PATIENCE)
    assert await pool.fetch("SELECT * FROM dead_letter") == []
    assert await pool.fetch("SELECT * FROM parked") == []
    assert await pool.fetch("SELECT * FROM timer WHERE attempts > 0") == []
    assert worker_fleet.errors() == []


async def check_topic(worker_fleet: WorkerFleet) -> None:
    """All facts before the relay's cursor were sent, in sequence for each demand, and repeated only from where a
    sender started. Call it when nothing is recorded any more."""
    sent_facts = [fact for fact in await everything_on(worker_fleet.kafka) if fact.source == ROUTING]
    by_id = {fact.id for fact in sent_facts}
    rows = await worker_fleet.pool.fetch(
        "SELECT id, type, position, position <= (SELECT position FROM relay_cursor) AS settled FROM journal"
    )
    missing = [(row["position"], row["type"]) for row in rows if row["settled"] and row["id"] not in by_id]
    assert missing == [], f"not sent, of {len(rows)}: {len(missing)}, first {missing[:5]}"
    assert by_id <= {row["id"] for row in rows}, "sent, and not in the journal"
    by_key: dict[UUID, list[int]] = defaultdict(list)
    for envelope_sent in sent_facts:
        if envelope_sent.sequence is not None:
            by_key[envelope_sent.key].append(envelope_sent.sequence)
    epochs = await worker_fleet.epochs()
    for key, sequences in by_key.items():
        first = list(dict.fromkeys(sequences))
        assert first == sorted(first), f"of {key} something was sent behind what follows it: {sequences}"
        starts = 1 + sum(later <= earlier for earlier, later in pairwise(sequences))
        assert starts <= epochs, f"of {key} was told by two senders at once: {sequences}"


async def everything_on(kafka: str) -> Sequence[Envelope]:
    """All records of the topic of demands, each partition in order."""
    facts: list[Envelope] = []
    places = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False) as consumer:
        consumer.assign(places)
        # Explicit offsets: a reader that finds its start by itself may start after existing records.
        for place, begins in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, begins)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                facts += [read("demand", record.key, record.headers, record.value) for record in batch]
    return facts


async def check_leases(worker_fleet: WorkerFleet) -> None:
    """No lease is held by a killed process: each was renewed since the last kill, and is released by its holder."""
    await eventually(worker_fleet.leases_of_the_dead, lambda leases: leases == [], within=PATIENCE)
    await worker_fleet.end_in_order()
    rows = await worker_fleet.pool.fetch("SELECT name, holder, epoch FROM lease WHERE expires_at > '-infinity'")
    assert rows == [], f"not given up: {rows}"
