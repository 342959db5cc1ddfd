"""`huying doctor` finds what is stuck, counts what waits, and never says ok about unchecked parts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import TopicPartition

from deploy.cli.services import SERVICE_NAMES, manifest, manifests
from deploy.doctor import database as doctor
from services.feedback.checks import messages
from services.intake.checks import unrouted
from services.routing.checks import overdue, triage
from shared.chassis.base.clock import now
from shared.chassis.base.findings import (
    NONE,
    Finding,
    Severity,
    Words,
    broken,
    exit_code,
    named,
    not_checked,
    ok,
    warning,
    worst_first,
)  # fmt: skip
from shared.chassis.consumer import doctor_checks
from shared.chassis.consumer.lag import Offsets
from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.process.service_checks import WELL, Questions, merged
from shared.chassis.relay.doctor_checks import unsent as unsent_facts
from shared.chassis.relay.relay_cursor import Shard
from shared.contracts.demand import facts as f
from shared.contracts.topics import DEMAND_EVENTS
from tests.chassis.conftest import envelope
from tests.journals import append
from tests.keys import KEYS

KEYS_OF_DEMANDS = [UUID(int=n) for n in range(1, 41)]


async def findings_of(
    database: str, service: str, check: Callable[..., Awaitable[Sequence[Finding]]], *arguments: object
) -> Any:
    """The findings of a check on a connection like the doctor's."""
    async with doctor.connected(database, service) as db:
        return await check(db, *arguments)


async def execute(database: str, statement: str, *values: object) -> None:
    db = await asyncpg.connect(database)
    await db.execute(statement, *values)
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
    """The number of unsent facts of routing that the doctor reports."""
    finding = await unsent_facts(db, "routing", cluster, shards)
    assert [entry.severity for entry in finding] == [Severity.BROKEN] * len(finding)
    return int(finding[0].wrong.en.split()[0]) if finding else 0


async def test_a_relay_that_never_sent_anything_is_noticed(db: Connection):
    assert await unsent(db, "here", 1) == len(KEYS_OF_DEMANDS)


async def test_facts_sent_to_a_lost_broker_count_as_unsent(db: Connection):
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


async def test_a_removed_shard_is_ignored(db: Connection):
    await sent(db, "here", Shard(), len(KEYS_OF_DEMANDS))
    await sent(db, "here", Shard(1, 2), 5)
    assert await unsent(db, "here", 1) == 0


async def taken_in(database: str, n: int, ago: str) -> UUID:
    id = UUID(int=n)
    await execute(
        database,
        """INSERT INTO intake.submission (id, channel, idempotency_key, fingerprint, number, submitted_at, recorded_at)
        VALUES ($1, 'web', $2, '', $2, now(), now() - $3::text::interval)""",
        id, f"NH26-{n:06d}-X", ago,
    )  # fmt: skip
    return id


async def insert_state(database: str, service: str, id: UUID, state: str) -> None:
    await execute(
        database, f"INSERT INTO {service}.demand (id, version, state) VALUES ($1, 1, $2::text::jsonb)", id, state
    )


async def listed(database: str, id: UUID, state: str) -> None:
    """Insert a demand into intake's list and state."""
    await insert_state(database, "intake", id, state)
    await execute(
        database,
        """
        INSERT INTO intake.demand_listing (id, number, jurisdiction, channel, kind, division, title, text, status,
            is_open, submitted_at, updated_at)
        SELECT id, id, 'nanhai', 'web', 'complaint', '4406', '', '', state ->> 'status', true, now(),
            coalesce((state ->> 'updated_at')::timestamptz, now() - interval '2 hours')
        FROM intake.demand WHERE id = $1
        """,
        id,
    )


async def test_unrouted_demands_are_counted_with_the_age_of_the_oldest(database: str):
    assert [finding.wrong for finding in await findings_of(database, "intake", unrouted)] == [NONE]
    for n in range(1, 44):
        await taken_in(database, n, "6 minutes")
    await taken_in(database, 99, "10 seconds")
    (finding,) = await findings_of(database, "intake", unrouted)
    assert finding.severity is Severity.BROKEN
    assert "43 demands wait to be routed, the oldest for 6 minutes" in str(finding)


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
async def test_a_demand_waits_until_intake_has_received_a_fact_of_routing(database: str, state: str, waits: bool):
    await listed(database, await taken_in(database, 1, "2 hours"), state)
    (finding,) = await findings_of(database, "intake", unrouted)
    assert bool(finding.wrong) is waits


async def test_a_reopened_demand_waits_since_its_reopening(database: str):
    moment = (now() - timedelta(minutes=7)).isoformat()
    state = f'{{"status": "reopened", "updated_at": "{moment}"}}'
    await listed(database, await taken_in(database, 1, "90 days"), state)
    (finding,) = await findings_of(database, "intake", unrouted)
    assert "the oldest for 7 minutes" in str(finding)
    await execute(database, "UPDATE intake.demand_listing SET updated_at = now()")
    (finding,) = await findings_of(database, "intake", unrouted)
    assert finding.severity is Severity.OK, "routing has a minute for it, as for any other"


