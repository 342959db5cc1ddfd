"""Compares the views that were built anew with those in use: every counter, and how each demand stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.reporting.figures.rollup import LEVELS
from services.reporting.rebuild.tables import ANEW, IN_USE
from shared.chassis.database.pool import Connection

_PERIODS = {
    "millennium": ("全部月份", "all months"),
    "year": ("年", "year of"),
    "month": ("月", "month of"),
    "day": ("日", "day"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is another number in the views that were built anew; named in Chinese and in English."""

    zh: str
    en: str
    in_use: int
    anew: int


async def differences(db: Connection, limit: int) -> tuple[Sequence[Difference], int]:
    """The first `limit` of them, and how many there are; both views must have been made of the same facts."""
    all_differences = [*await _demands(db), *await _facts(db), *await _owed(db)]
    for table, levels in LEVELS.items():
        all_differences += await _counters(db, table, levels)
    return all_differences[:limit], len(all_differences)


async def _counters(db: Connection, table: str, levels: Sequence[str]) -> list[Difference]:
    """At every level at which a figure may be asked for: what was summed already, and what was not."""
    period = {"cohort": "month", "flow": "day"}[table]
    sides = " UNION ALL ".join(
        f"""
        SELECT {anew} AS anew, jurisdiction, level, date_trunc(level, {period})::date AS period, dimension, key,
            measure, n FROM {schema}.{table}, unnest($1::text[]) AS level
        UNION ALL SELECT {anew}, jurisdiction, level, period, dimension, key, measure, n FROM {schema}.{table}_sum
        """  # noqa: S608 (names of this module)
        for schema, anew in ((IN_USE, "false"), (ANEW, "true"))
    )
    rows = await db.fetch(
        f"""
        SELECT jurisdiction, level, period, dimension, key, measure,
            coalesce(sum(n) FILTER (WHERE NOT anew), 0)::bigint AS in_use,
            coalesce(sum(n) FILTER (WHERE anew), 0)::bigint AS anew
        FROM ({sides}) AS counted
        GROUP BY jurisdiction, level, period, dimension, key, measure
        HAVING sum(CASE WHEN anew THEN n ELSE -n END) <> 0
        ORDER BY jurisdiction, level, period, dimension, key, measure
        """,  # noqa: S608
        list(levels),
    )
    return [
        _counter(table, row["level"], str(row["period"]), (row["jurisdiction"], row["dimension"], row["key"]),
                 row["measure"], row["in_use"], row["anew"])
        for row in rows
    ]  # fmt: skip


def _counter(
    table: str, level: str, period: str, row: tuple[str, str, str], measure: str, in_use: int, anew: int
) -> Difference:
    zh, en = _PERIODS[level]
    when_zh, when_en = (zh, en) if level == "millennium" else (f"{period}（{zh}）", f"{en} {period}")
    of_zh, of_en = ("按受理月份", "by month submitted") if table == "cohort" else ("按日变化", "daily flow")
    what = " ".join((*(part for part in row if part), measure))
    return Difference(f"{of_zh}，{when_zh}，{what}", f"{of_en}, {when_en}, {what}", in_use, anew)


async def _owed(db: Connection) -> list[Difference]:
    rows = await db.fetch(
        f"""
        SELECT jurisdiction, due_at, coalesce(known.n, 0)::bigint AS in_use, coalesce(built.n, 0)::bigint AS anew
        FROM {IN_USE}.owed AS known FULL JOIN {ANEW}.owed AS built USING (jurisdiction, due_at)
        WHERE coalesce(known.n, 0) <> coalesce(built.n, 0)
        ORDER BY jurisdiction, due_at
        """  # noqa: S608
    )
    return [
        Difference(
            f"{row['jurisdiction']} 应于 {row['due_at'].isoformat()} 前答复的诉求",
            f"open demands of {row['jurisdiction']} due at {row['due_at'].isoformat()}",
            row["in_use"],
            row["anew"],
        )
        for row in rows
    ]


async def _demands(db: Connection) -> list[Difference]:
    """Demands that stand otherwise; of each, how many facts have moved it."""
    rows = await db.fetch(
        f"""
        SELECT coalesce(built.number, known.number, id::text) AS number,
            coalesce(known.version, 0) AS in_use, coalesce(built.version, 0) AS anew
        FROM {IN_USE}.demand_facts AS known FULL JOIN {ANEW}.demand_facts AS built USING (id)
        WHERE known.version IS DISTINCT FROM built.version OR known.state IS DISTINCT FROM built.state
        ORDER BY 1
        """  # noqa: S608
    )
    return [
        Difference(
            f"诉求 {row['number']} 的状态不同，已处理的事件数",
            f"demand {row['number']} stands otherwise; facts that moved it",
            row["in_use"],
            row["anew"],
        )
        for row in rows
    ]


async def _facts(db: Connection) -> list[Difference]:
    in_use, anew = [await db.fetchval(f"SELECT count(*) FROM {schema}.fact") for schema in (IN_USE, ANEW)]  # noqa: S608
    return [] if in_use == anew else [Difference("已听到的事件总数", "facts heard", in_use, anew)]


async def new_dead_letters(db: Connection) -> int:
    """How many records could not be handled this time that are no dead letters yet."""
    count: int = await db.fetchval(
        f"""
        SELECT count(*) FROM {ANEW}.dead_letter AS built WHERE NOT EXISTS (
            SELECT FROM {IN_USE}.dead_letter AS known
            WHERE (known.cluster_id, known.topic, known.partition, known."offset")
                = (built.cluster_id, built.topic, built.partition, built."offset"))
        """  # noqa: S608
    )
    return count
