"""Checks that the categories are a tree, and that rules cover each category that a citizen can choose."""

from collections.abc import Iterator

from shared.jurisdiction.checks.catalogue import check_holes
from shared.jurisdiction.checks.codes import broken_branches, repeated
from shared.jurisdiction.draft import Draft
from shared.jurisdiction.problems import Problem


def check_subjects(draft: Draft) -> Iterator[Problem]:
    rows = draft.category_rows()
    yield from repeated(rows, lambda category: category.code, "category")
    yield from broken_branches(rows, "category")
    yield from check_holes(draft)