async def test_overdue_demands_are_taken_from_the_workers_counts_with_the_oldest(database: str):
    assert [finding.wrong for finding in await findings_of(database, "routing", overdue)] == [NONE]
    for unit, late, ago in (("a", 1, "3 hours"), ("b", 1200, "3 days"), ("c", 0, None)):
        await execute(
            database,
            """INSERT INTO routing.unit_load
            VALUES ($1, 'nanhai', 5000, $2, 0, 0, 0, 0, now() - $3::text::interval, now())""",
            unit, late, ago,
        )  # fmt: skip
    (finding,) = await findings_of(database, "routing", overdue)
    assert finding.severity is Severity.WARNING
    assert "1,201 open demands are overdue, the oldest was due 3 days ago" in str(finding)


SOON, LONG_AGO = (f'"updated_at": "{(now() - ago).isoformat()}"' for ago in (timedelta(hours=2), timedelta(days=3)))


async def test_demands_in_triage_are_counted_and_are_no_fault_before_one_has_waited_a_day(database: str):
    await insert_state(database, "routing", UUID(int=1), f'{{"status": "triage", "jurisdiction": "nanhai", {SOON}}}')
    (finding,) = await findings_of(database, "routing", triage)
    assert (finding.severity, str(finding)) == (Severity.OK, "triage: 1 demand waits for a dispatcher")
    await insert_state(
        database, "routing", UUID(int=2), f'{{"status": "triage", "jurisdiction": "nanhai", {LONG_AGO}}}'
    )
    (finding,) = await findings_of(database, "routing", triage)
    assert finding.severity is Severity.WARNING
    assert "2 demands wait for a dispatcher, the oldest came 3 days ago" in str(finding)


async def test_failed_unknown_and_long_waiting_messages_are_reported_separately(database: str):
    for n, (state, ago) in enumerate(
        (("failed", "1 hour"), ("unknown", "1 hour"), ("pending", "1 hour"), ("pending", "1 minute"), ("sent", "1 day"))
    ):
        await execute(
            database,
            """INSERT INTO feedback.intent (id, kind, key, about, line, body, state, created_at)
            VALUES ($1, 'message', $1, $1, $1::uuid::text, '{}', $2, now() - $3::text::interval)""",
            UUID(int=n), state, ago,
        )  # fmt: skip
    texts = [str(finding) for finding in await findings_of(database, "feedback", messages)]
    assert len(texts) == 4
    assert "1 could not be sent" in texts[0]
    assert "of 1 it is unknown whether they were sent" in texts[1]
    assert "1 have waited over ten minutes" in texts[2]
    assert "1 wait for their turn or are being sent, the oldest was written 1 minute ago" in texts[3]


async def test_a_message_that_waits_on_purpose_is_counted_and_is_no_fault(database: str):
    for n, waits in enumerate(("hourly-limit", None)):
        await execute(
            database,
            """INSERT INTO feedback.intent (id, kind, key, about, line, body, waits, created_at)
            VALUES ($1, 'message', $2, $1, $2::uuid::text, '{}', $3, now() - interval '1 hour')""",
            UUID(int=n), UUID(int=7), waits,
        )  # fmt: skip
    (finding,) = await findings_of(database, "feedback", messages)
    assert (finding.severity, "2 wait because of the hourly limit" in str(finding)) == (Severity.OK, True)


@pytest.mark.parametrize("service", SERVICE_NAMES)
async def test_dead_letters_and_parked_records_are_reported_by_service(database: str, service: str):
    await execute(
        database,
        f"""INSERT INTO {service}.dead_letter (topic, partition, "offset", cluster_id, record, cause)
        VALUES ('t', 0, 1, 'c', '', 'x')""",
    )
    await execute(
        database,
        f"""INSERT INTO {service}.parked (aggregateid, sequence, record, since)
        VALUES ($1, 2, '', now() - interval '2 hours')""",
        UUID(int=1),
    )
    letter, parked = [finding for finding in await everything(database) if finding.severity is Severity.WARNING]
    assert (letter.what.en, letter.severity, letter.check) == (service, Severity.WARNING, "dead-letters")
    assert "1 dead letter" in str(letter)
    assert "1 demand is parked" in str(parked)
    assert "2 hours ago" in str(parked)


async def test_a_missing_schema_is_broken_and_other_checks_of_its_service_are_unknown(database: str):
    other = await asyncpg.connect(database)
    await other.execute("DROP SCHEMA routing CASCADE")
    await other.close()
    finding = await everything(database)
    (first,) = [entry for entry in finding if entry.severity is Severity.BROKEN]
    assert str(first) == "schema of routing: is missing: run `huying migrate`"
    skipped = [entry for entry in finding if entry.wrong.en == "the schema of routing is missing"]
    assert len(skipped) == len(Questions(manifest("routing"), doctor.roles("routing")).names())
    assert "routing: every demand was routed or sent to triage" in map(str, finding), "intake is looked at all the same"


