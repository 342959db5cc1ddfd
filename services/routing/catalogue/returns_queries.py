"""How often units returned what a rule had sent them, from routing's journal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.chassis.database.pool import Connection

LATEST: Final = 1_000_000
"""Entries of the journal that are looked at, at most: its only order is that of its positions."""


@dataclass(frozen=True, slots=True)
class RuleReturns:
    """What became of demands that a rule dispatched: returned by the unit, or corrected by a dispatcher before that."""

    version: str
    rule: str
    routed: int
    returned: int
    corrected: int


async def returns(db: Connection, jurisdiction: str, since: datetime, limit: int) -> list[RuleReturns]:
    """The rules with most returns and corrections first, then those that dispatched most."""
    rows = await db.fetch(
        """
        WITH told AS (
            SELECT aggregateid, sequence, split_part(type, '.', 2) AS what,
                CASE WHEN type LIKE 'demand.routed.%' THEN payload::jsonb ->> 'rule' END AS rule
            FROM journal
            WHERE position > (SELECT max(position) FROM journal) - $4 AND time >= $2 AND NOT imported AND (
                type LIKE 'demand.routed.%' OR type LIKE 'demand.returned.%' OR type LIKE 'demand.reclassified.%'
            )
        ), followed AS (
            SELECT rule, what, lead(what) OVER later AS next_what, lead(rule) OVER later AS next_rule
            FROM told WINDOW later AS (PARTITION BY aggregateid ORDER BY sequence)
        )
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
        """,
        jurisdiction,
        since,
        limit,
        LATEST,
    )
    return [RuleReturns(**dict(row)) for row in rows]
