"""Routing's SQL about deadline timers, in addition to that of the chassis."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.database.write_batch import WriteBatch

DEADLINE: Final = "deadline"
"""The kind of timer. The timer of the next step has an empty name. A timer that was set aside is named after its times
and the version of the demand, because a due time may be corrected and restored within one moment."""


class SetAside(NamedTuple):
    """The change that set a timer aside: its moment, and the version of the demand that it made."""

    until: datetime
    version: int


def set_aside(writes: WriteBatch, changed: Mapping[UUID, SetAside]) -> None:
    """Rename the timers of these demands that were due at the change, so that the timers that are planned now do not
    replace them.

    A timer that was set aside records the steps up to the change, and no later ones.
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
