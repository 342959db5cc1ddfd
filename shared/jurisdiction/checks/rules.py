"""Checks the rules of a catalogue: known names, no rule that can never match, and no category without a rule."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.checks.codes import repeated
from shared.jurisdiction.conditions import Condition, Local, asks, can_overlap, covers
from shared.jurisdiction.draft import CatalogueFile, PackRow, PackSheet
from shared.jurisdiction.parts import STATION, TOWN, Category, Match, Rule, Unit, UnitKind
from shared.jurisdiction.problems import PackProblem, ProblemSeverity

_SHOWN: Final = 3
_WHAT_ZH: Final = {"category": "类别", "division": "地点", "preset": "时限", "unit": "单位"}
_EXCEPTIONS: Final = frozenset({Condition.KEYWORDS, Condition.HOURS, Condition.WORKING_DAY})
"""Conditions of exceptions: a rule with one of them is meant to match a part of later rules."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The data that rules may refer to: divisions and categories, units, and presets of limits."""

    local: Local
    units: tuple[Unit, ...]
    presets: Set[str]
    stationed_level: str | None


def rule_rows(sheet: PackSheet[CatalogueFile]) -> list[PackRow[Rule]]:
    """The rules with their lines."""
    return [PackRow(sheet.spot(("rules", at)), rule) for at, rule in enumerate(sheet.part.rules)]


def check_rules(sheet: PackSheet[CatalogueFile], around: Surroundings) -> Iterator[PackProblem]:
    """The errors of a catalogue, and warnings for rules that overlap."""
    rows = rule_rows(sheet)
    yield from repeated(rows, lambda rule: rule.id, "rule")
    usual = sheet.part.limits
    if usual and usual not in around.presets:
        spot = sheet.spot(("limits",))
        yield PackProblem(spot, _not_defined("preset", usual, "limits.yaml"), zh=_not_defined_zh("preset", usual))
    for row in rows:
        yield from _unknown_names(row, around)
    yield from _missing_towns(rows, around)
    yield from _unreachable_rules(rows, around.local)
    yield from _overlapping_rules(rows, around.local)


def holes(rules: tuple[Rule, ...], local: Local) -> Iterator[tuple[Category, str, str]]:
    """The categories (that citizens can choose) without rules for all their demands; each with a message in English and
    in Chinese."""
    for category in local.subjects.leaves():
        own = [rule for rule in rules if _is_about(rule.match, category, local)]
        if category.triage or _covers(own):
            continue
        if own:
            names = ", ".join(repr(rule.id) for rule in own[:_SHOWN])
            what = f"category {category.code!r} has only rules with conditions, {names}: a dispatcher decides the"
            names_zh = "、".join(rule.id for rule in own[:_SHOWN])
            zh = f"类别“{category.name.zh}”只有带条件的规则（{names_zh}），其余由派单员决定；可加一条不带条件的规则"
            yield category, f"{what} rest; add a rule without conditions, or say triage: true", zh
        else:
            what = f"no rule covers category {category.code!r}: a dispatcher decides"
            zh = f"类别“{category.name.zh}”没有规则，由派单员决定；可加一条规则"
            yield category, f"{what}; add a rule, or say triage: true", zh


def _is_about(match: Match, category: Category, local: Local) -> bool:
    return match.category is None or local.subjects.is_within(category.code, match.category)


def _covers(rules: list[Rule]) -> bool:
    """Whether there are rules without further conditions for every kind of request."""
    kinds = {rule.match.kind for rule in rules if set(asks(rule.match)) <= {Condition.CATEGORY, Condition.KIND}}
    return None in kinds or kinds >= set(RequestKind)


def _missing_towns(rows: list[PackRow[Rule]], around: Surroundings) -> Iterator[PackProblem]:
    """A problem for each rule that assigns to `town`, if a village has no town above it."""
    places = around.local.places
    towns = {unit.division_code for unit in around.units if unit.kind is UnitKind.TOWN}
    villages = [place for place in places if place.level == around.stationed_level]
    orphans = [place for place in villages if towns.isdisjoint(places.ancestors(place.code))]
    for row in rows:
        if orphans and row.part.lead == TOWN:
            what = f"rule {row.part.id!r} routes to the town, but no unit of the kind town is above {orphans[0].code}"
            zh = f"规则“{row.part.id}”派给镇街，但{orphans[0].name}没有上级镇街"
            yield PackProblem(row.spot, what, zh=zh)


