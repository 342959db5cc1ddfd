"""Reads from routing's journal how often the dispatches of each rule were returned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.chassis.database.pool import Connection

LATEST: Final = 1_000_000
"""At most so many entries of the journal are read, because its only order is that of the positions."""


@dataclass(frozen=True, slots=True)
class RuleReturns:
    """Counts for one rule: its dispatches, those that the unit returned, and those that a dispatcher corrected
    before."""

    version: str
    rule: str
    routed: int
    returned: int
    corrected: int


@dataclass(frozen=True, slots=True)
class CameBack:
    """A demand that was returned after a rule had dispatched it. `unit` has it now, `reason` says why it was
    returned."""

    number: str
    title: str
    status: str
    unit: str | None
    at: datetime
    returned: bool
    reason: str


_FOLLOWED: Final = """
    WITH told AS (
        SELECT aggregateid, sequence, time, split_part(type, '.', 2) AS what, payload,
            CASE WHEN type LIKE 'demand.routed.%' THEN payload::jsonb ->> 'rule' END AS rule
        FROM journal
        WHERE position > (SELECT max(position) FROM journal) - $4 AND time >= $2 AND NOT imported AND (
            type LIKE 'demand.routed.%' OR type LIKE 'demand.returned.%' OR type LIKE 'demand.reclassified.%'
        )
    ), followed AS (
        SELECT aggregateid, rule, what, lead(what) OVER later AS next_what, lead(rule) OVER later AS next_rule,
            lead(time) OVER later AS next_at, lead(payload) OVER later AS next_payload
        FROM told WINDOW later AS (PARTITION BY aggregateid ORDER BY sequence)
    )
"""
"""Each dispatch of a demand, with the fact that followed it."""


async def returns(db: Connection, jurisdiction: str, since: datetime, limit: int) -> list[RuleReturns]:
    """The rules, those with most returns and corrections first, then those with most dispatches."""
    rows = await db.fetch(
        f"""
        {_FOLLOWED}
        SELECT split_part(split_part(rule, '@', 2), ':', 1) AS version,
            substr(rule, strpos(rule, ':') + 1) AS rule,
            count(*) AS routed,
            count(*) FILTER (WHERE next_what = 'returned') AS returned,
            count(*) FILTER (WHERE next_what = 'reclassified' OR next_rule LIKE 'dispatcher:%') AS corrected
        FROM followed WHERE what = 'routed' AND starts_with(rule, $1 || '@')
        GROUP BY rule
        ORDER BY count(*) FILTER (WHERE next_what = 'returned' OR next_what = 'reclassified'
            OR next_rule LIKE 'dispatcher:%') DESC, count(*) DESC, rule
        LIMIT $3
        """,  # noqa: S608 (a constant)
        jurisdiction,
        since,
        limit,
        LATEST,
    )
    return [RuleReturns(**dict(row)) for row in rows]


async def came_back(db: Connection, rule: str, since: datetime, limit: int) -> list[CameBack]:
    """The demands that were returned after this rule had dispatched them, the latest first. `rule` is written as in
    facts."""
    rows = await db.fetch(
        f"""
        {_FOLLOWED}
        SELECT number, state ->> 'title' AS title, status, state ->> 'unit' AS unit, next_at AS at,
            next_what = 'returned' AS returned, coalesce(next_payload::jsonb ->> 'reason', '') AS reason
        FROM followed JOIN demand ON demand.id = aggregateid
        WHERE what = 'routed' AND rule = $1
            AND (next_what IN ('returned', 'reclassified') OR next_rule LIKE 'dispatcher:%')
        ORDER BY next_at DESC LIMIT $3
        """,  # noqa: S608 (a constant)
        rule,
        since,
        limit,
        LATEST,
    )
    return [CameBack(**dict(row)) for row in rows]
