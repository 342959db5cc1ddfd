"""`python -m tests.bench.cases [number]`: every list, count, overview and case page of the desk, over open cases.

A million by default, created by SQL in routing's tables: most are at stations, but each town and department has more.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from services.routing.cases import overview_queries, queries, worklists
from services.routing.cases.overview import LoadCounting, overview
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import BEGINNING, Desk, List
from services.routing.web.overview_pages import OLDEST
from shared.chassis.base import logs
from shared.chassis.database.pool import Connection, Pool, open_pool, role_of
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from tests.bench.alone import of_processor, postgres
from tests.packs import nanhai

CASES: Final = 1_000_000
AIM: Final = 50.0
"""Milliseconds at the 95th percentile."""
WARM, TIMES = 3, 30
TABLES: Final = ("demand", "assisting_case", "wording", "heard_fact", "journal")
PAGE: Final = 50
EVERYTHING: Final = Filters()
_SHARES: Final[Mapping[str, int]] = {"village": 2, "town": 24, "district": 9}
"""The relative number of cases of a unit of this level."""
_TEXT: Final = """to_char(({}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""

# `h` is random for each case; `OFFSET 0` keeps PostgreSQL from computing it again at each use.
_LIVES: Final = f"""
    INSERT INTO demand (id, version, urges, supports, words_at, escalated_to, state)
    SELECT id, 4, CASE WHEN h / 37 % 12 = 0 THEN h / 41 % 2 ELSE 0 END, CASE WHEN h / 37 % 12 = 0 THEN 1 ELSE 0 END,
        CASE WHEN h / 37 % 12 = 0 THEN now() - interval '10 days' * (h / 43 % 100 / 100.0) END,
        CASE WHEN h / 47 % 20 = 0 THEN helper END, jsonb_strip_nulls(jsonb_build_object(
        'id', id, 'version', 4, 'number', 'NH' || i, 'jurisdiction', 'nanhai', 'channel', 'web',
        'status', CASE WHEN h % 100 = 0 THEN 'triage' ELSE (ARRAY[
            'routed', 'accepted', 'in_progress', 'in_progress', 'in_progress', 'listed'])[1 + h / 100 % 6] END,
        'category', (ARRAY['road-damage', 'parking', 'lift', 'noise', 'housing', 'care'])[1 + h / 7 % 6],
        'division', division, 'title', '校车接送点没有风雨棚' || i, 'contact', id,
        'submitted_at', {_TEXT.format("at")}, 'updated_at', {_TEXT.format("at + interval '1 day'")},
        'unit', CASE WHEN h % 100 > 0 THEN unit END, 'units', jsonb_build_array(unit), 'rule', 'nanhai@1:r1',
        'assisting', CASE WHEN h / 11 % 5 = 0 THEN jsonb_build_array(helper) END,
        'handler', CASE WHEN h / 100 % 6 > 0 THEN '经办' || h / 13 % 10 END,
        'due_at', {_TEXT.format("at + interval '14 days'")},
        'sign_due_at', {_TEXT.format("at + interval '1 day'")},
        'vulnerable', CASE WHEN h / 17 % 20 = 0 THEN true END, 'returns', CASE WHEN h / 19 % 20 = 0 THEN 1 END,
        'reopenings', CASE WHEN h / 23 % 40 = 0 THEN 1 END,
        'paused_at', CASE WHEN h / 29 % 25 = 0 THEN {_TEXT.format("at + interval '2 days'")} END,
        'extension', CASE WHEN h / 31 % 100 = 0 THEN jsonb_build_object('at', {_TEXT.format("at")}, 'by', '陈',
            'unit', unit, 'working_days', 3, 'due_at', {_TEXT.format("at")}, 'reason', '勘测', 'decider', helper) END
    ))
    FROM (
        SELECT i, h, ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS id,
            now() - interval '20 days' * ((h / 3 % 10007) / 10007.0) AS at,
            chosen.unit, chosen.division, chosen.helper
        FROM (
            SELECT i, (hashint8extended(i, 7) & 2147483647)::int AS h FROM generate_series(1, $1::bigint) AS i OFFSET 0
        ) AS drawn JOIN chosen ON chosen.n = h % (SELECT count(*) FROM chosen)
        OFFSET 0
    ) AS life
"""
_BESIDE: Final = (
    "INSERT INTO wording (demand_id, text) SELECT id, repeat(state ->> 'title', 5) FROM demand",
    """
    INSERT INTO heard_fact (id, demand_id, type, source, time, sequence, payload)
    SELECT gen_random_uuid(), id, 'demand.urged.v1', '/services/intake', now(), NULL, '{"reason": "等了十天"}'
    FROM demand WHERE supports > 0
    """,
    """
    INSERT INTO journal (id, aggregatetype, aggregateid, type, source, subject, time, sequence, payload)
    SELECT gen_random_uuid(), 'demand', id, CASE status WHEN 'triage' THEN 'demand.triaged.v1' ELSE 'demand.routed.v2'
        END, '/services/routing', number, now(), 2,
        CASE status WHEN 'triage' THEN '{"reason": "no rule decided"}' ELSE '{"unit": "nh-tax", "rule": "r1"}' END
    FROM demand
    """,
)


async def fill(dsn: str, count: int) -> None:
    """Insert this many open cases into routing's empty tables, and build the indexes afterwards."""
    db = await asyncpg.connect(dsn, server_settings={"search_path": "routing", "role": role_of("routing")})
    try:
        await db.execute("CREATE TEMP TABLE chosen (n bigint, unit text, division text, helper text)")
        await db.copy_records_to_table("chosen", records=_spread(nanhai()))
        await db.execute("ANALYZE chosen")
        indexes = await db.fetch(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'routing' AND tablename = 'demand' AND indexname NOT IN ('demand_pkey')"
        )
        for index in indexes:
            await db.execute(f"DROP INDEX {index['indexname']}")
        await db.execute(_LIVES, count, timeout=1200)
        for index in indexes:
            await db.execute(index["indexdef"], timeout=600)
        for statement in _BESIDE:
            await db.execute(statement, timeout=1200)
    finally:
        await db.close()
    db = await asyncpg.connect(dsn)
    await db.execute(f"VACUUM (ANALYZE) {', '.join(f'routing.{table}' for table in TABLES)}", timeout=1200)
    await db.execute("CHECKPOINT")
    await db.close()


def _spread(pack: Pack) -> Sequence[tuple[int, str, str, str]]:
    """Each unit as often as its share of cases, with a division and an assisting unit."""
    villages = [division.code for division in pack.divisions if division.level == "village"]
    shares = [unit for unit in pack.units for _ in range(_SHARES[unit.level])]
    above = {unit.id: next(iter(pack.units_above(unit.id)), pack.coordinator) for unit in pack.units}
    return [
        (
            n,
            unit.id,
            unit.division_code if unit.division_code in villages else villages[n % len(villages)],
            above[unit.id],
        )
        for n, unit in enumerate(shares)
    ]


def desk_of(units: Sequence[str], pack: Pack) -> Desk:
    """The desk of a person of these units, now."""
    now = datetime.now(UTC)
    return Desk(units, "经办3", pack.id, now, now + timedelta(days=1, hours=8))


Question = Callable[[Connection], Awaitable[Any]]


def questions(pack: Pack, numbers: Sequence[str], ids: Sequence[UUID]) -> Mapping[str, Question]:
    """All queries of the desk, for a village station, a town, a department, a subtree and the whole district."""
    now = datetime.now(UTC)
    station, town = "station-440605011001", "town-440605011000"
    subtree = [town, *(unit.id for unit in pack.units if town in pack.units_above(unit.id))]
    all_units = [unit.id for unit in pack.units]
    by_name: dict[str, Question] = {}

    for level, units in (("station", [station]), ("town", [town]), ("coordinator", [pack.coordinator])):
        for name in List:
            for sort in ("due", "age"):
                page = partial(_page, desk=desk_of(units, pack), name=name, sort=sort)
                by_name[f"{level}: {name} by {sort}"] = page
        by_name[f"{level}: counts"] = partial(worklists.counts, desk=desk_of(units, pack))
    of_town = partial(_page, desk=desk_of([town], pack), name=List.OPEN, sort="due")
    by_name["town: open, one category"] = partial(of_town, filters=Filters(category="noise"))
    by_name["town: open, one handler"] = partial(of_town, filters=Filters(handler="经办4"))
    for level, units in (("subtree", subtree), ("district", all_units)):
        by_name[f"{level}: the longest overdue"] = partial(
            _page, desk=desk_of(units, pack), name=List.OVERDUE, sort="due", limit=OLDEST
        )
        by_name[f"{level}: overview"] = partial(
            overview, units=units, at=now, tomorrow=now + timedelta(days=1, hours=8)
        )
    by_name["counted by the worker, the whole district"] = partial(
        overview_queries.counted, units=all_units, now=now, tomorrow_ends=now + timedelta(days=1, hours=8)
    )
    by_name["case"] = partial(_case, number=numbers[0])
    by_name["triage reasons"] = partial(queries.triage_reasons, ids=ids)
    return by_name


async def _page(
    db: Connection, desk: Desk, name: List, sort: worklists.Sort, filters: Filters = EVERYTHING, limit: int = PAGE
) -> Any:
    return await worklists.page(db, desk, name, sort, filters, BEGINNING, limit)


async def _case(db: Connection, number: str) -> None:
    stored = await queries.case(db, number)
    assert stored
    await queries.merged_into(db, stored.demand.id)
    await queries.similar(db, stored.demand)
    await queries.status_facts(db, stored.demand.id)


class Taken(NamedTuple):
    """Milliseconds at the 95th percentile: elapsed time, and processor time here and in PostgreSQL."""

    passed: float
    worked: float


async def p95(pool: Pool, question: Question, times: int = TIMES) -> Taken:
    """The times of one query, repeated on one connection."""
    passed, worked = [], []
    async with pool.acquire() as db:
        pid = await db.fetchval("SELECT pg_backend_pid()")
        for _ in range(WARM + times):
            began, worked_before = perf_counter(), process_time() + of_processor(pid)
            await question(db)
            passed.append((perf_counter() - began) * 1000)
            worked.append((process_time() + of_processor(pid) - worked_before) * 1000)
    return Taken(quantiles(passed[WARM:], n=20)[-1], quantiles(worked[WARM:], n=20)[-1])


async def measure(count: int, times: int = TIMES) -> Mapping[str, Taken]:
    """Milliseconds at the 95th percentile of every query, with this many open cases."""
    async with postgres() as dsn:
        await fill(dsn, count)
        async with await open_pool(dsn, "routing", size=1) as pool:
            return await asked(pool, times)


async def asked(pool: Pool, times: int = TIMES) -> Mapping[str, Taken]:
    """The same with the existing cases."""
    await LoadCounting.over(pool, Jurisdictions([nanhai()])).turn()
    rows = await pool.fetch("SELECT number FROM demand WHERE unit = 'station-440605011001' ORDER BY id DESC LIMIT 1")
    ids = await pool.fetch("SELECT id FROM demand WHERE status = 'triage' ORDER BY id LIMIT 50")
    queries = questions(nanhai(), [row["number"] for row in rows], [row["id"] for row in ids])
    return {name: await p95(pool, question, times) for name, question in queries.items()}


async def main(count: int) -> None:
    """Print the figures, the slowest first."""
    figures = await measure(count)
    print(f"{count:,} open cases, ms at the 95th percentile: passed, and of the processor; aim < {AIM:.0f}")
    for name, taken in sorted(figures.items(), key=lambda named: -named[1].worked):
        print(f"{taken.passed:8.1f} {taken.worked:8.1f}  {name}")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else CASES))
