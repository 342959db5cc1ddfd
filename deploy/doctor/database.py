"""Looks at the database: what waits for somebody, what could not be handled, what was not sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from deploy.doctor.finding import Finding, broken, not_looked_at, ok, warning
from shared.chassis.base.clock import now
from shared.chassis.database.pool import PASSING, Connection

SERVICES: Final = ("intake", "routing", "feedback", "reporting")
LONGEST_QUESTION_MS: Final = 20_000
Check = Callable[[Connection], Awaitable[Sequence[Finding]]]


async def schemas(db: Connection) -> Sequence[Finding]:
    """Whether every service's schema was made."""
    known = {row["nspname"] for row in await db.fetch("SELECT nspname FROM pg_namespace")}
    missing = [name for name in SERVICES if name not in known]
    if missing:
        return [broken("database", f"has no schema of {', '.join(missing)}: run `huying migrate`")]
    return [ok("database answers, and has every service's schema")]


async def generations(dsn: str, cluster: str) -> Mapping[str, int]:
    """How often each service's reader began again with this cluster (`reader_log`); nothing where that cannot be read,
    which the checks of the database tell."""
    try:
        db = await asyncpg.connect(dsn, timeout=5)
    except (*PASSING, asyncpg.PostgresError):
        return {}
    question = " UNION ALL ".join(
        f"SELECT '{name}' AS service, generation FROM {name}.reader_log WHERE cluster_id = $1"  # noqa: S608
        for name in SERVICES
    )
    try:
        return {row["service"]: row["generation"] for row in await db.fetch(question, cluster)}
    except (*PASSING, asyncpg.PostgresError):
        return {}
    finally:
        await db.close()


async def unrouted(db: Connection) -> Sequence[Finding]:
    """Demands that were taken in over a minute ago, and that nobody routes or sends to triage."""
    row = await _row(
        db,
        """
        SELECT count(*), min(taken.recorded_at) AS oldest
        FROM intake.submission AS taken LEFT JOIN routing.demand AS heard USING (id)
        WHERE taken.recorded_at < now() - interval '1 minute'
            AND (heard.id IS NULL OR heard.status IN ('submitted', 'returned', 'reopened'))
            AND coalesce(heard.state ->> 'imported', 'false') <> 'true'
        """,
    )
    if row["count"]:
        words = f"{_count(row['count'], 'demand waits', 'demands wait')} to be routed, the oldest {_ago(row['oldest'])}"
        return [broken("routing", f"{words}: does routing-worker run, and is there a dead letter?")]
    return [ok("routing: every demand was routed or sent to triage")]


async def triage(db: Connection) -> Sequence[Finding]:
    """Demands that a person must dispatch."""
    count = await db.fetchval("SELECT count(*) FROM routing.demand WHERE status = 'triage'")
    return [ok(f"triage: {_count(count, 'demand waits', 'demands wait')} for a dispatcher")]


async def overdue(db: Connection) -> Sequence[Finding]:
    """Open demands whose due time is over."""
    row = await _row(
        db,
        """
        SELECT count(*), min((state ->> 'due_at')::timestamptz) AS oldest FROM routing.demand
        WHERE status IN ('routed', 'accepted', 'in_progress', 'listed') AND (state ->> 'due_at')::timestamptz < now()
        """,
    )
    if row["count"]:
        words = f"{_count(row['count'], 'open demand is', 'open demands are')} overdue"
        return [warning("due times", f"{words}, the oldest was due {_ago(row['oldest'])}")]
    return [ok("due times: no open demand is overdue")]


async def messages(db: Connection) -> Sequence[Finding]:
    """Messages that were not sent: given up, of unknown outcome, or held back."""
    rows = await db.fetch(
        """
        SELECT kind, count(*), min(created_at) AS oldest
        FROM (
            SELECT created_at, CASE
                WHEN state IN ('failed', 'unknown') THEN state
                WHEN waits = 'hourly-limit' THEN 'held'
                WHEN created_at < now() - interval '10 minutes' AND NOT EXISTS (
                    SELECT FROM feedback.intent AS held WHERE held.state = 'pending'
                        AND held.waits = 'hourly-limit' AND (held.kind, held.line) = (message.kind, message.line)
                ) THEN 'late'
            END AS kind
            FROM feedback.intent AS message
            WHERE kind = 'message' AND state IN ('failed', 'unknown', 'pending', 'sending')
        ) AS kinds
        WHERE kind IS NOT NULL
        GROUP BY kind ORDER BY array_position(ARRAY['failed', 'unknown', 'late', 'held'], kind)
        """
    )
    found = [_message(row["kind"], row["count"], f"the oldest {_ago(row['oldest'])}") for row in rows]
    return found or [ok("messages: none failed, none is of unknown outcome, none waits long")]


