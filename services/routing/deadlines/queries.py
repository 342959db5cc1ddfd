"""The deadline timers of routing, beside what the chassis writes of timers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.database.write_batch import WriteBatch

DEADLINE: Final = "deadline"
"""The kind of timer. The one that comes next has no name; one that was set aside is named after its times and the
version of the demand that set it aside: a due time may be corrected away and back within one moment."""


class SetAside(NamedTuple):
    """A change of a demand of which something had come by then, and the version that it made."""

    until: datetime
    version: int


def set_aside(writes: WriteBatch, changed: Mapping[UUID, SetAside]) -> None:
    """Keep the timers of these demands that have come by their change, so that nothing planned since hides them.

    They tell what had come by then, and nothing later.
    """
    writes.add(
        """
        UPDATE timer SET name = concat(timer.at, ' ', moved.until, ' ', moved.version),
            payload = payload || jsonb_build_object('until', moved.until)
        FROM unnest($1::uuid[], $2::timestamptz[], $3::int[]) AS moved (key, until, version)
        WHERE kind = 'deadline' AND timer.key = moved.key AND name = '' AND timer.at <= moved.until
        """,
        list(changed),
        [change.until for change in changed.values()],
        [change.version for change in changed.values()],
    )
