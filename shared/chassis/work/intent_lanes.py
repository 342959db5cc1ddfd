"""Which intents of a batch may be sent side by side, and what was learnt while it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intents import Away, NoRecipient, PutOff, R


@dataclass(slots=True)
class Round(Generic[R]):
    """What was learnt: whose intents wait, so that no later one overtakes them, and who is told the last alone."""

    found: dict[UUID, R | NoRecipient | PutOff] = field(default_factory=dict)
    """By intent, whom it is for, or why that is not known; asked for beforehand."""
    lines: set[str] = field(default_factory=set)
    marks: set[bytes] = field(default_factory=set)
    """Lines and recipients of which one was put off or held back."""
    behind: set[str] = field(default_factory=set)
    tried: int = 0
    stopped: bool = False
    away: Away | None = None
    away_from: int | None = None
    """The first position whose recipient nobody could tell."""

    def holds(self, queued: Queued) -> bool:
        """Whether an earlier intent of the same line, or to the same recipient, waits."""
        return queued.intent.line in self.lines or (queued.mark is not None and queued.mark in self.marks)

    def is_away(self, why: Away, position: int) -> None:
        """Nobody can tell whom this intent is for."""
        if self.away_from is None or position < self.away_from:
            self.away, self.away_from = why, position

    def mark(self, queued: Queued) -> bytes | None:
        """The mark of whom it is for, as far as it is known."""
        found = self.found.get(queued.intent.id)
        return queued.mark if found is None or isinstance(found, Exception) else found.mark


def heads(batch: Sequence[Queued]) -> list[Queued]:
    """The first intent of each line."""
    return list({queued.intent.line: queued for queued in reversed(batch)}.values())[::-1]


def lanes(batch: Sequence[Queued], this: Round[R]) -> list[list[Queued]]:
    """Parts that may be sent side by side: a line, and lines whose first intents are for the same recipient, stay
    together and in their order."""
    name = {queued.intent.line: this.mark(queued) or queued.intent.line for queued in heads(batch)}
    parts: dict[bytes | str, list[Queued]] = {}
    for queued in batch:
        parts.setdefault(name[queued.intent.line], []).append(queued)
    return list(parts.values())
