"""SQL that moves counters into sums, and reads figures from both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Counts:
    """The counters of one row, by measure; `month` is None if all months are taken together."""

    month: date | None
    key: str
    counts: Mapping[str, int]


async def move(db: Connection, table: str, levels: Sequence[str], limit: int) -> int:
    """Move up to `limit` rows of a counter table into its sums at each level; returns how many. Skips locked rows, so
    it never waits for a writer."""
    period = {"cohort": "month", "flow": "day"}[table]
    moved: int = await db.fetchval(
        f"""
        WITH taken AS (
            DELETE FROM {table}
            WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING *
        ), summed AS (
            INSERT INTO {table}_sum AS known (jurisdiction, dimension, level, period, key, measure, n)
            SELECT jurisdiction, dimension, level, date_trunc(level, {period})::date AS at, key, measure, sum(n)
            FROM taken, unnest($1::text[]) AS level
            GROUP BY jurisdiction, dimension, level, at, key, measure HAVING sum(n) <> 0
            ORDER BY jurisdiction, dimension, level, at, key, measure
            ON CONFLICT (jurisdiction, dimension, level, period, key, measure) DO UPDATE SET n = known.n + excluded.n
        )
        SELECT count(*) FROM taken
        """,  # noqa: S608 (two tables, named in this service)
        list(levels),
        limit,
    )
    return moved


async def by_month(db: Connection, jurisdiction: str, dimension: str) -> list[Counts]:
    """The counters of each month's demands, as these demands stand now."""
    source = "SELECT month, key, measure, n FROM cohort_whole WHERE jurisdiction = $1 AND dimension = $2"
    return await _sums(db, source, jurisdiction, dimension)


async def month_counters(
    db: Connection, jurisdiction: str, dimension: str, month: date, with_month: bool
) -> list[Counts]:
    """The counters of the demands submitted in a month, as they stand now; with `with_month` the rows name the
    month."""
    month_column = "month" if with_month else "NULL::date AS month"
    source = f"""
        SELECT {month_column}, key, measure, n FROM cohort_whole
        WHERE jurisdiction = $1 AND dimension = $2 AND month = $3
    """  # noqa: S608 (two words)
    return await _sums(db, source, jurisdiction, dimension, month)


async def all_counters(db: Connection, jurisdiction: str, dimension: str) -> list[Counts]:
    """The counters of all demands, as they stand now."""
    source = """
        SELECT NULL::date AS month, key, measure, n FROM cohort WHERE jurisdiction = $1 AND dimension = $2
        UNION ALL SELECT NULL, key, measure, n FROM cohort_sum
        WHERE jurisdiction = $1 AND dimension = $2 AND level = 'millennium'
    """
    return await _sums(db, source, jurisdiction, dimension)


async def until(db: Connection, jurisdiction: str, dimension: str, day: date) -> list[Counts]:
    """Collected and completed up to the evening of a day: summed from the years before, the months of its year and the
    days of its month."""
    source = """
        SELECT NULL::date AS month, key, measure, n FROM flow
        WHERE jurisdiction = $1 AND dimension = $2 AND day <= $3
        UNION ALL SELECT NULL, key, measure, n FROM flow_sum
        WHERE jurisdiction = $1 AND dimension = $2 AND level = 'year' AND period < $4
        UNION ALL SELECT NULL, key, measure, n FROM flow_sum
        WHERE jurisdiction = $1 AND dimension = $2 AND level = 'month' AND period >= $4 AND period < $5
        UNION ALL SELECT NULL, key, measure, n FROM flow_sum
        WHERE jurisdiction = $1 AND dimension = $2 AND level = 'day' AND period >= $5 AND period <= $3
    """
    return await _sums(db, source, jurisdiction, dimension, day, day.replace(month=1, day=1), day.replace(day=1))


async def _sums(db: Connection, source: str, *args: object) -> list[Counts]:
    """The sums by row, in order; sums of zero are left out. They are sorted in Python, because PostgreSQL would sort by
    the rules of a language."""
    rows = await db.fetch(
        f"""
        SELECT month, key, array_agg(measure), array_agg(n) FROM (
            SELECT month, key, measure, sum(n)::bigint AS n FROM ({source}) AS counted
            GROUP BY month, key, measure HAVING sum(n) <> 0
        ) AS added GROUP BY month, key
        """,  # noqa: S608 (questions of this module)
        *args,
    )
    counts = [Counts(month, key, dict(sorted(zip(measures, ns, strict=True)))) for month, key, measures, ns in rows]
    return sorted(counts, key=lambda row: (row.month or date.min, row.key))
