"""Finds in a migration what the version before could not live with while both run: steps that take something away."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_BODY: Final = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'", re.DOTALL)
_MADE: Final = re.compile(r"CREATE (?:UNLOGGED )?(?:TABLE|TYPE) (?:IF NOT EXISTS )?([\w.]+)", re.IGNORECASE)
_NAMED: Final = re.compile(r"^(?:DROP|ALTER) (?:TABLE|TYPE) (?:IF EXISTS )?([\w.]+)", re.IGNORECASE)
_ALTERED: Final = re.compile(r"^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?([\w.]+)", re.IGNORECASE)
_INDEXED: Final = re.compile(r"^CREATE (UNIQUE )?INDEX (CONCURRENTLY )?.*? ON (?:ONLY )?([\w.]+)", re.IGNORECASE)
_TAKEN_AWAY: Final[Mapping[str, str]] = {
    r"^DROP (?:TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|TYPE|SCHEMA|SEQUENCE|TRIGGER|DOMAIN)\b": "drops what it may use",
    r"^TRUNCATE\b": "empties what it may use",
    r"^ALTER TYPE .*\bATTRIBUTE\b": "changes a row type that it writes with: make another type",
    r"\bRENAME\b": "renames what it may use: add the new name beside the old one",
}
_OF_A_TABLE: Final[Mapping[str, str]] = {
    r"\bDROP COLUMN\b": "drops a column that it may use",
    r"\bALTER COLUMN \w+ (?:SET DATA )?TYPE\b": "changes a column's type",
    r"\bALTER COLUMN \w+ SET NOT NULL\b": "refuses rows that it writes without the column",
    r"\bALTER COLUMN \w+ DROP DEFAULT\b": "refuses rows that it writes without the column",
    r"\bADD (?:CONSTRAINT \w+ )?(?:CHECK|UNIQUE|FOREIGN KEY|EXCLUDE)\b": "refuses rows that it may write",
    r"\bADD (?:CONSTRAINT \w+ )?PRIMARY KEY\b": "changes the key that its ON CONFLICT names",
    r"\bDROP CONSTRAINT \w+_(?:pkey|key)\b": "drops the key that its ON CONFLICT names",
}
_ADDED: Final = re.compile(r"\bADD COLUMN (?:IF NOT EXISTS )?(\w+)((?:[^,(]|\([^)]*\))*)", re.IGNORECASE)
_FILLED: Final = re.compile(r"\b(?:DEFAULT|GENERATED)\b", re.IGNORECASE)


def made_by(migration: str) -> frozenset[str]:
    """The tables and row types that a migration makes; pure."""
    return frozenset(match[1] for statement in _statements(migration) if (match := _MADE.match(statement)))


def contract_steps(migration: str, unknown: Collection[str] = ()) -> Iterator[str]:
    """In words, each step that the version before may not survive or that makes its writers wait; pure.

    What the same migration makes, and `unknown` tables and types, are not used by the version before.
    """
    own = {*unknown, *made_by(migration)}
    for statement in _statements(migration):
        short = statement if len(statement) < 90 else f"{statement[:87]}..."
        yield from (f"{why}: {short}" for why in _wrong(statement, own))


def _statements(migration: str) -> Iterator[str]:
    up, _, _ = migration.partition("-- migrate:down")
    plain = _BODY.sub("''", _COMMENT.sub("", up))
    for statement in plain.split(";"):
        if words := " ".join(statement.split()):
            yield words


def _wrong(statement: str, own: Collection[str]) -> Iterator[str]:
    if (named := _NAMED.match(statement)) and named[1] in own:
        return
    yield from (why for pattern, why in _TAKEN_AWAY.items() if re.search(pattern, statement, re.IGNORECASE))
    if (altered := _ALTERED.match(statement)) and altered[1] not in own:
        yield from (why for pattern, why in _OF_A_TABLE.items() if re.search(pattern, statement, re.IGNORECASE))
        for name, rest in _ADDED.findall(statement):
            if re.search(r"\bNOT NULL\b", rest, re.IGNORECASE) and not _FILLED.search(rest):
                yield f"refuses rows that it writes without {name}: give it a default"
    if (indexed := _INDEXED.match(statement)) and indexed[3] not in own:
        if indexed[1]:
            yield "refuses rows that it may write"
        if not indexed[2]:
            yield "keeps writers waiting while the index is built: CONCURRENTLY, in a file of its own"
