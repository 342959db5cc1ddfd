"""What a check of `huying doctor` found: a sentence, and how bad it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from shared.chassis.base.clock import now

_SIZES: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"))


class Severity(IntEnum):
    """Ordered; the worst of all findings decides how `huying doctor` ends."""

    OK = 0
    NOT_LOOKED_AT = 1
    WARNING = 2
    BROKEN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do when it is not well."""

    what: str
    wrong: str | None = None
    severity: Severity = Severity.OK

    def __str__(self) -> str:
        return f"{self.what}: {self.wrong}" if self.wrong else self.what


def ok(what: str) -> Finding:
    """It was looked at, and is well."""
    return Finding(what)


def not_looked_at(what: str, why: str) -> Finding:
    """Nobody looked at it, so nobody can say how it is."""
    return Finding(what, why, Severity.NOT_LOOKED_AT)


def warning(what: str, wrong: str) -> Finding:
    """Somebody should see to it, and the loop goes on."""
    return Finding(what, wrong, Severity.WARNING)


def broken(what: str, wrong: str) -> Finding:
    """Something stands still, or is lost until somebody mends it."""
    return Finding(what, wrong, Severity.BROKEN)


def exit_code(findings: Iterable[Finding]) -> int:
    """0: everything was looked at and is well; 1: warnings, or something was not looked at; 2: something is broken."""
    worst = max((finding.severity for finding in findings), default=Severity.NOT_LOOKED_AT)
    return {Severity.OK: 0, Severity.BROKEN: 2}.get(worst, 1)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 fact`, `2,000 facts`."""
    return f"{number:,} {one if number == 1 else many}"


def ago(at: datetime) -> str:
    """How long ago a moment is, in the largest measure that fits."""
    seconds = (now() - at).total_seconds()
    for size, name in _SIZES:
        if seconds >= size:
            return f"{int(seconds // size):,} {name}{'s' if seconds >= 2 * size else ''} ago"
    return "less than a minute ago"
