"""Finds in the text of a migration what no comparison of schemas shows: data that goes, and writers that wait."""

import re
from collections.abc import Collection, Iterator
from typing import Final

_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_BODY: Final = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_MADE: Final = re.compile(r"^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?([\w.]+)", re.IGNORECASE)
_EMPTIED: Final = re.compile(r"^(?:DROP|TRUNCATE) (?:TABLE )?(?:IF EXISTS )?([\w.]+)", re.IGNORECASE)
_INDEXED: Final = re.compile(r"^CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (?:ONLY )?([\w.]+)", re.IGNORECASE)


def made_by(migration: str) -> frozenset[str]:
    """The tables that a migration makes; pure."""
    return frozenset(match[1] for statement in _statements(migration) if (match := _MADE.match(statement)))


def unseen_steps(migration: str, unknown: Collection[str] = ()) -> Iterator[str]:
    """In words, each step that empties a table that the version before uses, or makes its writers wait; pure.

    What the same migration makes, and `unknown` tables, are not used by the version before.
    """
    own = {*unknown, *made_by(migration)}
    for statement in _statements(migration):
        short = statement if len(statement) < 90 else f"{statement[:87]}..."
        if (emptied := _EMPTIED.match(statement)) and statement.upper().startswith(("DROP TABLE", "TRUNCATE")):
            yield from () if emptied[1] in own else (f"empties what it may read: {short}",)
        if (indexed := _INDEXED.match(statement)) and indexed[2] not in own and not indexed[1]:
            yield f"keeps writers waiting while the index is built: CONCURRENTLY, in a file of its own: {short}"


def _statements(migration: str) -> Iterator[str]:
    up, _, _ = migration.partition("-- migrate:down")
    plain = _BODY.sub("''", _COMMENT.sub("", up))
    for statement in plain.split(";"):
        if words := " ".join(statement.split()):
            yield words
