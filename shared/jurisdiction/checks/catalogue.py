"""Checks a catalogue: the one in the files of a pack, or a new version for a pack that is served."""

from collections.abc import Iterator

from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.checks.rules import Surroundings, check_rules, holes
from shared.jurisdiction.conditions import Local
from shared.jurisdiction.draft import CatalogueFile, PackFiles, PackSheet
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackProblem, ProblemSeverity
from shared.jurisdiction.tree import Tree


def check_catalogue(draft: PackFiles) -> Iterator[PackProblem]:
    """The problems of a pack's rules together with its other files."""
    around = Surroundings(
        _local(draft),
        tuple(row.part for row in draft.units),
        draft.limits.part.presets.keys(),
        draft.profile.part.stationed_level,
    )
    yield from check_rules(draft.catalogue, around)


def check_holes(draft: PackFiles) -> Iterator[PackProblem]:
    """A warning for each category that the rules leave to a dispatcher, with its line in `categories.yaml`."""
    spots = {row.part.code: row.spot for row in draft.category_rows()}
    for category, what, zh in holes(draft.catalogue.part.rules, _local(draft)):
        yield PackProblem(spots[category.code], what, ProblemSeverity.WARNING, zh)


def check_version(sheet: PackSheet[CatalogueFile], pack: Pack) -> tuple[PackProblem, ...]:
    """The problems of a new catalogue for a served pack, with the lines of the catalogue."""
    around = Surroundings(pack.local, pack.units, pack.limits.keys(), pack.stationed_level)
    warnings = [
        PackProblem(sheet.spot(("rules",)), what, ProblemSeverity.WARNING, zh)
        for _, what, zh in holes(sheet.part.rules, pack.local)
    ]
    return tuple(sorted((*check_rules(sheet, around), *warnings), key=lambda problem: problem.spot))


def _local(draft: PackFiles) -> Local:
    profile, holidays = draft.profile.part, draft.holidays.part
    return Local(
        Tree([row.part for row in draft.divisions]),
        Tree(draft.categories.part.categories),
        Calendar.of(profile.timezone, holidays.weekly_rest, holidays.years.values()),
    )
