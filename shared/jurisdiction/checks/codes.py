"""Checks for any set of codes: each code must be unique, and each chain of parents must end at the top."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from shared.jurisdiction.draft import PackRow
from shared.jurisdiction.parts import Category, Division, PackModel
from shared.jurisdiction.problems import PackProblem
from shared.jurisdiction.tree import Tree

P = TypeVar("P", bound=PackModel)
B = TypeVar("B", Division, Category)


def repeated(rows: Sequence[PackRow[P]], key: Callable[[P], str], what: str) -> Iterator[PackProblem]:
    """A problem for each row whose key an earlier row has."""
    first: dict[str, PackRow[P]] = {}
    for row in rows:
        code = key(row.part)
        if first.setdefault(code, row) is not row:
            line = first[code].spot.line
            zh = f"“{code}”与第 {line} 行重复，请只保留一个"
            yield PackProblem(row.spot, f"{what} {code!r} is already on line {line}; keep one", zh=zh)


def broken_branches(rows: Sequence[PackRow[B]], what: str) -> Iterator[PackProblem]:
    """A problem for each parent that does not exist, and for each cycle."""
    tree = Tree([row.part for row in rows])
    for row in rows:
        code, parent = row.part.code, row.part.parent
        if parent and tree.get(parent) is None:
            yield PackProblem(row.spot, f"{what} {code!r} has the parent {parent!r}, which no line defines")
        elif parent and code in tree.ancestors(parent):
            yield PackProblem(row.spot, f"{what} {code!r} would be below itself; {parent!r} cannot be its parent")
