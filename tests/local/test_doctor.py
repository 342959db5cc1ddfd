"""`huying doctor` sees what stands still, counts what waits, and never says ok about what it did not look at."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from aiokafka import TopicPartition

from deploy.cli.processes import SERVICES
from deploy.doctor import broker, processes
from deploy.doctor import database as checks
from deploy.doctor.database import CHECKS
from deploy.doctor.finding import Finding, Severity, broken, exit_code, not_looked_at, ok, warning
from shared.chassis.consumer.lag import Place
from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.relay.relay_cursor import Shard
from shared.contracts.demand import facts as f
from shared.contracts.topics import DEMAND_EVENTS
from tests.chassis.conftest import envelope
from tests.journals import append
from tests.keys import KEYS

KEYS_OF_DEMANDS = [UUID(int=n) for n in range(1, 41)]


@pytest.fixture
async def admin(database: str) -> AsyncIterator[Connection]:
    """What the operator connects with."""
    db = await asyncpg.connect(database)
    yield db
    await db.close()


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    """Routing's journal with forty facts of an hour ago."""
    db = await asyncpg.connect(database, server_settings={"search_path": "routing"})
    await append(db, [envelope(f.DemandTriaged(reason="x"), 1, key) for key in KEYS_OF_DEMANDS])
    await db.execute("UPDATE journal SET recorded_at = now() - interval '1 hour'")
    yield db
    await db.close()


async def sent(db: Connection, cluster: str, shard: Shard, position: int) -> None:
    await db.execute(
        """INSERT INTO relay_cursor (cluster_id, shards, shard, position, sent) VALUES ($1, $2, $3, $4, 1)
        ON CONFLICT (cluster_id, shards, shard) DO UPDATE SET position = $4, moved_at = now()""",
        cluster, shard.of, shard.number, position,
    )  # fmt: skip


async def unsent(db: Connection, cluster: str | None, shards: int) -> int:
    """How many facts of routing the doctor says were not sent."""
    (found,) = await checks.relays(db, cluster, shards)
    assert (found.severity is Severity.BROKEN) is bool(found.wrong)
    return int((found.wrong or "0").split()[0])


async def test_a_relay_that_never_sent_anything_is_noticed(db: Connection):
    assert await unsent(db, "here", 1) == len(KEYS_OF_DEMANDS)


async def test_what_was_sent_to_a_broker_that_is_gone_counts_for_nothing(db: Connection):
    await sent(db, "gone", Shard(), len(KEYS_OF_DEMANDS))
    assert await unsent(db, "here", 1) == len(KEYS_OF_DEMANDS)
    assert await unsent(db, None, 1) == 0


async def test_a_shard_that_is_stuck_is_not_hidden_by_one_that_moves(db: Connection):
    for shard in (0, 2, 3):
        await sent(db, "here", Shard(shard, 4), len(KEYS_OF_DEMANDS))
    await sent(db, "here", Shard(1, 4), 5)
    stuck = await db.fetchval(
        "SELECT count(*) FROM journal WHERE position > 5 AND abs(hashtext(aggregateid::text)) % 4 = 1"
    )
    assert stuck > 0
    assert await unsent(db, "here", 4) == stuck


async def test_a_shard_that_is_no_longer_there_is_not_waited_for(db: Connection):
    await sent(db, "here", Shard(), len(KEYS_OF_DEMANDS))
    await sent(db, "here", Shard(1, 2), 5)
    assert await unsent(db, "here", 1) == 0


async def taken_in(db: Connection, n: int, ago: str) -> UUID:
    id = UUID(int=n)
    await db.execute(
        """INSERT INTO intake.submission (id, channel, idempotency_key, fingerprint, number, submitted_at, recorded_at)
        VALUES ($1, 'web', $2, '', $2, now(), now() - $3::text::interval)""",
        id, f"NH26-{n:06d}-X", ago,
    )  # fmt: skip
    return id


async def heard(db: Connection, id: UUID, state: str) -> None:
    await db.execute("INSERT INTO routing.demand (id, version, state) VALUES ($1, 1, $2::text::jsonb)", id, state)


async def test_demands_that_nobody_routes_are_counted_with_the_age_of_the_oldest(admin: Connection):
    assert [found.wrong for found in await checks.unrouted(admin)] == [None]
    for n in range(1, 44):
        await taken_in(admin, n, "6 minutes")
    await taken_in(admin, 99, "10 seconds")
    (found,) = await checks.unrouted(admin)
    assert found.severity is Severity.BROKEN
    assert "43 demands wait to be routed, the oldest 6 minutes ago" in str(found)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        ('{"status": "submitted"}', True),
        ('{"status": "reopened"}', True),
        ('{"status": "routed"}', False),
        ('{"status": "triage"}', False),
        ('{"status": "submitted", "imported": true}', False),
    ],
)
async def test_a_demand_that_routing_has_heard_and_not_answered_waits_too(admin: Connection, state: str, waits: bool):
    await heard(admin, await taken_in(admin, 1, "2 hours"), state)
    (found,) = await checks.unrouted(admin)
    assert (found.wrong is not None) is waits


async def test_overdue_demands_are_counted_with_the_oldest(admin: Connection):
    for n, (status, due) in enumerate(
        (("routed", "2026-11-01T00:00:00Z"), ("accepted", "2999-01-01T00:00:00Z"), ("closed", "2020-01-01T00:00:00Z"))
    ):
        await heard(admin, UUID(int=n), f'{{"status": "{status}", "due_at": "{due}"}}')
    (found,) = await checks.overdue(admin)
    assert found.severity is Severity.WARNING
    assert "1 open demand is overdue" in str(found)


