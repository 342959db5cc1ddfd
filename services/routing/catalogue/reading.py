"""Parses rules that a person has typed."""

from typing import Final

from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.draft import CatalogueFile, PackSheet
from shared.jurisdiction.problems import PackError, PackProblem
from shared.jurisdiction.reader import read_catalogue

_SHOWN: Final = 20


def read_sheet(content: str) -> PackSheet[CatalogueFile]:
    """The rules with their line numbers; raises `Refused`, which names every line that cannot be parsed."""
    try:
        return read_catalogue("catalogue", content)
    except PackError as fault:
        errors = tuple(_unreadable(problem) for problem in fault.problems[:_SHOWN])
        en = "; ".join(f"line {problem.spot.line}: {problem.message}" for problem in fault.problems[:_SHOWN])
        zh = "；".join(error.zh for error in errors)
        raise Refused(Code.INVALID, en, f"派单目录有误：{zh}", errors) from None


def _unreadable(problem: PackProblem) -> FieldError:
    zh = f"第 {problem.spot.line} 行：{problem.zh or problem.message}"
    return FieldError(f"content:{problem.spot.line}", zh, problem.message)
