"""Cursors of a list in order of time."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from shared.chassis.http import pagination

Cursor = Annotated[str, Query(max_length=96, description="`next` of the page before")]
_ID: Final = 16


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a list goes on: behind this moment (UTC text, as it is stored) and this demand."""

    at: str
    id: UUID

    @classmethod
    def of(cls, place: bytes) -> "Spot":
        """What `written` has put into a cursor; raises `ValueError`."""
        return cls(place[_ID:].decode("ascii").replace("\0", ""), UUID(bytes=place[:_ID]))


BEGINNING: Final = Spot("9999", UUID(int=2**128 - 1))
"""Newest first: before everything."""


def written(spot: Spot | None) -> str | None:
    """The cursor that leads there."""
    return pagination.written(spot.id.bytes + spot.at.encode()) if spot else None


def read(cursor: str) -> Spot:
    """Where a cursor leads; the beginning where there is none."""
    return pagination.read(cursor, Spot.of) if cursor else BEGINNING
