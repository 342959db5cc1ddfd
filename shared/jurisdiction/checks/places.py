"""Checks that the divisions are one tree, and that the root and the levels in the profile exist."""

from collections.abc import Iterator

from shared.jurisdiction.checks.codes import broken_branches, repeated
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.problems import PackProblem


def check_places(draft: PackFiles) -> Iterator[PackProblem]:
    yield from repeated(draft.divisions, lambda division: division.code, "division")
    yield from broken_branches(draft.divisions, "division")
    yield from _one_root(draft)
    yield from _levels_that_exist(draft)


def _one_root(draft: PackFiles) -> Iterator[PackProblem]:
    root = draft.profile.part.root
    if all(row.part.code != root for row in draft.divisions):
        yield PackProblem(draft.profile.spot(("root",)), f"root {root!r} is not a division in divisions.csv")
    for row in draft.divisions:
        code, parent = row.part.code, row.part.parent
        if code == root and parent:
            yield PackProblem(row.spot, f"the root {root!r} must have no parent; empty the cell")
        if code != root and not parent:
            yield PackProblem(row.spot, f"division {code!r} has no parent; only the root {root!r} may have none")


def _levels_that_exist(draft: PackFiles) -> Iterator[PackProblem]:
    profile, levels = draft.profile, {row.part.level for row in draft.divisions}
    stationed = profile.part.stationed_level
    if stationed and stationed not in levels:
        yield PackProblem(profile.spot(("stationed_level",)), f"no division has the level {stationed!r}")
    for at, listed in enumerate(profile.part.list_levels):
        if listed.level not in levels:
            yield PackProblem(profile.spot(("list_levels", at)), f"no division has the level {listed.level!r}")