async def test_messages_that_failed_are_unknown_or_wait_too_long_are_told_apart(admin: Connection):
    for n, (state, ago) in enumerate(
        (("failed", "1 hour"), ("unknown", "1 hour"), ("pending", "1 hour"), ("pending", "1 minute"), ("sent", "1 day"))
    ):
        await admin.execute(
            """INSERT INTO feedback.intent (id, kind, key, about, line, body, state, created_at)
            VALUES ($1, 'message', $1, $1, $1::uuid::text, '{}', $2, now() - $3::text::interval)""",
            UUID(int=n), state, ago,
        )  # fmt: skip
    told = [str(found) for found in await checks.messages(admin)]
    assert len(told) == 3
    assert "1 could not be sent" in told[0]
    assert "of 1 nobody knows whether they were sent" in told[1]
    assert "1 have waited over ten minutes" in told[2]


async def test_a_message_that_waits_on_purpose_is_counted_and_is_no_fault(admin: Connection):
    for n, waits in enumerate(("hourly-limit", None)):
        await admin.execute(
            """INSERT INTO feedback.intent (id, kind, key, about, line, body, waits, created_at)
            VALUES ($1, 'message', $2, $1, $2::uuid::text, '{}', $3, now() - interval '1 hour')""",
            UUID(int=n), UUID(int=7), waits,
        )  # fmt: skip
    (found,) = await checks.messages(admin)
    assert (found.severity, "1 wait since their address had all" in str(found)) == (Severity.OK, True)


@pytest.mark.parametrize("service", checks.SERVICES)
async def test_what_could_not_be_handled_and_what_waits_behind_it_is_told_by_service(admin: Connection, service: str):
    await admin.execute(
        f"""INSERT INTO {service}.dead_letter (topic, partition, "offset", cluster_id, record, cause)
        VALUES ('t', 0, 1, 'c', '', 'x')"""
    )
    await admin.execute(
        f"""INSERT INTO {service}.parked (aggregateid, sequence, record, since)
        VALUES ($1, 2, '', now() - interval '2 hours')""",
        UUID(int=1),
    )
    (letter,), (parked,) = await checks.dead_letters(admin), await checks.parked(admin)
    assert (letter.what, letter.severity) == (service, Severity.WARNING)
    assert "1 dead letter" in str(letter)
    assert "1 demand is parked" in str(parked)
    assert "2 hours ago" in str(parked)


async def test_a_database_without_schemas_is_broken_and_the_rest_was_not_looked_at(database: str):
    other = await asyncpg.connect(database)
    await other.execute("DROP SCHEMA routing CASCADE")
    await other.close()
    first, *rest = await everything(database)
    assert "huying migrate" in str(first)
    assert {found.severity for found in rest} == {Severity.NOT_LOOKED_AT}


async def everything(dsn: str) -> list[Finding]:
    return await checks.everything(dsn, None, 1)


async def test_a_database_that_is_well_gives_a_line_for_every_check(database: str):
    found = await everything(database)
    assert [one for one in found if one.wrong] == []
    assert len(found) == len(CHECKS) + 2


PLACE = TopicPartition(DEMAND_EVENTS.name, 3)


@pytest.mark.parametrize(
    ("first", "again", "severity", "words"),
    [
        (Place(7, 7), Place(7, 7), Severity.OK, "has read everything"),
        (Place(1, 64), Place(20, 70), Severity.OK, "50 facts behind and moves"),
        (Place(1, 64), Place(1, 64), Severity.WARNING, "63 facts behind and huying.demand-events/3 does not move"),
        (Place(90, 2), Place(90, 2), Severity.BROKEN, "deleted and made again"),
    ],
)
def test_a_reader_is_judged_by_two_looks_at_its_places(first: Place, again: Place, severity: Severity, words: str):
    found = broker.reader("routing", {PLACE: first}, {PLACE: again})
    assert (found.severity, words in str(found)) == (severity, True), str(found)


async def test_the_doctor_follows_a_reader_that_began_again(database: str):
    db = await asyncpg.connect(database)
    await db.execute("INSERT INTO routing.reader_log (cluster_id, topics, generation) VALUES ('here', '{}', 2)")
    await db.close()
    assert await checks.generations(database, "here") == {"routing": 2}
    assert await checks.generations(database, "elsewhere") == {}
    assert await checks.generations(f"{database}-missing", "here") == {}


async def test_the_doctor_knows_the_group_of_every_reader(database: str):
    for service in SERVICES:
        async with await open_pool(database, service.name) as pool:
            worker = service.worker(service.settings.model_validate(KEYS | {"DATABASE_URL": database}), pool)
        assert broker.READERS[service.name] == f"{service.name}-{'worker' if worker.by_faust else 'reader'}"


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("a")], 0),
        ([ok("a"), not_looked_at("b", "why")], 1),
        ([ok("a"), warning("b", "w")], 1),
        ([warning("b", "w"), broken("c", "x"), not_looked_at("d", "y")], 2),
        ([], 1),
    ],
)
def test_the_worst_finding_decides_how_the_doctor_ends(findings: list[Finding], code: int):
    assert exit_code(findings) == code


async def test_a_part_of_the_loop_that_nobody_named_was_not_looked_at():
    found = await processes.at([])
    assert {one.severity for one in found} == {Severity.NOT_LOOKED_AT}
    assert len(found) == len(processes.WANTED)
