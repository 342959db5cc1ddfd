"""Circuit breakers: a gateway that fails repeatedly gets nothing for a while; then one intent tries it again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent

LONGEST: Final = 30.0
"""The most seconds for which a circuit is open; the first time it is one second, and it doubles each time."""
IN_A_ROW: Final = 5
"""The number of failures in a row (timeouts or intents not taken) after which the circuit opens."""


@dataclass(slots=True)
class Circuit:
    """The circuit breaker of one gateway, in the memory of this process.

    A gateway that is not `proven` gets one intent at a time: after a start, and after each time the circuit was open.
    `ticks` is a clock in seconds. `jitter` gives a number from 0 to 1, so that senders do not all retry at once.
    """

    at_once: int
    ticks: Callable[[], float]
    jitter: Callable[[], float] = random.random
    proven: bool = False
    in_hand: int = 0
    mass_in_hand: int = 0
    """How many of those in hand are mass messages: half of the places stay free for other messages."""
    failed: int = 0
    """How many intents failed since the last one that was taken or refused."""
    rests: int = 0
    rests_until: float = 0.0
    cause: str = ""
    """Why the circuit is open, or opened last; empty after a success."""

    def room(self) -> int:
        """How many further intents the gateway may get now."""
        if self.ticks() < self.rests_until:
            return 0
        return max(0, (self.at_once if self.proven else 1) - self.in_hand)

    def mass_at_once(self) -> int:
        """How many mass messages the gateway may have at the same time."""
        return max(1, self.at_once // 2)

    def room_for_mass(self) -> int:
        """How many further mass messages the gateway may get now, if it has `room`."""
        return max(0, self.mass_at_once() - self.mass_in_hand)

    def takes_many(self) -> bool:
        """Whether the gateway works: if it has no room now, it will have some in a moment."""
        return self.proven and not self.resting()

    def resting(self) -> float:
        """For how many more seconds the circuit is open; 0 if it is closed."""
        return max(0.0, self.rests_until - self.ticks())

    def learn(self, outcome: Outcome) -> bool:
        """Count an outcome; returns whether the circuit has opened or closed by it."""
        if isinstance(outcome, Sent | Rejected | NotReached):
            was_open, self.cause = bool(self.cause), ""
            self.proven, self.failed, self.rests = True, 0, 0
            return was_open
        self.failed += 1
        if isinstance(outcome, RetryLater) or not self.proven or self.failed >= IN_A_ROW:
            return self._rest(outcome.reason)
        return False

    def _rest(self, cause: str) -> bool:
        if self.resting():
            return False  # an intent that was sent before the circuit opened failed too: this is no news
        seconds = min(2.0**self.rests, LONGEST)
        self.rests_until = self.ticks() + seconds * (0.5 + self.jitter() / 2)
        self.proven, self.failed, self.rests, self.cause = False, 0, min(self.rests + 1, 10), cause
        return True
