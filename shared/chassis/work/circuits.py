"""Circuits: whether a gateway is given anything now. One that fails again and again rests, then one intent tries it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent

LONGEST: Final = 30.0
"""Seconds that a gateway rests at most; the first rest lasts one second, each next one twice as long."""
IN_A_ROW: Final = 5
"""So many that hung or were not taken one after another, and the gateway rests: more of them would be lost to it."""


@dataclass(slots=True)
class Circuit:
    """What is known of one gateway since this process began.

    A gateway that is not `proven` is given one intent at a time: after a start, and after each rest. `ticks` counts
    seconds; `jitter` gives a number from 0 to 1, so that many senders do not come back at the same moment.
    """

    at_once: int
    ticks: Callable[[], float]
    jitter: Callable[[], float] = random.random
    proven: bool = False
    in_hand: int = 0
    mass_in_hand: int = 0
    """How many of those are some of many that tell the same: half of the room stays free for the others."""
    failed: int = 0
    """How many failed since the last that was taken or refused."""
    rests: int = 0
    rests_until: float = 0.0
    cause: str = ""
    """Why it rests, or was last found to fail; empty while all is well."""

    def room(self) -> int:
        """How many intents it may be given now."""
        if self.ticks() < self.rests_until:
            return 0
        return max(0, (self.at_once if self.proven else 1) - self.in_hand)

    def mass_at_once(self) -> int:
        """How many that tell the same it may have at the same time."""
        return max(1, self.at_once // 2)

    def room_for_mass(self) -> int:
        """How many of those it may be given now, where it has room."""
        return max(0, self.mass_at_once() - self.mass_in_hand)

    def takes_many(self) -> bool:
        """Whether it works as far as is known: where it has no room now, there will be some in a moment."""
        return self.proven and not self.resting()

    def resting(self) -> float:
        """For how many seconds it is given nothing."""
        return max(0.0, self.rests_until - self.ticks())

    def learn(self, outcome: Outcome) -> bool:
        """Take note of an outcome; whether that changed if it rests."""
        if isinstance(outcome, Sent | Rejected | NotReached):
            rested, self.cause = bool(self.cause), ""
            self.proven, self.failed, self.rests = True, 0, 0
            return rested
        self.failed += 1
        if isinstance(outcome, RetryLater) or not self.proven or self.failed >= IN_A_ROW:
            return self._rest(outcome.reason)
        return False

    def _rest(self, cause: str) -> bool:
        if self.resting():
            return False  # several were in its hands when it fell silent: they tell the same
        seconds = min(2.0**self.rests, LONGEST)
        self.rests_until = self.ticks() + seconds * (0.5 + self.jitter() / 2)
        self.proven, self.failed, self.rests, self.cause = False, 0, min(self.rests + 1, 10), cause
        return True
