"""The deadline timers of routing, beside what the chassis writes of timers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.chassis.database.write_batch import WriteBatch

DEADLINE: Final = "deadline"
"""The kind of timer. The one that comes next has no name; those that were set aside have their times as a name."""


def set_aside(writes: WriteBatch, until: Mapping[UUID, datetime]) -> None:
    """Keep the timers of these demands that have come by the moment given, so that nothing planned since hides them.

    They tell what had come by then, and nothing later.
    """
    writes.add(
        """
        UPDATE timer SET name = concat(timer.at, ' ', moved.until),
            payload = payload || jsonb_build_object('until', moved.until)
        FROM unnest($1::uuid[], $2::timestamptz[]) AS moved (key, until)
        WHERE kind = 'deadline' AND timer.key = moved.key AND name = '' AND timer.at <= moved.until
        """,
        list(until),
        list(until.values()),
    )
