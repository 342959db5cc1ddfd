"""Decides when a running child counts as dead, and how long to wait before a restart."""

from dataclasses import dataclass
from typing import Final

LOOK_EVERY: Final = 5.0
FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.2, 5.0, 30.0
LONGEST_AFTER_A_KILL: Final = 60.0


@dataclass(slots=True)
class Liveness:
    """Counts failed liveness checks in a row. Before its first successful check, a new child has `grace` seconds."""

    failures: int = 3
    grace: float = 60.0
    _pid: int = 0
    _began: float = 0
    _answered: bool = False
    _failed: int = 0

    def is_over(self, pid: int, problem: str | None, at: float) -> bool:
        """Whether the child must be restarted, after a check with the result `wrong` (None: alive) at `at` seconds."""
        if pid != self._pid:
            self._pid, self._began, self._answered, self._failed = pid, at, False, 0
        if problem is None:
            self._answered, self._failed = True, 0
            return False
        if not self._answered and at - self._began < self.grace:
            return False
        self._failed += 1
        return self._failed >= self.failures


@dataclass(slots=True)
class Backoff:
    """The pause before the next start: short after a long run, longer after each short run and after each kill."""

    _pause: float = 0

    def after(self, lived: float, *, on_request: bool = False, killed: bool = False) -> float:
        """Seconds to wait after a run of `lived` seconds; `asked`: the child ended itself to be restarted at once."""
        if on_request or (lived > STEADY_AFTER and not killed):
            self._pause = 0
        longest = LONGEST_AFTER_A_KILL if killed else LONGEST_PAUSE
        self._pause = min(self._pause * 2, longest) if self._pause else FIRST_PAUSE
        return self._pause
