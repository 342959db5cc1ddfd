"""Does every rule of a catalogue speak of things that exist, can every rule win, and is anything left over?"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.checks.codes import repeated
from shared.jurisdiction.conditions import Condition, Local, asks, meets_too, takes
from shared.jurisdiction.draft import CatalogueFile, Row, Sheet
from shared.jurisdiction.parts import STATION, TOWN, Category, Match, Rule, Unit, UnitKind
from shared.jurisdiction.problems import Problem, Severity

_SHOWN: Final = 3
_EXCEPTIONS: Final = frozenset({Condition.KEYWORDS, Condition.HOURS, Condition.WORKING_DAY})
"""What an exception is made by: it is meant to take a part of rules further down."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules may speak of: the places and subjects of a jurisdiction, its units and its presets of limits."""

    local: Local
    units: tuple[Unit, ...]
    presets: Set[str]
    stationed_level: str | None


def rule_rows(sheet: Sheet[CatalogueFile]) -> list[Row[Rule]]:
    """The rules with the lines that they stand on."""
    return [Row(sheet.spot(("rules", at)), rule) for at, rule in enumerate(sheet.part.rules)]


def check_rules(sheet: Sheet[CatalogueFile], around: Surroundings) -> Iterator[Problem]:
    """What keeps a catalogue from being used, and warnings where two rules cross."""
    rows = rule_rows(sheet)
    yield from repeated(rows, lambda rule: rule.id, "rule")
    usual = sheet.part.limits
    if usual and usual not in around.presets:
        yield Problem(sheet.spot(("limits",)), _not_defined("preset", usual, "limits.yaml"))
    for row in rows:
        yield from _unknown_names(row, around)
    yield from _towns_that_lack(rows, around)
    yield from _rules_in_the_shade(rows, around.local)
    yield from _rules_that_cross(rows, around.local)


def holes(rules: tuple[Rule, ...], local: Local) -> Iterator[tuple[Category, str]]:
    """The categories a citizen can choose that no rule covers, or only some demands of; with what to say of each."""
    for category in local.subjects.leaves():
        own = [rule for rule in rules if _is_about(rule.match, category, local)]
        if category.triage or _covers(own):
            continue
        if own:
            names = ", ".join(repr(rule.id) for rule in own[:_SHOWN])
            what = f"category {category.code!r} is covered under conditions alone, by {names}: a dispatcher decides the"
            yield category, f"{what} rest; add a rule without conditions, or say triage: true"
        else:
            what = f"no rule covers category {category.code!r}: a dispatcher decides"
            yield category, f"{what}; add a rule, or say triage: true"


def _is_about(match: Match, category: Category, local: Local) -> bool:
    return match.category is None or local.subjects.is_within(category.code, match.category)


def _covers(rules: list[Rule]) -> bool:
    """Whether rules without further conditions are there for every kind of request."""
    sure = {rule.match.kind for rule in rules if set(asks(rule.match)) <= {Condition.CATEGORY, Condition.KIND}}
    return None in sure or sure >= set(RequestKind)


def _towns_that_lack(rows: list[Row[Rule]], around: Surroundings) -> Iterator[Problem]:
    """A rule that sends to the town needs a town above every village."""
    places = around.local.places
    towns = {unit.division_code for unit in around.units if unit.kind is UnitKind.TOWN}
    villages = [place for place in places if place.level == around.stationed_level]
    lost = [place.code for place in villages if towns.isdisjoint(places.ancestors(place.code))]
    for row in rows:
        if lost and row.part.lead == TOWN:
            what = f"rule {row.part.id!r} sends to the town, but no unit of the kind town is above {lost[0]}"
            yield Problem(row.spot, what)


def _unknown_names(row: Row[Rule], around: Surroundings) -> Iterator[Problem]:
    rule = row.part
    categories = {category.code for category in around.local.subjects}
    divisions = {division.code for division in around.local.places}
    units = {unit.id for unit in around.units} | {STATION, TOWN}
    yield from _unknown(row, "category", rule.match.category, categories, "categories.yaml")
    yield from _unknown(row, "division", rule.match.division, divisions, "divisions.csv")
    yield from _unknown(row, "preset", rule.limits, around.presets, "limits.yaml")
    for unit in (rule.lead, *rule.assisting):
        yield from _unknown(row, "unit", unit, units, "units.csv")


def _unknown(row: Row[Rule], what: str, name: str | None, known: Set[str], file: str) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield Problem(row.spot, f"rule {row.part.id!r}: {_not_defined(what, name, file)}")


def _not_defined(what: str, name: str, file: str) -> str:
    return f"{what} {name!r} is not defined in {file}"


def _rules_in_the_shade(rows: list[Row[Rule]], local: Local) -> Iterator[Problem]:
    """A rule that an earlier one always beats; what several earlier ones take together is not looked for."""
    for at, row in enumerate(rows):
        for earlier in rows[:at]:
            if _takes_all(earlier.part.match, row.part.match, local):
                winner = f"{earlier.part.id!r} on line {earlier.spot.line}"
                what = f"rule {row.part.id!r} can never match: {winner} takes all of it; move or remove it"
                yield Problem(row.spot, what)
                break


def _takes_all(earlier: Match, later: Match, local: Local) -> bool:
    return all(takes(condition, earlier, later, local) for condition in Condition)


def _rules_that_cross(rows: list[Row[Rule]], local: Local) -> Iterator[Problem]:
    """Two rules of different units of which neither holds the other, but which may both fit: the order decides."""
    for at, row in enumerate(rows):
        crossed = [later.part for later in rows[at + 1 :] if _cross(row.part, later.part, local)]
        if crossed:
            names = ", ".join(repr(rule.id) for rule in crossed[:_SHOWN])
            more = f" and {len(crossed) - _SHOWN} more" if len(crossed) > _SHOWN else ""
            what = f"rule {row.part.id!r} takes a part of {names}{more}, which have other units: see to their order"
            yield Problem(row.spot, what, Severity.WARNING)


def _cross(earlier: Rule, later: Rule, local: Local) -> bool:
    one, other = earlier.match, later.match
    if earlier.lead == later.lead or not _EXCEPTIONS.isdisjoint(asks(one)):
        return False
    if _takes_all(one, other, local) or _takes_all(other, one, local):
        return False
    return all(meets_too(condition, one, other, local) for condition in Condition)
