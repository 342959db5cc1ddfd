"""Checks that the categories are a tree, and that rules cover each category that a citizen can choose."""

from collections.abc import Iterator

from shared.jurisdiction.checks.catalogue import check_holes
from shared.jurisdiction.checks.codes import broken_branches, repeated
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.problems import PackProblem


def check_subjects(draft: PackFiles) -> Iterator[PackProblem]:
    rows = draft.category_rows()
    yield from repeated(rows, lambda category: category.code, "category")
    yield from broken_branches(rows, "category")
    yield from check_holes(draft)