def _message(kind: str, count: int, oldest: str) -> Finding:
    match kind:
        case "failed":
            return warning("messages", f"{count:,} could not be sent, {oldest}")
        case "unknown":
            words = f"of {count:,} nobody knows whether they were sent: ask the gateway before you send again"
            return warning("messages", f"{words}, {oldest}")
        case "late":
            return warning(
                "messages", f"{count:,} have waited over ten minutes, {oldest}: feedback-worker's log says why"
            )
    return ok(f"messages: {count:,} wait since their address had all that it gets in an hour, {oldest}")


async def dead_letters(db: Connection) -> Sequence[Finding]:
    """Records that a service could not handle."""
    found = []
    for name in SERVICES:
        row = await _row(
            db,
            f"SELECT count(*), min(happened_at) AS oldest FROM {name}.dead_letter WHERE redriven_at IS NULL",  # noqa: S608
        )
        if row["count"]:
            words = f"{_count(row['count'], 'dead letter', 'dead letters')}, the oldest {_ago(row['oldest'])}"
            found.append(warning(name, f"{words}: `huying dead-letters list` says why"))
    return found or [ok("dead letters: none")]


async def parked(db: Connection) -> Sequence[Finding]:
    """Facts that wait for the one before them, or for a version of the service that knows them."""
    found = []
    for name in SERVICES:
        row = await _row(
            db,
            f"""
            SELECT count(*), count(DISTINCT aggregateid) AS demands, min(since) AS oldest FROM {name}.parked
            WHERE since < now() - interval '1 minute'
            """,  # noqa: S608
        )
        if row["count"]:
            words = f"{_count(row['demands'], 'demand is', 'demands are')} parked, the oldest {_ago(row['oldest'])}"
            why = "an earlier fact is missing or a dead letter, or a newer service told what this version does not know"
            found.append(warning(name, f"{words}: {why}"))
    return found or [ok("parked demands: none")]


# Beyond what each shard has sent to this cluster, which is nothing where it has no cursor. A broker that is away was
# the last that a relay reached.
UNSENT: Final = """
    SELECT count(*), min(told.recorded_at) AS oldest
    FROM generate_series(0, $2::integer - 1) AS shard
    LEFT JOIN {name}.relay_cursor AS sent ON (sent.shards, sent.shard) = ($2, shard.shard) AND sent.cluster_id
        = coalesce($1, (SELECT cluster_id FROM {name}.relay_cursor ORDER BY moved_at DESC LIMIT 1))
    JOIN {name}.journal AS told ON told.position > coalesce(sent.position, 0)
        AND abs(hashtext(told.aggregateid::text)::bigint) % $2 = shard.shard
        AND told.recorded_at < now() - interval '1 minute'
"""


async def relays(db: Connection, cluster: str | None, shards: int) -> Sequence[Finding]:
    """Facts that no relay has sent to this cluster, though there was time."""
    found = []
    for name in SERVICES:
        row = await _row(db, UNSENT.format(name=name), cluster, shards)
        if row["count"]:
            words = f"{_count(row['count'], 'fact', 'facts')} of {name} not sent to the broker"
            found.append(broken("relay", f"{words}, the oldest {_ago(row['oldest'])}: is the broker reachable?"))
    return found or [ok("relays: everything was sent to the broker")]


CHECKS: Final[Sequence[Check]] = (unrouted, triage, overdue, messages, dead_letters, parked)


async def everything(dsn: str, cluster: str | None, shards: int) -> list[Finding]:
    """All of it; raises what asyncpg raises when the database does not answer."""
    db = await asyncpg.connect(dsn, timeout=5, server_settings={"statement_timeout": str(LONGEST_QUESTION_MS)})
    try:
        found = list(await schemas(db))
        if any(finding.wrong for finding in found):
            return [*found, *(not_looked_at(_name(check), "its schema is missing") for check in (*CHECKS, relays))]
        for check in CHECKS:
            found += await _answered(_name(check), check(db))
        return found + list(await _answered("relays", relays(db, cluster, shards)))
    finally:
        await db.close()


async def _answered(what: str, asked: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return await asked
    except asyncpg.QueryCanceledError:
        return [not_looked_at(what, f"the answer took longer than {LONGEST_QUESTION_MS // 1000} s")]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as fault:
        return [broken(what, f"the schema is of another version ({fault}): run `huying migrate`")]
    except asyncpg.InsufficientPrivilegeError as fault:
        return [not_looked_at(what, f"{fault}: the user of DATABASE_URL may not read it")]


def _name(check: Any) -> str:
    return str(check.__name__).replace("_", " ")


async def _row(db: Connection, question: str, *asked: Any) -> Any:
    return await db.fetchrow(question, *asked)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _ago(at: datetime) -> str:
    seconds = (now() - at).total_seconds()
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{int(seconds // size):,} {unit}{'s' if seconds >= 2 * size else ''} ago"
    return "less than a minute ago"
