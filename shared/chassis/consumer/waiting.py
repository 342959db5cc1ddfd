"""Estimates how long the oldest record has waited that a group has not committed, from the offsets seen over time."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from shared.chassis.consumer.lag import Backlog

REMEMBERED: Final = 20_000
"""How many observations are kept for a partition without commits: more than a day of them."""


@dataclass(slots=True)
class EndOffsetHistory:
    """Remembers at which time each partition had which end offset. A record from before the first look counts from
    the first look."""

    _ends: dict[TopicPartition, deque[tuple[float, int]]] = field(default_factory=dict)
    """For each partition the times at which it had grown, with its end offset then, unless that is committed."""

    def look(self, backlog: Backlog, at: float) -> float:
        """Note the offsets at the time `at`; returns how long the oldest record has waited, in seconds (0: none)."""
        oldest = at
        for partition, offsets in backlog.items():
            end_offsets = self._ends.setdefault(partition, deque(maxlen=REMEMBERED))
            while end_offsets and end_offsets[0][1] <= offsets.committed:
                end_offsets.popleft()
            if offsets.end > max(offsets.committed, end_offsets[-1][1] if end_offsets else 0):
                end_offsets.append((at, offsets.end))
            if end_offsets:
                oldest = min(oldest, end_offsets[0][0])
        return at - oldest
