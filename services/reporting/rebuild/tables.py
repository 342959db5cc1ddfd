"""Lists the tables of reporting that are made of facts, and replaces them by the rebuilt ones."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from shared.chassis.database.pool import Connection

IN_USE: Final = "reporting"
ANEW: Final = "reporting_rebuild"
"""The schemas of the tables in use and of the tables being rebuilt."""

DERIVED: Final = (
    "demand_facts", "fact", "cohort", "flow", "owed", "cohort_sum", "flow_sum", "channel", "agreement",
    "parked", "note_seen", "progress",
)  # fmt: skip
"""Tables that are made of facts alone, so that the log decides what they hold; they are replaced together."""
SUMMED: Final = ("cohort_whole", "flow_whole")
"""SQL views over some of these tables."""
KEPT: Final = (
    "journal", "dead_letter", "command_answer", "relay_cursor", "relay_lease", "lease", "reader_log", "timer", "intent",
    "intent_reached", "gateway_circuit", "process", "staff_revocation", "schema_migrations",
)  # fmt: skip
"""Tables that stay: what reporting has recorded and sent, and what an operator has decided."""


async def replace(db: Connection) -> None:
    """Replace the tables in use by the rebuilt ones, and drop the old ones. Must run in a transaction that has locked
    all of them, see `locks`.

    Grants to other roles are kept. The tables move to the schema in use; types and functions stay, so that open
    connections need not learn anything new.
    """
    grants = await _grants(db)
    for view in SUMMED:
        await db.execute(f"DROP VIEW {IN_USE}.{view}")
    for table in DERIVED:
        await db.execute(f"DROP TABLE {IN_USE}.{table}")
        await db.execute(f"ALTER TABLE {ANEW}.{table} SET SCHEMA {IN_USE}")
    for view in SUMMED:
        await db.execute(f"ALTER VIEW {ANEW}.{view} SET SCHEMA {IN_USE}")
    for grant in grants:
        await db.execute(grant)
    await _keep_dead_letters(db)
    await db.execute(f"DROP SCHEMA {ANEW} CASCADE")


async def _grants(db: Connection) -> Sequence[str]:
    """The grants of an operator on these tables and views, as SQL statements."""
    rows = await db.fetch(
        """
        SELECT format('GRANT %s ON %s TO %s%s', privilege_type, pg_class.oid::regclass,
            CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
            CASE WHEN is_grantable THEN ' WITH GRANT OPTION' END) AS grant
        FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = $1::regnamespace AND relname = ANY($2) AND grantee <> relowner
        """,
        IN_USE,
        [*DERIVED, *SUMMED],
    )
    return [row["grant"] for row in rows]


async def dependent_views(db: Connection) -> Sequence[str]:
    """Views of an operator that depend on these tables; they would block the replacement."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ev_class::regclass::text AS view
        FROM pg_depend JOIN pg_rewrite ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
            JOIN pg_class AS used ON refclassid = 'pg_class'::regclass AND refobjid = used.oid
            JOIN pg_class AS asking ON ev_class = asking.oid
        WHERE used.relnamespace = $1::regnamespace AND used.relname = ANY($2)
            AND (asking.relnamespace <> $1::regnamespace OR asking.relname <> ALL($3))
        """,
        IN_USE,
        [*DERIVED, *SUMMED],
        list(SUMMED),
    )
    return sorted(row["view"] for row in rows)


async def _keep_dead_letters(db: Connection) -> None:
    """Copy records that failed in the rebuild to the dead letters in use, unless they are there, so that they can be
    retried."""
    await db.execute(
        f"""
        INSERT INTO {IN_USE}.dead_letter (topic, partition, "offset", cluster_id, record, cause, happened_at)
        SELECT topic, partition, "offset", cluster_id, record, cause, happened_at FROM {ANEW}.dead_letter
        ON CONFLICT DO NOTHING
        """  # noqa: S608 (two constants)
    )


async def analyze(db: Connection) -> None:
    """Update the planner's statistics of the new tables before they are read."""
    for table in DERIVED:
        await db.execute(f"ANALYZE {ANEW}.{table}")


async def drop(db: Connection) -> None:
    """Drop the rebuilt tables; the tables in use stay."""
    await db.execute(f"DROP SCHEMA IF EXISTS {ANEW} CASCADE")


async def migrations(db: Connection, schema: str) -> list[str]:
    """The migrations that were applied to a schema."""
    try:
        rows = await db.fetch(f"SELECT version FROM {schema}.schema_migrations ORDER BY version")  # noqa: S608 (constants)
    except asyncpg.UndefinedTableError:
        return []
    return [row["version"] for row in rows]
