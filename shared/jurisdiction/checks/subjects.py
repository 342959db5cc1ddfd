"""Are the categories a tree, and does a rule cover each one that a citizen can choose?"""

from collections.abc import Iterator

from shared.jurisdiction.checks.codes import broken_branches, repeated
from shared.jurisdiction.draft import Draft
from shared.jurisdiction.problems import Problem, Severity
from shared.jurisdiction.tree import Tree


def check_subjects(draft: Draft) -> Iterator[Problem]:
    rows = draft.category_rows()
    yield from repeated(rows, lambda category: category.code, "category")
    yield from broken_branches(rows, "category")
    yield from _left_to_a_person(draft)


def _left_to_a_person(draft: Draft) -> Iterator[Problem]:
    rules = draft.catalogue.part.rules
    if any(rule.match.category is None for rule in rules):
        return
    named = {rule.match.category for rule in rules}
    tree = Tree(draft.categories.part.categories)
    leaves = {category.code for category in tree.leaves()}
    for row in draft.category_rows():
        code = row.part.code
        covered = named.intersection(tree.ancestors(code))
        if code in leaves and not covered and not row.part.triage:
            what = f"no rule covers category {code!r}: a dispatcher decides; add a rule, or say triage: true"
            yield Problem(row.spot, what, Severity.WARNING)
