"""Reads and writes the cursors of the list of demands, which is ordered by time."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from shared.chassis.http import pagination

Cursor = Annotated[str, Query(max_length=96, description="`next` of the page before")]
_ID: Final = 16


@dataclass(frozen=True, slots=True)
class DemandCursor:
    """The place of a cursor: after this moment (UTC text, as it is stored) and this demand."""

    at: str
    id: UUID

    @classmethod
    def of(cls, place: bytes) -> "DemandCursor":
        """Decode a cursor that `written` made; raises `ValueError`."""
        return cls(place[_ID:].decode("ascii").replace("\0", ""), UUID(bytes=place[:_ID]))


BEGINNING: Final = DemandCursor("9999", UUID(int=2**128 - 1))
"""The beginning of the list, newest first."""


def cursor_of(spot: DemandCursor | None) -> str | None:
    """Encode a place as a cursor."""
    return pagination.cursor_of(spot.id.bytes + spot.at.encode()) if spot else None


def read(cursor: str) -> DemandCursor:
    """Decode the cursor of a request; the beginning of the list if it is empty. Raises `Refused`."""
    return pagination.read(cursor, DemandCursor.of) if cursor else BEGINNING
