"""Checks for any set of codes: each code must be unique, and each chain of parents must end at the top."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from shared.jurisdiction.draft import Row
from shared.jurisdiction.parts import Category, Division, Part
from shared.jurisdiction.problems import Problem
from shared.jurisdiction.tree import Tree

P = TypeVar("P", bound=Part)
B = TypeVar("B", Division, Category)


def repeated(rows: Sequence[Row[P]], key: Callable[[P], str], what: str) -> Iterator[Problem]:
    """A problem for each row whose key an earlier row has."""
    first: dict[str, Row[P]] = {}
    for row in rows:
        code = key(row.part)
        if first.setdefault(code, row) is not row:
            line = first[code].spot.line
            zh = f"“{code}”与第 {line} 行重复，请只保留一个"
            yield Problem(row.spot, f"{what} {code!r} is already on line {line}; keep one", zh=zh)


def broken_branches(rows: Sequence[Row[B]], what: str) -> Iterator[Problem]:
    """A problem for each parent that does not exist, and for each cycle."""
    tree = Tree([row.part for row in rows])
    for row in rows:
        code, parent = row.part.code, row.part.parent
        if parent and tree.get(parent) is None:
            yield Problem(row.spot, f"{what} {code!r} has the parent {parent!r}, which no line defines")
        elif parent and code in tree.ancestors(parent):
            yield Problem(row.spot, f"{what} {code!r} would be below itself; {parent!r} cannot be its parent")
