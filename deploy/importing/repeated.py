"""Finds rows with the same external id in a file, and compares them: equal, continued with more steps, or different."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from services.intake.submission.domain import RecordedDemand

_SIZE: Final = 8
"""The bytes of a digest. Digests are salted, so that the content of a row cannot be guessed from them."""


class Repetition(Enum):
    """How a row compares to an earlier row with the same id."""

    THE_SAME = "the same, or an earlier state of it"
    FURTHER = "the same with more steps"
    OTHER = "something else"


class Before(NamedTuple):
    """The line of the first row with the id, and how this row compares to it."""

    line: int
    repetition: Repetition


class References:
    """The external ids of a file, in a temporary database on disk, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._salt = os.urandom(16)
        self._rows = sqlite3.connect("")  # an empty name makes a temporary file that is deleted when it is closed
        self._rows.execute("CREATE TABLE earlier (number BLOB PRIMARY KEY, line INTEGER, states BLOB) WITHOUT ROWID")

    def close(self) -> None:
        """Delete the temporary database."""
        self._rows.close()

    def before(self, demand: RecordedDemand, line: int) -> Before | None:
        """The earlier row with the same id, or None; stores this row."""
        number = self._digest(b"", demand.external_id.encode())
        states = b"".join(self._states(demand))
        earlier = self._rows.execute("SELECT line, states FROM earlier WHERE number = ?", (number,)).fetchone()
        if earlier is None:
            self._rows.execute("INSERT INTO earlier VALUES (?, ?, ?)", (number, line, states))
            return None
        first_line, earlier_states = earlier
        if earlier_states.startswith(states):
            return Before(first_line, Repetition.THE_SAME)
        if states.startswith(earlier_states):
            self._rows.execute("UPDATE earlier SET states = ? WHERE number = ?", (states, number))
            return Before(first_line, Repetition.FURTHER)
        return Before(first_line, Repetition.OTHER)

    def _states(self, demand: RecordedDemand) -> Iterator[bytes]:
        """Digests of the row without its steps, then with its first step, with its first two steps, and so on."""
        digest = self._digest(b"", demand.model_dump_json(exclude={"history"}).encode())
        yield digest
        for step in demand.history:
            digest = self._digest(digest, step.model_dump_json().encode())
            yield digest

    def _digest(self, before: bytes, content: bytes) -> bytes:
        return hashlib.blake2b(before + content, digest_size=_SIZE, key=self._salt).digest()