def _unknown_names(row: PackRow[Rule], around: Surroundings) -> Iterator[PackProblem]:
    rule = row.part
    categories = {category.code for category in around.local.subjects}
    divisions = {division.code for division in around.local.places}
    units = {unit.id for unit in around.units} | {STATION, TOWN}
    yield from _unknown(row, "category", rule.match.category, categories, "categories.yaml")
    yield from _unknown(row, "division", rule.match.division, divisions, "divisions.csv")
    yield from _unknown(row, "preset", rule.limits, around.presets, "limits.yaml")
    for unit in (rule.lead, *rule.assisting):
        yield from _unknown(row, "unit", unit, units, "units.csv")


def _unknown(row: PackRow[Rule], what: str, name: str | None, known: Set[str], file: str) -> Iterator[PackProblem]:
    if name is not None and name not in known:
        zh = f"规则“{row.part.id}”：{_not_defined_zh(what, name)}"
        yield PackProblem(row.spot, f"rule {row.part.id!r}: {_not_defined(what, name, file)}", zh=zh)


def _not_defined(what: str, name: str, file: str) -> str:
    return f"{what} {name!r} is not defined in {file}"


def _not_defined_zh(what: str, name: str) -> str:
    return f"没有{_WHAT_ZH[what]}“{name}”"


def _unreachable_rules(rows: list[PackRow[Rule]], local: Local) -> Iterator[PackProblem]:
    """A problem for each rule that can never match because one earlier rule matches all its demands. Rules that several
    earlier rules cover together are not found."""
    for at, row in enumerate(rows):
        for earlier in rows[:at]:
            if _takes_all(earlier.part.match, row.part.match, local):
                line = earlier.spot.line
                winner = f"{earlier.part.id!r} on line {line}"
                what = (
                    f"rule {row.part.id!r} can never match, because {winner} matches everything that it does;"
                    " move it before that rule, or remove it"
                )
                zh = f"规则“{row.part.id}”永远轮不到：第 {line} 行的“{earlier.part.id}”已全部覆盖，请移到它前面或删除"
                yield PackProblem(row.spot, what, zh=zh)
                break


def _takes_all(earlier: Match, later: Match, local: Local) -> bool:
    return all(covers(condition, earlier, later, local) for condition in Condition)


def _overlapping_rules(rows: list[PackRow[Rule]], local: Local) -> Iterator[PackProblem]:
    """A warning for rules with different units that may match the same demand, and neither contains the other: their
    order decides."""
    for at, row in enumerate(rows):
        crossed = [later.part for later in rows[at + 1 :] if _overlap(row.part, later.part, local)]
        if crossed:
            names = ", ".join(repr(rule.id) for rule in crossed[:_SHOWN])
            more = f" and {len(crossed) - _SHOWN} more" if len(crossed) > _SHOWN else ""
            what = (
                f"rule {row.part.id!r} overlaps with {names}{more}, which have other units; the first one wins:"
                " check their order"
            )
            others = "、".join(f"“{rule.id}”" for rule in crossed[:_SHOWN]) + ("等" if more else "")
            zh = f"规则“{row.part.id}”与{others}有重叠而单位不同，排在前面的优先，请确认顺序"
            yield PackProblem(row.spot, what, ProblemSeverity.WARNING, zh)


def _overlap(earlier: Rule, later: Rule, local: Local) -> bool:
    earlier_match, later_match = earlier.match, later.match
    if earlier.lead == later.lead or not _EXCEPTIONS.isdisjoint(asks(earlier_match)):
        return False
    if _takes_all(earlier_match, later_match, local) or _takes_all(later_match, earlier_match, local):
        return False
    return all(can_overlap(condition, earlier_match, later_match, local) for condition in Condition)
