"""The dispatch catalogue: the first rule that matches a demand decides which unit answers it, and the limit."""

import json
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.conditions import DETAILED, Condition, Local, RoutingInput, asks, first_failed
from shared.jurisdiction.limits import LimitPreset
from shared.jurisdiction.parts import STATION, TOWN, Category, PackModel, Rule
from shared.jurisdiction.places import DivisionTree
from shared.jurisdiction.tree import Tree

CACHED: Final = 65_536
_Asked = tuple[Rule, tuple[Condition, ...]]
"""A rule with its conditions."""


class Unclear(StrEnum):
    """Why the catalogue cannot decide, so that a dispatcher must."""

    UNKNOWN_PLACE = "unknown-place"
    PLACE_TOO_WIDE = "place-too-wide"
    NO_CATEGORY = "no-category"
    UNKNOWN_CATEGORY = "unknown-category"
    NO_RULE = "no-rule"


class Assignment(PackModel):
    """The decision: the lead unit, assisting units, team, rule and limit; `limit_source` is the preset of the limit."""

    rule_id: str
    lead_unit: str
    assisting: tuple[str, ...] = ()
    team: str | None = None
    limit_days: int | None = None
    limit_source: str | None = None


class Undecided(PackModel):
    """No decision, with the reason and the units that a dispatcher should consider, nearest first."""

    reason: Unclear
    suggestions: tuple[str, ...] = ()


class Rulebook(PackModel):
    """The content of a catalogue: rules in order, presets of limits, and the coordinator."""

    rules: tuple[Rule, ...]
    limits: dict[str, LimitPreset]
    usual_limits: str | None
    coordinator: str

    def version(self) -> str:
        """Twelve hexadecimal digits, hashed from the content: the same content always has the same version.

        Default values are left out, so that a new optional field of rules does not change versions.
        """
        content = self.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:12]


class Catalogue:
    """Decides demands. Rules are grouped by category at the start, so that each demand is compared with few rules."""

    def __init__(self, places: DivisionTree, subjects: Tree[Category], calendar: Calendar, book: Rulebook) -> None:
        self._places = places
        self._local = Local(places, subjects, calendar)
        self._book = book
        self.version = book.version()
        rules = [(rule, asks(rule.match)) for rule in book.rules]
        self._for_any = _asked([asked_rule for asked_rule in rules if asked_rule[0].match.category is None])
        self._for_category = {
            category.code: _asked(
                [asked_rule for asked_rule in rules if _is_about(asked_rule[0], subjects, category.code)]
            )
            for category in subjects
        }
        self._detailed = frozenset(
            category for category, own in (*self._for_category.items(), (None, self._for_any)) if _is_detailed(own)
        )
        self.route = lru_cache(CACHED)(self._route)
        self._assigned = lru_cache(CACHED)(self._assign)

    def decide(self, case: RoutingInput) -> Assignment | Undecided:
        """Decide a demand. A decision that depends only on division, category and kind is cached."""
        category = case.category if case.category in self._for_category else None
        return self._decide(case) if category in self._detailed else self.route(case.division, case.category, case.kind)

    def outcomes(self, case: RoutingInput) -> list[tuple[Rule, Condition | None]]:
        """All rules in order, each with the first condition that the demand does not meet, or None if it matches."""
        return [(rule, first_failed(rule.match, asks(rule.match), case, self._local)) for rule in self._book.rules]

    def _route(self, division: str, category: str | None, kind: RequestKind) -> Assignment | Undecided:
        return self._decide(RoutingInput(division, category, kind))

    def _decide(self, case: RoutingInput) -> Assignment | Undecided:
        if not self._places.ancestors(case.division):
            return self._undecided(Unclear.UNKNOWN_PLACE, case.division)
        rules = self._for_category.get(case.category, self._for_any) if case.category else self._for_any
        for rule, conditions in rules:
            if first_failed(rule.match, conditions, case, self._local) is None:
                return self._assigned(_Identical(rule), case.division, case.kind)
        return self._undecided(self._why_no_rule(case.category), case.division)

    def _assign(self, which: "_Identical", division: str, kind: RequestKind) -> Assignment | Undecided:
        rule = which.rule
        lead = self._stand_in(rule.lead, division)
        if lead is None:
            return self._undecided(Unclear.PLACE_TOO_WIDE, division, rule.assisting)
        return self._assignment(rule, lead, division, kind)

    def limit_of(self, division: str, category: str | None, kind: RequestKind) -> tuple[int | None, str | None]:
        """See `Pack.limit_of`."""
        decision = self.route(division, category, kind)
        if isinstance(decision, Assignment):
            return decision.limit_days, decision.limit_source
        return self._days(self._book.usual_limits, kind), self._book.usual_limits

    def _days(self, preset: str | None, kind: RequestKind) -> int | None:
        return self._book.limits[preset].working_days.get(kind) if preset else None

    def _assignment(self, rule: Rule, lead: str, division: str, kind: RequestKind) -> Assignment:
        helpers = (self._stand_in(unit, division) for unit in rule.assisting)
        team = self._places.team_of(division)
        source = rule.limits or self._book.usual_limits
        return Assignment(
            rule_id=rule.id,
            lead_unit=lead,
            assisting=tuple(dict.fromkeys(unit for unit in helpers if unit and unit != lead)),
            team=team.id if team else None,
            limit_days=self._days(source, kind),
            limit_source=source,
        )

    def _stand_in(self, unit: str, division: str) -> str | None:
        """The unit of a rule at this division: `station` and `town` stand for the unit of the village or town."""
        match unit:
            case "station":
                nearest = self._places.station_of(division)
            case "town":
                nearest = self._places.town_of(division)
            case _:
                return unit
        return nearest.id if nearest else None

    def _why_no_rule(self, category: str | None) -> Unclear:
        if category is None:
            return Unclear.NO_CATEGORY
        return Unclear.NO_RULE if category in self._for_category else Unclear.UNKNOWN_CATEGORY

    def _undecided(self, reason: Unclear, division: str, helpers: tuple[str, ...] = ()) -> Undecided:
        """`helpers` are the assisting units of a rule whose lead unit does not exist at this division."""
        units = (self._stand_in(unit, division) for unit in (STATION, TOWN, *helpers))
        near = (*units, self._book.coordinator)
        return Undecided(reason=reason, suggestions=tuple(dict.fromkeys(unit for unit in near if unit)))


class _Identical:
    """A rule as a cache key, compared by identity, because hashing the content of a rule takes long."""

    __slots__ = ("rule",)

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and other.rule is self.rule

    def __hash__(self) -> int:
        return id(self.rule)


def _is_about(rule: Rule, subjects: Tree[Category], category: str) -> bool:
    return rule.match.category is None or subjects.is_within(category, rule.match.category)


def _asked(rules: list[_Asked]) -> tuple[_Asked, ...]:
    """Rules of one category with their other conditions: the category need not be compared again."""
    return tuple(
        (rule, tuple(condition for condition in conditions if condition is not Condition.CATEGORY))
        for rule, conditions in rules
    )


def _is_detailed(rules: tuple[_Asked, ...]) -> bool:
    return any(not DETAILED.isdisjoint(conditions) for _, conditions in rules)
