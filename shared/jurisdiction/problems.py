"""What is wrong with a pack: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a pack from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A line of a file, counted from one."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding, printed the way editors and CI understand. `zh` says the same on pages; where it is empty, nobody
    sees the finding on a page."""

    spot: Spot
    message: str
    severity: Severity = Severity.ERROR
    zh: str = ""

    def __str__(self) -> str:
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return f"{self.spot.file}:{self.spot.line}: {mark}{self.message}"


class PackError(Exception):
    """A pack that cannot be used, with every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.spot))
        super().__init__("\n".join(map(str, self.problems)))
