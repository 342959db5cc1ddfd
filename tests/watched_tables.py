"""Fills the monitored tables with many waiting rows, and lists all monitoring queries."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from deploy.cli.services import manifest
from shared.chassis.consumer import dead_letters, inbox, resuming
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.process import doctor_checks as process_checks
from shared.chassis.process.service_checks import Questions, listening
from shared.chassis.process.service_gauges import gauges_of_service
from shared.chassis.relay import relay_cursor
from shared.chassis.relay.relay_cursor import Shard
from tests.keys import KEYS

ANY: Final = {
    "journal": """
        INSERT INTO journal
            (id, aggregatetype, aggregateid, type, source, subject, time, sequence, payload, recorded_at)
        SELECT gen_random_uuid(), 'demand', gen_random_uuid(), 'demand.submitted', 'intake', 'x', at, 1,
            repeat('x', 400), at
        FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 1) * interval '1 minute' AS at)
    """,
    "dead_letter": """
        INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause, happened_at, redriven_at)
        SELECT 't', 0, n, 'c', convert_to(repeat('x', 400), 'UTF8'), 'x', now() - ($1 - n + 1) * interval '1 minute',
            CASE WHEN n % 2 = 0 THEN now() END
        FROM generate_series(1, $1::integer) AS n
    """,
    "parked": """
        INSERT INTO parked (stream, aggregateid, sequence, record, since)
        SELECT CASE WHEN n % 2 = 0 THEN 'demand' ELSE 'parcel' END, gen_random_uuid(), 2,
            convert_to(repeat('x', 400), 'UTF8'), now() - ($1 - n + 1) * interval '1 minute'
        FROM generate_series(1, $1::integer) AS n
    """,
    "timer": """
        INSERT INTO timer (kind, key, at, due_at, attempts)
        SELECT 'k', gen_random_uuid(), at, at, n % 3
        FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - (n - $1 / 2) * interval '1 minute' AS at)
    """,
    "note_seen": "INSERT INTO note_seen (id) SELECT gen_random_uuid() FROM generate_series(1, $1::integer)",
}
"""By table, SQL that inserts $1 rows; the tables that every service has."""
_STATE: Final = "jsonb_build_object('jurisdiction', 'nanhai', 'title', repeat('路', 300), 'updated_at', at)"
OWN: Final = {
    "intake": {
        "submission": """
            INSERT INTO submission (id, channel, idempotency_key, fingerprint, number, submitted_at, recorded_at)
            SELECT lpad(to_hex(n), 32, '0')::uuid, 'web', n, '', n, at, at
            FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 2) * interval '1 minute' AS at)
        """,
        "demand": f"""
            INSERT INTO demand (id, version, state)
            SELECT lpad(to_hex(n), 32, '0')::uuid, 1, {_STATE}
                || jsonb_build_object('status', CASE WHEN n % 2 = 0 THEN 'routed' ELSE 'submitted' END)
            FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 2) * interval '1 minute' AS at)
        """,
        "demand_listing": """
            INSERT INTO demand_listing (id, number, jurisdiction, channel, kind, division, title, text, status, is_open,
                submitted_at, updated_at)
            SELECT id, id, 'nanhai', 'web', 'complaint', '4406', '', '', state ->> 'status', true, at, at
            FROM demand CROSS JOIN LATERAL (SELECT (state ->> 'updated_at')::timestamptz AS at) AS known
            WHERE $1::integer > 0
        """,
        "event_pending": """
            INSERT INTO event_pending (demand_id, type, is_confidential, number, jurisdiction, division, recorded_at)
            SELECT gen_random_uuid(), 'demand.submitted', false, n, 'nanhai', '4406',
                now() - ($1 - n + 1) * interval '1 minute'
            FROM generate_series(1, $1::integer) AS n
        """,
    },
    "routing": {
        "demand": f"""
            INSERT INTO demand (id, version, state)
            SELECT lpad(to_hex(n), 32, '0')::uuid, 1, {_STATE} || jsonb_build_object('unit', n % 50, 'due_at', at,
                'status', CASE WHEN n % 2 = 0 THEN 'triage' ELSE 'routed' END)
            FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 2) * interval '1 minute' AS at)
        """,
    },
    "feedback": {
        "intent": """
            INSERT INTO intent (id, kind, key, about, line, body, state, waits, created_at, due_at)
            SELECT gen_random_uuid(), 'message', gen_random_uuid(), gen_random_uuid(), n / 2, '{}',
                CASE n % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'unknown' WHEN 2 THEN 'sending' WHEN 3 THEN 'sent'
                    ELSE 'pending' END,
                CASE n % 7 WHEN 0 THEN 'gateway' WHEN 1 THEN 'quiet-hours' WHEN 2 THEN 'hourly-limit' END, at, at
            FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 1) * interval '1 minute' AS at)
        """,
        "webhook": """
            INSERT INTO webhook (id, channel, created_by, created_at, url, description, secret)
            SELECT lpad(to_hex(n), 32, '0')::uuid, 'web', 'x', now(), 'https://example.org', '', ''
            FROM generate_series(1, least($1::integer, 3)) AS n
        """,
        "webhook_delivery": """
            INSERT INTO webhook_delivery (webhook, event, demand, number, type, at, body, created_at, due_at)
            SELECT lpad(to_hex(n % 3 + 1), 32, '0')::uuid, gen_random_uuid(), gen_random_uuid(), n, 'x', at, '{}',
                at, at
            FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() - ($1 - n + 1) * interval '1 minute' AS at)
        """,
    },
    "reporting": {},
}  # fmt: skip
"""The same for the services' own tables."""


async def fill(db: Connection, service: str, rows: int) -> None:
    """Insert this many rows into every monitored table of the service, and ANALYZE."""
    for sql in {**ANY, **OWN[service]}.values():
        await db.execute(sql, rows, timeout=600)
    await db.execute("ANALYZE")


def monitoring_queries(service: str, pool: Pool) -> Iterator[tuple[str, Callable[[Connection], Awaitable[Any]]]]:
    """All queries that gauges, the doctor, the page of operations and the relay's own figures send to a service."""
    settings = manifest(service).settings.model_validate(KEYS | {"DATABASE_URL": "postgresql://x"})
    gauges = [*gauges_of_service(service, 2), *manifest(service).worker(settings, pool).gauges]
    yield from ((f"gauge {_named(gauge.gauges)}", gauge.ask) for gauge in gauges)
    questions = Questions(manifest(service), listening(manifest(service)), shards=2)
    yield from ((f"doctor {name}", ask) for name, ask in questions.checks().items())
    yield "doctor processes", process_checks.registered
    tables = manifest(service).worker(settings, pool).repositories.tables
    yield "parked turns", partial(inbox.ready_facts, tables=tables, after=inbox.START, most=resuming.LOOKED_AT)
    yield "dead letters listed", partial(dead_letters.waiting, after=0, most=inbox.COUNTED_UP_TO)
    yield "relay backlog", partial(_backlog, shard=Shard(1, 2))
    yield "relay silences", partial(relay_cursor.silences, shards=2, after=60.0)


async def _backlog(db: Connection, shard: Shard) -> float:
    return await relay_cursor.backlog(db, shard)


def _named(gauges: Sequence[Any]) -> str:
    return gauges[0]._name.removeprefix("huying_")
