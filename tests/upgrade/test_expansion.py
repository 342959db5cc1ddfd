"""Migrations widen first and take away in a later version, so that the version before runs beside the new schema."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest

from deploy.cli.services import manifests
from shared.chassis.database.migrate import CHASSIS
from tests.upgrade.conftest import LAST
from tests.upgrade.expansion import contract_steps, made_by

_SECONDS: Final = "its indexes are built within seconds for a million demands, and writers wait so long"
ALLOWED: Final = {
    "20261129220300_messages_are_intents": "triggers turn what workers of before write into intents (ADR 27)",
    "20261129250000_parked_by_stream": "what workers of before park meanwhile is a dead letter: redrive it",
    "20261130400000_desk": _SECONDS,
    "20261130500000_fast_lists": _SECONDS,
    "20261201130000_publication": _SECONDS,
    "20261201140000_lists_in_columns": "writes the table anew; docs/operating/upgrades.md says how long writers wait",
}
"""Files whose steps were looked at, and why the version before lives with them."""


def newer() -> Iterator[Path]:
    """The migrations of this version: those that the version before did not have."""
    for folder in (CHASSIS, *(service.migrations for service in manifests())):
        yield from (path for path in sorted(folder.glob("*.sql")) if path.name > LAST)


@lru_cache
def made_since() -> frozenset[str]:
    """Tables and row types that the version before does not know."""
    return frozenset().union(*(made_by(path.read_text("utf-8")) for path in newer()))


@pytest.mark.parametrize("path", list(newer()), ids=lambda path: path.stem)
def test_a_migration_takes_nothing_away_that_the_version_before_uses(path: Path):
    steps = list(contract_steps(path.read_text("utf-8"), made_since()))
    if path.stem in ALLOWED:
        assert steps, f"{path.stem} is allowed what it does not do: take it off the list"
    else:
        assert not steps, f"{path.name}: {steps}; do it in the version after, or say in ALLOWED why nobody notices"


@pytest.mark.parametrize(
    ("step", "is_one"),
    [
        ("DROP TABLE opt_out", True),
        ("CREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE demand", False),
        ("-- DROP TABLE opt_out", False),
        ("ALTER TABLE demand DROP COLUMN a", True),
        ("ALTER TABLE demand RENAME a TO b", True),
        ("ALTER TABLE demand ALTER COLUMN a TYPE bigint", True),
        ("ALTER TABLE demand ALTER COLUMN a SET NOT NULL", True),
        ("ALTER TABLE demand ADD COLUMN a text NOT NULL", True),
        ("ALTER TABLE demand ADD COLUMN a text NOT NULL DEFAULT 'x'", False),
        ("ALTER TABLE demand ADD COLUMN a text NOT NULL GENERATED ALWAYS AS (lower(b)) STORED", False),
        ("ALTER TABLE demand ADD COLUMN a numeric(4, 2) NOT NULL, ADD COLUMN b text DEFAULT 'x'", True),
        ("ALTER TABLE demand ADD COLUMN a text", False),
        ("ALTER TABLE demand ADD CONSTRAINT c CHECK (a > 0)", True),
        ("ALTER TABLE parked DROP CONSTRAINT parked_pkey, ADD PRIMARY KEY (a, b)", True),
        ("ALTER TYPE demand_row ADD ATTRIBUTE a text", True),
        ("CREATE INDEX i ON demand (a)", True),
        ("CREATE INDEX CONCURRENTLY i ON demand (a)", False),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON demand (a)", True),
        ("CREATE TABLE fresh (a int); CREATE UNIQUE INDEX i ON fresh (a); ALTER TABLE fresh ADD CHECK (a > 0)", False),
        ("CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DROP TABLE x; END $$ LANGUAGE plpgsql", False),
        ("DROP INDEX demand_work", False),
    ],
)
def test_what_takes_away_is_found(step: str, is_one: bool):
    assert bool(list(contract_steps(step))) is is_one, list(contract_steps(step))
