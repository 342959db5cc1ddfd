"""Creates any number of demands of some years in reporting's views by SQL, with the projector's counters."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg

from services.reporting.figures import sum_queries
from services.reporting.figures.rollup import LEVELS
from shared.chassis.database.pool import role_of
from shared.contracts.demand.state import OWED
from tests.packs import nanhai

YEARS: Final = 2
TABLES: Final = ("demand_facts", "cohort", "cohort_sum", "flow", "flow_sum", "owed")
MOST: Final = 100_000_000
Tree = Mapping[str, Mapping[str, Sequence[str]]]
CHANNELS: Final = ["web", "wechat", "hotline", "visit", "broadcast", "import"]

# The state depends on the age: demands older than a month have ended except three in a thousand, recent ones are in
# work.
# `OFFSET 0` keeps PostgreSQL from computing a column again at each use.
_LIVES: Final = """
    CREATE TEMP TABLE life AS
    SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS id, i, at, day,
        date_trunc('month', day)::date AS month, day + 15 - interval '8 hours 1 second' AS due,
        division.code AS division, category.code AS category, unit.code AS unit, channel.code AS channel,
        (h / 17 % 10 = 0)::int AS returns, (h / 19 % 40 = 0)::int AS reopenings,
        CASE WHEN standing IN ('closed/confirmed', 'closed/unrated') THEN at + (1 + h / 23 % 18) * interval '1 day' END
            AS resolved,
        CASE standing WHEN 'closed/confirmed' THEN 1 + h / 29 % 5 END AS rating, standing
    FROM (
        SELECT *, (at AT TIME ZONE 'Asia/Shanghai')::date AS day, CASE
            WHEN h / 31 % 1000 < 3 THEN 'in_progress'
            WHEN ending - at < interval '20 days' THEN ('{routed,accepted,in_progress}'::text[])[1 + h % 3]
            WHEN h / 37 % 50 < 5
            THEN ('{closed/declined,closed/withdrawn,merged,closed/unrated,closed/unrated}'::text[])[1 + h / 37 % 50]
            ELSE 'closed/confirmed'
        END AS standing
        FROM (
            SELECT span.*, i, date_trunc('second', ending - (count - i) * (interval '1 year' * years / count)) AS at,
                (hashint8extended(i, 7) & 2147483647)::int AS h
            FROM span, generate_series(1, count) AS i OFFSET 0
        ) AS raised OFFSET 0
    ) AS stands
"""
_CHOSEN: Final = {"division": 1, "category": 7, "unit": 11, "channel": 13}
_JOINS: Final = "\n".join(
    f"JOIN named AS {what} ON {what}.what = '{what}'"
    f" AND {what}.n = h / {apart} % (SELECT count(*) FROM named WHERE what = '{what}')"
    for what, apart in _CHOSEN.items()
)
_SPAN: Final = "CREATE TEMP TABLE span AS SELECT {}::bigint AS count, {} AS years, now() AS ending"
_NAMED: Final = """
    CREATE TEMP TABLE named AS
    SELECT what, row_number() OVER same - 1 AS n, code
    FROM told WINDOW same AS (PARTITION BY what ORDER BY code)
"""
_TEXT: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
_STATES: Final = f"""
    INSERT INTO demand_facts (id, version, state)
    SELECT id, 7, jsonb_strip_nulls(jsonb_build_object(
        'id', id, 'version', 7, 'status', split_part(standing, '/', 1),
        'outcome', nullif(split_part(standing, '/', 2), ''), 'number', 'NH' || i, 'jurisdiction', 'nanhai',
        'channel', channel, 'category', category, 'division', division, 'title', '校车接送点没有风雨棚' || i,
        'contact', id, 'submitted_at', {_TEXT.format("at")}, 'updated_at', {_TEXT.format("at")},
        'unit', unit, 'units', jsonb_build_array(unit), 'rule', 'r1', 'due_at', {_TEXT.format("due")},
        'returns', nullif(returns, 0), 'reopenings', nullif(reopenings, 0),
        'resolved_at', {_TEXT.format("resolved")}, 'rating', rating
    ))
    FROM life ORDER BY i
