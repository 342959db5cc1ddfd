"""The dispatch catalogue: the first rule that fits a demand says who answers it, and by when."""

import json
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.limits import LimitPreset
from shared.jurisdiction.parts import STATION, TOWN, Category, Part, Rule
from shared.jurisdiction.places import Places
from shared.jurisdiction.tree import Tree

CACHED: Final = 65_536


class Unclear(StrEnum):
    """Why the catalogue cannot decide and a dispatcher must."""

    UNKNOWN_PLACE = "unknown-place"
    PLACE_TOO_WIDE = "place-too-wide"
    NO_CATEGORY = "no-category"
    UNKNOWN_CATEGORY = "unknown-category"
    NO_RULE = "no-rule"


class Assignment(Part):
    """Who answers, with whom, under which rule; `limit_source` names the preset of the limit."""

    rule_id: str
    lead_unit: str
    assisting: tuple[str, ...] = ()
    team: str | None = None
    limit_days: int | None = None
    limit_source: str | None = None


class Undecided(Part):
    """The units that a dispatcher should look at first, nearest first."""

    reason: Unclear
    suggestions: tuple[str, ...] = ()


class Rulebook(Part):
    """What the catalogue goes by: rules in order, limits, and who decides where no rule does."""

    rules: tuple[Rule, ...]
    limits: dict[str, LimitPreset]
    usual_limits: str | None
    coordinator: str

    def version(self) -> str:
        """Twelve hexadecimal digits made of the content: the same words in the files make the same version anywhere.

        Defaults are left out, so that a field that rules may have in future changes no version.
        """
        content = self.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:12]


class Catalogue:
    """Rules are sorted by category once, so that a demand is compared with a handful of them."""

    def __init__(self, places: Places, subjects: Tree[Category], book: Rulebook) -> None:
        self._places = places
        self._book = book
        self.version = book.version()
        self._for_any = tuple(rule for rule in book.rules if rule.match.category is None)
        self._for_category = {
            category.code: tuple(rule for rule in book.rules if _is_about(rule, subjects, category.code))
            for category in subjects
        }

        self.route = lru_cache(CACHED)(self._route)

    def _route(self, division: str, category: str | None, kind: RequestKind) -> Assignment | Undecided:
        if not self._places.ancestors(division):
            return self._undecided(Unclear.UNKNOWN_PLACE, division)
        rules = self._for_category.get(category, self._for_any) if category else self._for_any
        rule = next((rule for rule in rules if self._fits(rule, division, kind)), None)
        if rule is None:
            return self._undecided(self._why_no_rule(category), division)
        lead = self._stand_in(rule.lead, division)
        if lead is None:
            return self._undecided(Unclear.PLACE_TOO_WIDE, division, rule.assisting)
        return self._assignment(rule, lead, division, kind)

    def limit_of(self, division: str, category: str | None, kind: RequestKind) -> tuple[int | None, str | None]:
        """See `Pack.limit_of`."""
        found = self.route(division, category, kind)
        if isinstance(found, Assignment):
            return found.limit_days, found.limit_source
        return self._days(self._book.usual_limits, kind), self._book.usual_limits

    def _days(self, preset: str | None, kind: RequestKind) -> int | None:
        return self._book.limits[preset].working_days.get(kind) if preset else None

    def _fits(self, rule: Rule, division: str, kind: RequestKind) -> bool:
        if rule.match.kind not in (None, kind):
            return False
        return rule.match.division is None or self._places.is_within(division, rule.match.division)

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
        """The unit that a rule means at this place: `station` and `town` differ from village to village."""
        match unit:
            case "station":
                found = self._places.station_of(division)
            case "town":
                found = self._places.town_of(division)
            case _:
                return unit
        return found.id if found else None

    def _why_no_rule(self, category: str | None) -> Unclear:
        if category is None:
            return Unclear.NO_CATEGORY
        return Unclear.NO_RULE if category in self._for_category else Unclear.UNKNOWN_CATEGORY

    def _undecided(self, reason: Unclear, division: str, helpers: tuple[str, ...] = ()) -> Undecided:
        """`helpers` are what is known of the rule that would fit at another place."""
        units = (self._stand_in(unit, division) for unit in (STATION, TOWN, *helpers))
        near = (*units, self._book.coordinator)
        return Undecided(reason=reason, suggestions=tuple(dict.fromkeys(unit for unit in near if unit)))


def _is_about(rule: Rule, subjects: Tree[Category], category: str) -> bool:
    return rule.match.category is None or subjects.is_within(category, rule.match.category)
