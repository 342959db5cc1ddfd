"""For how long the oldest fact has waited that a group has not committed, from what was seen of its offsets."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from shared.chassis.consumer.lag import Backlog

REMEMBERED: Final = 20_000
"""Looks that are remembered of a partition that stands still: more than a day of them."""


@dataclass(slots=True)
class Waiting:
    """Remembers when each partition ended where. What was already there at the first look is as old as that look."""

    _ends: dict[TopicPartition, deque[tuple[float, int]]] = field(default_factory=dict)
    """By partition the moments at which it was seen to have grown, with its end then: those not committed yet."""

    def look(self, backlog: Backlog, at: float) -> float:
        """Take in where the partitions stand at `at`; returns seconds, 0 where all is committed."""
        oldest = at
        for place, stand in backlog.items():
            ends = self._ends.setdefault(place, deque(maxlen=REMEMBERED))
            while ends and ends[0][1] <= stand.committed:
                ends.popleft()
            if stand.end > max(stand.committed, ends[-1][1] if ends else 0):
                ends.append((at, stand.end))
            if ends:
                oldest = min(oldest, ends[0][0])
        return at - oldest