"""
_MEASURED: Final = """
    CREATE TEMP TABLE measured AS
    SELECT month, division, category, unit, channel, unnest(array_remove(ARRAY[
        'status:' || standing, CASE WHEN returns > 0 THEN 'returned' END, CASE WHEN reopenings > 0 THEN 'reopened' END,
        'rating:' || rating, CASE WHEN resolved > due THEN 'late' WHEN resolved <= due THEN 'on-time' END
    ], NULL)) AS measure
    FROM life
"""
_CHANGED: Final = """
    CREATE TEMP TABLE changed AS
    SELECT day, division, category, unit, channel, 'collected' AS measure FROM life
    UNION ALL SELECT (resolved AT TIME ZONE 'Asia/Shanghai')::date, division, category, unit, channel, 'completed'
    FROM life WHERE resolved IS NOT NULL
"""
_OWED: Final = """
    INSERT INTO owed SELECT 'nanhai', due, count(*) FROM life WHERE standing = ANY($1) GROUP BY due
"""
_COUNTERS: Final = (("cohort", "month", "measured"), ("flow", "day", "changed"))


async def fill(dsn: str, count: int) -> None:
    """Empty the views, then insert `count` demands that were raised evenly up to now."""
    db = await asyncpg.connect(dsn, server_settings={"search_path": "reporting", "role": role_of("reporting")})
    try:
        await db.execute(f"TRUNCATE fact, {', '.join(TABLES)}")
        above = await _name(db)
        await db.execute(_SPAN.format(count, YEARS))
        await db.execute(_LIVES + _JOINS)
        await _state(db)
        for statement in (_MEASURED, _CHANGED):
            await db.execute(statement)
        await db.execute(_OWED, sorted(OWED))
        for table, period, source in _COUNTERS:
            await _count(db, table, period, source, above)
            await sum_queries.move(db, table, LEVELS[table], MOST)
    finally:
        await db.close()
    await _vacuum(dsn)


async def _name(db: asyncpg.Connection) -> Tree:
    """Insert the divisions and categories to choose from; returns the ancestors of each."""
    pack = nanhai()
    villages = [place.code for place in pack.divisions if place.level == "village"]
    categories = [leaf_category.code for leaf_category in pack.leaf_categories]
    units = [unit.id for unit in pack.units]
    chosen = {"division": villages, "category": categories, "unit": units, "channel": CHANNELS}
    await db.execute("CREATE TEMP TABLE told (what text, code text)")
    await db.copy_records_to_table("told", records=[(what, code) for what, codes in chosen.items() for code in codes])
    await db.execute(_NAMED)
    await db.execute("ANALYZE named")
    return {
        "division": {place: pack.ancestors(place) for place in villages},
        "category": {subject: pack.category_ancestors(subject) for subject in categories},
    }


async def _state(db: asyncpg.Connection) -> None:
    """Insert the demands, and build the indexes afterwards."""
    indexes = await db.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'demand_facts' AND indexname <> $1",
        "demand_facts_pkey",
    )
    for index in indexes:
        await db.execute(f"DROP INDEX {index['indexname']}")
    await db.execute(_STATES)
    for index in indexes:
        await db.execute(index["indexdef"])


async def _count(db: asyncpg.Connection, table: str, period: str, source: str, above: Tree) -> None:
    into = f"INSERT INTO {table} (jurisdiction, dimension, {period}, key, measure, n)"
    for dimension, key in (("all", "''"), ("unit", "unit"), ("channel", "channel")):
        await db.execute(
            f"{into} SELECT 'nanhai', '{dimension}', {period}, {key}, measure, count(*) FROM {source} GROUP BY 3, 4, 5"
        )
    for dimension, tree in above.items():
        pairs = [(below, one) for below, ones in tree.items() for one in ones]
        await db.execute(
            f"""
            {into} SELECT 'nanhai', '{dimension}', {period}, tree.above, measure, sum(n)
            FROM (SELECT {period}, {dimension}, measure, count(*) AS n FROM {source} GROUP BY 1, 2, 3) AS leaves
            JOIN unnest($1::text[], $2::text[]) AS tree (below, above) ON tree.below = leaves.{dimension}
            GROUP BY 3, 4, 5
            """,
            *map(list, zip(*pairs, strict=True)),
        )


async def _vacuum(dsn: str) -> None:
    db = await asyncpg.connect(dsn)
    await db.execute(f"VACUUM (ANALYZE) {', '.join(f'reporting.{table}' for table in TABLES)}")
    await db.execute("CHECKPOINT")
    await db.close()
