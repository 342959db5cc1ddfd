"""Tells when a number stands twice in a file, and whether the later row says the same, goes on, or contradicts."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from services.intake.submission.domain import RecordedDemand

_SIZE: Final = 8
"""Bytes of a digest: salted, so that nobody can try out what was in a row."""


class Repetition(Enum):
    """What a row with a number that stood before is."""

    THE_SAME = "the same, or an earlier state of it"
    FURTHER = "the same with more steps"
    OTHER = "something else"


class Before(NamedTuple):
    """Where the number stood first, and what the row is beside it."""

    line: int
    repetition: Repetition


class References:
    """The numbers of a file. They lie in a temporary database on disk: memory does not grow with the file."""

    def __init__(self) -> None:
        self._salt = os.urandom(16)
        self._rows = sqlite3.connect("")  # an empty name: a file of its own that is removed when it is closed
        self._rows.execute("CREATE TABLE stood (number BLOB PRIMARY KEY, line INTEGER, states BLOB) WITHOUT ROWID")

    def close(self) -> None:
        """Forget all."""
        self._rows.close()

    def before(self, demand: RecordedDemand, line: int) -> Before | None:
        """None for a number that has not stood before; the row is remembered."""
        number = self._digest(b"", demand.external_id.encode())
        states = b"".join(self._states(demand))
        stood = self._rows.execute("SELECT line, states FROM stood WHERE number = ?", (number,)).fetchone()
        if stood is None:
            self._rows.execute("INSERT INTO stood VALUES (?, ?, ?)", (number, line, states))
            return None
        first, known = stood
        if known.startswith(states):
            return Before(first, Repetition.THE_SAME)
        if states.startswith(known):
            self._rows.execute("UPDATE stood SET states = ? WHERE number = ?", (states, number))
            return Before(first, Repetition.FURTHER)
        return Before(first, Repetition.OTHER)

    def _states(self, demand: RecordedDemand) -> Iterator[bytes]:
        """The row without its steps, then with one more at a time: each by a digest of all before it."""
        digest = self._digest(b"", demand.model_dump_json(exclude={"history"}).encode())
        yield digest
        for step in demand.history:
            digest = self._digest(digest, step.model_dump_json().encode())
            yield digest

    def _digest(self, before: bytes, content: bytes) -> bytes:
        return hashlib.blake2b(before + content, digest_size=_SIZE, key=self._salt).digest()
