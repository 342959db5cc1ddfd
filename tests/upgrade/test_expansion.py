"""Migrations widen first and take away in a later version, so that the version before runs beside the new schema."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from deploy.cli.services import manifests
from shared.chassis.database.migrate import migrate
from tests.conftest import Server, fresh_database
from tests.upgrade.catalog import Catalog, narrowed, read
from tests.upgrade.conftest import schemas_of
from tests.upgrade.expansion import made_by, unseen_steps
from tests.upgrade.released import digest, of_today, released

_SECONDS: Final = "its indexes are built within seconds for a million demands, and writers wait so long"
LOOKED_AT: Final = {
    "20261130400000_desk": _SECONDS,
    "20261130500000_fast_lists": _SECONDS,
    "20261201120000_gateways": _SECONDS,
    "20261201130000_publication": _SECONDS,
    "20261201140000_lists_in_columns": "writes the table anew; docs/operating/upgrades.md says how long writers wait",
    "20261204600000_finished": "writes the table anew, as the one before; docs/operating/upgrades.md says how long",
}
"""Files whose steps were looked at, and why the version before lives with them."""
_ANEW: Final = "docs/operating/upgrades.md says how long its writers wait"
REWRITTEN: Final = {
    "20261130400000_desk demand": _ANEW,
    "20261201140000_lists_in_columns demand": _ANEW,
    "20261204600000_finished demand": _ANEW,
}
"""Files and the tables that they write anew row by row, and why the version before lives with that."""
NARROWER: Final = {"intent": "its states are two more, delivered and cancelled: every row of the version before fits"}
"""Tables, in every schema, on which the version before is refused something, and why it lives with that."""


def newer() -> Iterator[Path]:
    """The migrations of this version: those that the version before did not have."""
    known = released()
    yield from (path for name, path in of_today() if name not in known)


@lru_cache
def made_since() -> frozenset[str]:
    """Tables that the version before does not know."""
    return frozenset().union(*(made_by(path.read_text("utf-8")) for path in newer()))


@pytest.mark.parametrize("path", list(newer()), ids=lambda path: path.stem)
def test_a_migration_empties_nothing_and_keeps_no_writer_waiting(path: Path):
    steps = list(unseen_steps(path.read_text("utf-8"), made_since()))
    if path.stem in LOOKED_AT:
        assert steps, f"{path.stem} is allowed what it does not do: take it off the list"
    else:
        assert not steps, f"{path.name}: {steps}; do it in the version after, or say in LOOKED_AT why nobody notices"


async def test_a_migration_writes_no_table_anew_that_the_version_before_uses(
    postgres: Server, tmp_path_factory: pytest.TempPathFactory
):
    """Writers wait until the last row is written; PostgreSQL itself says which table it is."""
    async with fresh_database(postgres, "template1") as database:
        await schemas_of(database, tmp_path_factory.mktemp("before"), released())
        async with connected(database) as db:
            await db.execute(WATCH_REWRITES)
            for service in manifests():
                await migrate(database, service.name, service.migrations)
            rows = await db.fetch("SELECT relation, statement FROM public.rewritten")
    assert {f"{_written_in(row['statement'])} {row['relation']}" for row in rows} == REWRITTEN.keys()


WATCH_REWRITES: Final = """
    CREATE TABLE public.rewritten (relation text, statement text);
    CREATE FUNCTION public.note_rewritten() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO public.rewritten
            SELECT relname, current_query() FROM pg_class WHERE oid = pg_event_trigger_table_rewrite_oid();
    END
    $$;
    CREATE EVENT TRIGGER watch_rewrites ON table_rewrite EXECUTE FUNCTION public.note_rewritten();
"""


def _written_in(statement: str) -> str:
    """The migration that a statement is of."""
    words = " ".join(statement.split())
    return next(path.stem for path in newer() if words in " ".join(path.read_text("utf-8").split()))


def test_a_migration_that_was_released_is_never_changed():
    today = dict(of_today())
    assert released(), "the version before had some"
    for name, known in released().items():
        assert name in today, f"{name} was released and is gone: installations have applied it"
        assert digest(today[name]) == known, f"{name} was released: change what it made in a new file"


@pytest.fixture(scope="module")
async def before(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The schemas of the version before."""
    async with fresh_database(postgres, "template1") as database:
        await schemas_of(database, tmp_path_factory.mktemp("before"), released())
        async with connected(database) as db:
            return await read(db)


