"""Problems of a pack: the file and line, what is wrong, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ProblemSeverity(StrEnum):
    """A pack with an error cannot be used; a pack with warnings can."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class FileLine:
    """A line of a file, counted from one."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class PackProblem:
    """One problem, printed in the format that editors and CI understand. `zh` is the text for pages; it is empty if no
    page shows the problem."""

    spot: FileLine
    message: str
    severity: ProblemSeverity = ProblemSeverity.ERROR
    zh: str = ""

    def __str__(self) -> str:
        mark = "warning: " if self.severity is ProblemSeverity.WARNING else ""
        return f"{self.spot.file}:{self.spot.line}: {mark}{self.message}"


class PackError(Exception):
    """The pack cannot be used; `problems` holds all reasons."""

    def __init__(self, problems: Iterable[PackProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.spot))
        super().__init__("\n".join(map(str, self.problems)))
