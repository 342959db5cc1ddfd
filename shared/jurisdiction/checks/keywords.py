"""Checks keywords: each must belong to exactly one category, which a citizen can choose."""

from collections.abc import Iterator

from shared.jurisdiction.draft import PackFiles, PackRow
from shared.jurisdiction.parts import Category
from shared.jurisdiction.problems import PackProblem
from shared.jurisdiction.tree import Tree


def check_keywords(draft: PackFiles) -> Iterator[PackProblem]:
    leaves = {category.code for category in Tree(draft.categories.part.categories).leaves()}
    owners: dict[str, PackRow[Category]] = {}
    for row in draft.category_rows():
        code, words = row.part.code, row.part.keywords
        if words and code not in leaves:
            yield PackProblem(
                row.spot,
                f"category {code!r} cannot be chosen, because it has subcategories; move its keywords to one of them",
            )
        for word in words:
            if len(word) == 1:
                yield PackProblem(
                    row.spot, f"the keyword {word!r} matches almost every text; use a word of two characters"
                )
            owner = owners.setdefault(word.casefold(), row)
            if owner is not row:
                what = f"the keyword {word!r} already belongs to {owner.part.code!r} on line {owner.spot.line}"
                yield PackProblem(row.spot, f"{what}; keep one")