@pytest.fixture
async def db(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the schemas of this version, as feedback."""
    async with connected(database) as found:
        await found.execute("SET search_path = feedback")
        yield found


@asynccontextmanager
async def connected(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that is closed at the end."""
    found = await asyncpg.connect(database)
    try:
        yield found
    finally:
        await found.close()


async def test_the_schema_of_today_takes_nothing_away_that_the_version_before_uses(
    before: Catalog, db: asyncpg.Connection
):
    lines = list(narrowed(before, await read(db)))
    unforeseen = [line for line in lines if not any(f".{table} " in line for table in NARROWER)]
    assert not unforeseen, f"{unforeseen}; do it in the version after, or say in NARROWER why nobody notices"
    for table in NARROWER:
        assert any(f".{table} " in line for line in lines), f"{table} is allowed what it does not do: take it off"


STEPS: Final = {
    "DROP TABLE demand": "feedback.demand is gone",
    "ALTER TABLE demand DROP COLUMN state": "feedback.demand.state is gone",
    "ALTER TABLE demand RENAME version TO edition": "feedback.demand.version is gone",
    "ALTER TABLE demand ALTER version TYPE text": "feedback.demand.version is text",
    "ALTER TABLE demand ADD needed text NOT NULL": "feedback.demand.needed is new and needed, and has no default",
    "ALTER TABLE dead_letter ALTER redriven_at SET NOT NULL": "feedback.dead_letter.redriven_at refuses rows",
    "ALTER TABLE journal ALTER position DROP IDENTITY": "feedback.journal.position refuses rows without it",
    "ALTER TABLE demand ADD CHECK (version > 0)": "feedback.demand refuses rows that it took before: CHECK",
    "CREATE UNIQUE INDEX own ON demand (version)": "feedback.demand refuses rows that it took before: unique (version)",
    "ALTER TABLE demand DROP CONSTRAINT demand_pkey": "feedback.demand lost what ON CONFLICT names: unique (id)",
    "ALTER TYPE ledger_row ADD ATTRIBUTE fresh text": "feedback.ledger_row is another row type",
    "ALTER TABLE demand ADD needed text NOT NULL DEFAULT ''": "",
    "ALTER TABLE demand ADD free text": "",
    "CREATE INDEX own ON demand (version)": "",
    "CREATE TABLE fresh (id int PRIMARY KEY CHECK (id > 0))": "",
}
"""Steps of a migration in the schema of feedback, and how what they take away is said."""


async def test_what_takes_away_is_found(db: asyncpg.Connection):
    as_it_is = await read(db)
    assert not list(narrowed(as_it_is, as_it_is))
    for step, words in STEPS.items():
        undone = db.transaction()
        await undone.start()
        await db.execute(step)
        lines = list(narrowed(as_it_is, await read(db)))
        await undone.rollback()
        assert any(line.startswith(words) for line in lines) if words else not lines, f"{step}: {lines}"


@pytest.mark.parametrize(
    ("step", "is_one"),
    [
        ("DROP TABLE opt_out; CREATE TABLE opt_out (a int)", False),
        ("DROP TABLE opt_out", True),
        ("TRUNCATE opt_out", True),
        ("CREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE demand", False),
        ("-- DROP TABLE opt_out", False),
        ("CREATE INDEX i ON demand (a)", True),
        ("CREATE INDEX CONCURRENTLY i ON demand (a)", False),
        ("CREATE TABLE fresh (a int); CREATE UNIQUE INDEX i ON fresh (a)", False),
        ("CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN TRUNCATE x; END $$ LANGUAGE plpgsql", False),
        ("DROP INDEX demand_work", False),
    ],
)
def test_what_no_comparison_shows_is_found(step: str, is_one: bool):
    assert bool(list(unseen_steps(step))) is is_one, list(unseen_steps(step))
