"""Compares the rebuilt tables with those in use: every counter, and the state of each demand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from services.reporting.figures.rollup import LEVELS
from services.reporting.rebuild.tables import ANEW, IN_USE
from shared.chassis.database.pool import Connection
from shared.contracts.text import shortened

LONGEST_VALUE: Final = 120
_PERIODS = {
    "millennium": ("全部月份", "all months"),
    "year": ("年", "year of"),
    "month": ("月", "month of"),
    "day": ("日", "day"),
}


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field of a demand that is another one; None where it has no value."""

    name: str
    in_use: str | None
    anew: str | None


@dataclass(frozen=True, slots=True)
class NumberDifference:
    """A number that differs in the rebuilt tables, with its name in Chinese and in English. For a demand whose state
    differs, `fields` are the fields that differ."""

    zh: str
    en: str
    in_use: int
    anew: int
    fields: Sequence[FieldDifference] = ()


async def differences(db: Connection, most: int) -> tuple[Sequence[NumberDifference], int]:
    """The first `most` differences of each kind, and how many there are in all. Both sets of tables must have been made
    of the same facts."""
    demands = await _demands(db)
    numbers = [await _facts(db), await _owed(db)]
    numbers += [await _counters(db, table, levels) for table, levels in LEVELS.items()]
    differences_shown = [
        replace(demand, fields=await _fields(db, id)) if demand.in_use and demand.anew else demand
        for id, demand in demands[:most]
    ]
    differences_shown += [difference for kind in numbers for difference in kind[:most]]
    return differences_shown, len(demands) + sum(map(len, numbers))


async def _counters(db: Connection, table: str, levels: Sequence[str]) -> list[NumberDifference]:
    """The differences of a counter table, at every level at which figures are read; counters and sums are added."""
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
) -> NumberDifference:
    zh, en = _PERIODS[level]
    when_zh, when_en = (zh, en) if level == "millennium" else (f"{period}（{zh}）", f"{en} {period}")
    of_zh, of_en = ("按受理月份", "by month submitted") if table == "cohort" else ("按日变化", "daily flow")
    name = " ".join((*(part for part in row if part), measure))
    return NumberDifference(f"{of_zh}，{when_zh}，{name}", f"{of_en}, {when_en}, {name}", in_use, anew)


async def _owed(db: Connection) -> list[NumberDifference]:
    rows = await db.fetch(
        f"""
        SELECT jurisdiction, due_at, coalesce(known.n, 0)::bigint AS in_use, coalesce(built.n, 0)::bigint AS anew
        FROM {IN_USE}.owed AS known FULL JOIN {ANEW}.owed AS built USING (jurisdiction, due_at)
        WHERE coalesce(known.n, 0) <> coalesce(built.n, 0)
        ORDER BY jurisdiction, due_at
        """  # noqa: S608
    )
    return [
        NumberDifference(
            f"{row['jurisdiction']} 应于 {row['due_at'].isoformat()} 前答复的诉求",
            f"open demands of {row['jurisdiction']} due at {row['due_at'].isoformat()}",
            row["in_use"],
            row["anew"],
        )
        for row in rows
    ]


async def _demands(db: Connection) -> list[tuple[UUID, NumberDifference]]:
    """The demands whose state differs, by id; each compares how many facts have changed the demand."""
    rows = await db.fetch(
        f"""
        SELECT id, coalesce(built.number, known.number, id::text) AS number,
            coalesce(known.version, 0) AS in_use, coalesce(built.version, 0) AS anew
        FROM {IN_USE}.demand_facts AS known FULL JOIN {ANEW}.demand_facts AS built USING (id)
        WHERE known.version IS DISTINCT FROM built.version OR known.state IS DISTINCT FROM built.state
        ORDER BY number
        """  # noqa: S608
    )
    return [(row["id"], _standing(row["number"], row["in_use"], row["anew"])) for row in rows]


def _standing(number: str, in_use: int, anew: int) -> NumberDifference:
    zh = f"诉求 {number} 的状态不同，已处理的事件数"
    return NumberDifference(zh, f"demand {number} has another state; number of its status facts", in_use, anew)


async def _fields(db: Connection, id: UUID) -> list[FieldDifference]:
    """In what a demand stands otherwise that both views have."""
    rows = await db.fetch(
        f"""
        SELECT key, known.value AS in_use, built.value AS anew
        FROM (SELECT * FROM {IN_USE}.demand_facts, jsonb_each_text(state) WHERE id = $1) AS known
            FULL JOIN (SELECT * FROM {ANEW}.demand_facts, jsonb_each_text(state) WHERE id = $1) AS built USING (key)
        WHERE known.value IS DISTINCT FROM built.value ORDER BY key
        """,  # noqa: S608
        id,
    )
    return [FieldDifference(row["key"], _short(row["in_use"]), _short(row["anew"])) for row in rows]


def _short(value: str | None) -> str | None:
    return None if value is None else shortened(value, LONGEST_VALUE)


async def _facts(db: Connection) -> list[NumberDifference]:
    in_use, anew = [await db.fetchval(f"SELECT count(*) FROM {schema}.fact") for schema in (IN_USE, ANEW)]  # noqa: S608
    return [] if in_use == anew else [NumberDifference("已听到的事件总数", "facts heard", in_use, anew)]


async def new_dead_letters(db: Connection) -> int:
    """How many records failed in this rebuild and are not among the dead letters in use."""
    count: int = await db.fetchval(
        f"""
        SELECT count(*) FROM {ANEW}.dead_letter AS built WHERE NOT EXISTS (
            SELECT FROM {IN_USE}.dead_letter AS known
            WHERE (known.cluster_id, known.topic, known.partition, known."offset")
                = (built.cluster_id, built.topic, built.partition, built."offset"))
        """  # noqa: S608
    )
    return count