async def everything(dsn: str) -> list[Finding]:
    return (await doctor.database_findings(dsn, None, 1))[0]


async def test_a_healthy_database_gives_a_line_for_every_check(database: str):
    finding = await everything(database)
    # No process is registered here.
    assert {entry.check for entry in finding if entry.wrong} == {"processes"}
    own = sum(len(service.checks) for service in manifests())
    of_each = len(("migrations", "processes")) * len(manifests())
    assert len(finding) == 1 + own + of_each + len(WELL)


PLACE = TopicPartition(DEMAND_EVENTS.name, 3)


@pytest.mark.parametrize(
    ("first", "again", "severity", "words"),
    [
        (Offsets(7, 7), Offsets(7, 7), Severity.OK, "has read everything"),
        (Offsets(1, 64), Offsets(20, 70), Severity.OK, "50 facts behind and moves"),
        (Offsets(1, 64), Offsets(1, 64), Severity.WARNING, "63 facts behind and huying.demand-events/3 does not move"),
        (Offsets(90, 2), Offsets(90, 2), Severity.BROKEN, "deleted and made again"),
    ],
)
def test_a_reader_is_judged_by_two_measurements_of_its_offsets(
    first: Offsets, again: Offsets, severity: Severity, words: str
):
    finding = doctor_checks.judged("routing-worker", {PLACE: first}, {PLACE: again})
    assert (finding.severity, words in str(finding)) == (severity, True), str(finding)


async def test_the_doctor_uses_the_group_of_a_reader_that_began_again(database: str):
    db = await asyncpg.connect(database)
    await db.execute("INSERT INTO routing.reader_log (cluster_id, topics, generation) VALUES ('here', '{}', 2)")
    await db.close()
    assert (await doctor.generations(database, "here"))["routing"] == 2
    assert set((await doctor.generations(database, "elsewhere")).values()) == {0}
    assert await doctor.generations(f"{database}-missing", "here") == {}


def test_the_names_of_consumer_groups_have_not_changed():
    """The broker stores the committed offsets under these names."""
    assert {service.name: service.listener.consumer for service in manifests()} == {
        "intake": "intake-reader",
        "routing": "routing-worker",
        "feedback": "feedback-worker",
        "reporting": "reporting-reader",
    }


@pytest.mark.parametrize("name", SERVICE_NAMES)
async def test_the_doctor_checks_the_group_and_the_topics_that_the_worker_reads(database: str, name: str):
    service = manifest(name)
    async with await open_pool(database, name) as pool:
        worker = service.worker(service.settings.model_validate(KEYS | {"DATABASE_URL": database}), pool)
    assert (service.listener.consumer, service.listener.topics) == (worker.consumer, worker.topics)


@pytest.mark.parametrize("name", SERVICE_NAMES)
async def test_a_check_reads_only_tables_of_its_service(database: str, name: str):
    """Run with the role of its service, which may read no other schema."""
    async with await open_pool(database, name) as pool, pool.acquire() as db:
        for check in manifest(name).checks:
            assert [finding.severity for finding in await check.ask(db)] == [Severity.OK]


A = Words("a", "甲")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok(A)], 0),
        ([ok(A), not_checked(A, A)], 1),
        ([ok(A), warning(A, A)], 1),
        ([warning(A, A), broken(A, A), not_checked(A, A)], 2),
        ([], 1),
    ],
)
def test_the_worst_finding_decides_the_exit_code(findings: list[Finding], code: int):
    assert exit_code(findings) == code


def test_findings_are_shown_by_severity_and_otherwise_in_their_order():
    first, second, well = broken(A, A), broken(Words("b", "乙"), A), ok(A)
    assert worst_first([well, warning(A, A), first, not_checked(A, A), second]) == [
        first, second, warning(A, A), not_checked(A, A), well,
    ]  # fmt: skip


def test_a_server_that_is_away_is_shown_before_the_processes_that_fail_for_it():
    (process,), (database,) = named("health", [broken(A, A)]), named("database", [broken(A, A)])
    (well,) = named("broker", [ok(A)])
    assert worst_first([process, well, database]) == [database, process, well]


def test_a_finding_of_another_service_is_read_unchanged():
    finding = named("relays", [broken(A, Words("b", "乙"), A), ok(A)])
    assert [Finding.of_document(entry.document()) for entry in finding] == finding
    assert (str(finding[0]), finding[0].in_chinese()) == ("a: b: a", "甲：乙：甲")


def test_none_is_not_shown_if_another_service_has_some():
    none = named("parked", [ok(WELL["parked"])])
    some = named("parked", [warning(Words("routing", "routing"), A)])
    assert merged([*none, *none]) == none
    assert merged([*none, *some, *none]) == some
