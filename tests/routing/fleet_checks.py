"""What holds of a district once its workers have done everything, however many of them were killed or stopped."""

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
    """Every case is what its facts say, every command was done once or not at all, every due time was told once."""
    courses = await district.courses()
    assert len(courses) == len(district.keys)
    for course in courses.values():
        check_course(course, PACK)
        clustered = Counter(
            (note.fact.hot_spot, note.fact.demands) for note in course.notes if isinstance(note.fact, f.DemandClustered)
        )
        assert all(times == 1 for times in clustered.values()), clustered
    check_family(courses, district.hall.now)
    keys = {course.stored.number: key for key, course in courses.items()}
    for sent in district.sent:
        check_answer(sent, courses[keys[sent.number]], PACK)


async def check_rest(fleet: WorkerFleet, district: District) -> None:
    """Nothing is left over, set aside, parked or unsent."""
    pool, now = fleet.pool, district.hall.now

    async def due() -> int:
        return int(await pool.fetchval("SELECT count(*) FROM timer WHERE due_at <= $1", now))

    async def unread() -> int:
        async with group_lag(Kafka(fleet.kafka), GROUP, (DEMAND_EVENTS.name,)) as asked:
            return sum(place.end - place.committed for place in (await asked.backlog()).values())

    async def unsent() -> int:
        return int(
            await pool.fetchval("SELECT count(*) FROM journal WHERE position > (SELECT position FROM relay_cursor)")
        )

    for left in (due, unread, unsent):
        await eventually(left, lambda count: count == 0, within=PATIENCE)
    assert await pool.fetch("SELECT * FROM dead_letter") == []
    assert await pool.fetch("SELECT * FROM parked") == []
    assert await pool.fetch("SELECT * FROM timer WHERE attempts > 0") == []
    assert fleet.errors() == []


async def check_topic(fleet: WorkerFleet) -> None:
    """What the relay's cursor has passed was sent, of each demand in sequence; again only from where a sender began.
    For when nobody tells anything any more."""
    sent = [told for told in await everything_on(fleet.kafka) if told.source == ROUTING]
    by_id = {told.id for told in sent}
    rows = await fleet.pool.fetch(
        "SELECT id, type, position, position <= (SELECT position FROM relay_cursor) AS settled FROM journal"
    )
    missing = [(row["position"], row["type"]) for row in rows if row["settled"] and row["id"] not in by_id]
    assert missing == [], f"not sent, of {len(rows)}: {len(missing)}, first {missing[:5]}"
    assert by_id <= {row["id"] for row in rows}, "sent, and not in the journal"
    by_key: dict[UUID, list[int]] = defaultdict(list)
    for one in sent:
        if one.sequence is not None:
            by_key[one.key].append(one.sequence)
    epochs = await fleet.epochs()
    for key, sequences in by_key.items():
        first = list(dict.fromkeys(sequences))
        assert first == sorted(first), f"of {key} something was sent behind what follows it: {sequences}"
        begun = 1 + sum(later <= earlier for earlier, later in pairwise(sequences))
        assert begun <= epochs, f"of {key} was told by two senders at once: {sequences}"


async def everything_on(kafka: str) -> Sequence[Envelope]:
    """All that lies on the topic of demands, each partition in its order."""
    found: list[Envelope] = []
    places = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False) as consumer:
        consumer.assign(places)
        # Explicit places: a reader that looks for its beginning itself may begin behind what lies there.
        for place, begins in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, begins)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                found += [read("demand", record.key, record.headers, record.value) for record in batch]
    return found


async def check_leases(fleet: WorkerFleet) -> None:
    """None is held by the dead: each was renewed since the last of them died, and is given up by whoever has it."""
    await eventually(fleet.leases_of_the_dead, lambda leases: leases == [], within=PATIENCE)
    await fleet.end_in_order()
    rows = await fleet.pool.fetch("SELECT name, holder, epoch FROM lease WHERE expires_at > '-infinity'")
    assert rows == [], f"not given up: {rows}"
