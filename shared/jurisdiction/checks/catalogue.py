"""Does every rule speak of things that exist, and can every rule win?"""

from collections.abc import Iterator, Set
from typing import Any

from shared.jurisdiction.checks.codes import repeated
from shared.jurisdiction.draft import Draft, Row
from shared.jurisdiction.parts import STATION, TOWN, Category, Division, Match, Rule, UnitKind
from shared.jurisdiction.problems import Problem
from shared.jurisdiction.tree import Tree


def check_catalogue(draft: Draft) -> Iterator[Problem]:
    rows = draft.rule_rows()
    yield from repeated(rows, lambda rule: rule.id, "rule")
    yield from _unknown_usual_limits(draft)
    for row in rows:
        yield from _unknown_names(row, draft)
    yield from _towns_that_lack(rows, draft)
    yield from _rules_in_the_shade(rows, draft)


def _towns_that_lack(rows: list[Row[Rule]], draft: Draft) -> Iterator[Problem]:
    """A rule that sends to the town needs a town above every village."""
    towns = {row.part.division_code for row in draft.units if row.part.kind is UnitKind.TOWN}
    places = Tree([row.part for row in draft.divisions])
    villages = [place for place in places if place.level == draft.profile.part.stationed_level]
    lost = [place.code for place in villages if towns.isdisjoint(places.ancestors(place.code))]
    for row in rows:
        if lost and row.part.lead == TOWN:
            what = f"rule {row.part.id!r} sends to the town, but no unit of the kind town is above {lost[0]}"
            yield Problem(row.spot, what)


def _unknown_usual_limits(draft: Draft) -> Iterator[Problem]:
    usual = draft.catalogue.part.limits
    if usual and usual not in draft.limits.part.presets:
        yield Problem(draft.catalogue.spot(("limits",)), _not_defined("preset", usual, "limits.yaml"))


def _unknown_names(row: Row[Rule], draft: Draft) -> Iterator[Problem]:
    rule = row.part
    categories = {category.code for category in draft.categories.part.categories}
    divisions = {division.part.code for division in draft.divisions}
    units = {unit.part.id for unit in draft.units} | {STATION, TOWN}
    yield from _unknown(row, "category", rule.match.category, categories, "categories.yaml")
    yield from _unknown(row, "division", rule.match.division, divisions, "divisions.csv")
    yield from _unknown(row, "preset", rule.limits, draft.limits.part.presets.keys(), "limits.yaml")
    for unit in (rule.lead, *rule.assisting):
        yield from _unknown(row, "unit", unit, units, "units.csv")


def _unknown(row: Row[Rule], what: str, name: str | None, known: Set[str], file: str) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield Problem(row.spot, f"rule {row.part.id!r}: {_not_defined(what, name, file)}")


def _not_defined(what: str, name: str, file: str) -> str:
    return f"{what} {name!r} is not defined in {file}"


def _rules_in_the_shade(rows: list[Row[Rule]], draft: Draft) -> Iterator[Problem]:
    """A rule that an earlier one always beats; what several earlier ones take together is not looked for."""
    subjects = Tree(draft.categories.part.categories)
    places = Tree([row.part for row in draft.divisions])
    for at, row in enumerate(rows):
        for earlier in rows[:at]:
            if _takes_all(earlier.part.match, row.part.match, subjects, places):
                winner = f"{earlier.part.id!r} on line {earlier.spot.line}"
                what = f"rule {row.part.id!r} can never match: {winner} takes all of it; move or remove it"
                yield Problem(row.spot, what)
                break


def _takes_all(earlier: Match, later: Match, subjects: Tree[Category], places: Tree[Division]) -> bool:
    return (
        earlier.kind in (None, later.kind)
        and _is_above(earlier.category, later.category, subjects)
        and _is_above(earlier.division, later.division, places)
    )


def _is_above(above: str | None, below: str | None, tree: Tree[Any]) -> bool:
    return above is None or (below is not None and tree.is_within(below, above))
