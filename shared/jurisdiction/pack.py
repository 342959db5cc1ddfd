"""A jurisdiction pack: everything local, with the questions that services ask of it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from pydantic import Field, InstanceOf

from shared.contracts.demand.facts import RequestKind, Urgency
from shared.jurisdiction.boundaries import Boundaries
from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.catalogue import CACHED, Assignment, Catalogue, Rulebook, Undecided
from shared.jurisdiction.conditions import Local, RoutingInput
from shared.jurisdiction.due_times import DueTimes
from shared.jurisdiction.hierarchy import Hierarchy
from shared.jurisdiction.limits import Limit, LimitPreset, StageLimits, stretches
from shared.jurisdiction.notices import LINKS, USUAL, Notice, Templates, fill, placeholders
from shared.jurisdiction.parts import Category, Division, Rule, Team, Unit, Weekday, Year
from shared.jurisdiction.places import Places
from shared.jurisdiction.profile import Language, Profile
from shared.jurisdiction.tree import Tree

__all__ = ["Assignment", "Pack", "Undecided"]


class Pack(Profile):
    """Checked by the loader; each lookup is a dictionary built once, and an unknown code is None or empty."""

    divisions: tuple[Division, ...]
    units: tuple[Unit, ...]
    teams: tuple[Team, ...]
    categories: tuple[Category, ...]
    rules: tuple[Rule, ...]
    usual_limits: str | None
    limits: dict[str, LimitPreset]
    weekly_rest: tuple[Weekday, ...]
    years: dict[int, Year]
    templates: Templates
    boundaries: InstanceOf[Boundaries] | None = Field(None, exclude=True, repr=False)

    def model_post_init(self, context: Any, /) -> None:
        """Index now rather than in the middle of the first demand."""
        _ = self._catalogue, self._calendar

    def division(self, code: str) -> Division | None:
        return self._places.get(code)

    def division_at(self, lat: float, lon: float) -> str | None:
        """The smallest division whose boundary contains the point (WGS-84); None where the pack has no boundaries, or
        the point lies outside of them."""
        return self.boundaries.division_at(lat, lon) if self.boundaries else None

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes of the division, its parent … the root."""
        return self._places.ancestors(code)

    def is_within(self, code: str, subtree: str) -> bool:
        return self._places.is_within(code, subtree)

    def unit(self, unit_id: str) -> Unit | None:
        return self._places.unit(unit_id)

    def units_above(self, unit_id: str) -> tuple[str, ...]:
        """The ids of the units above a unit, the nearest first, the coordinator last. A department has nobody below."""
        return self._hierarchy.above(unit_id)

    def leader_of(self, unit_id: str) -> str | None:
        """The leader linked to this unit (挂钩领导), or to the nearest one above that has one."""
        units = map(self.unit, (unit_id, *self.units_above(unit_id)))
        return next((unit.leader for unit in units if unit and unit.leader), None)

    def station_of(self, division: str) -> Unit | None:
        """The station of a village; where the place is wider than a village, its town."""
        return self._places.station_of(division)

    def team_of(self, division: str) -> Team | None:
        return self._places.team_of(division)

    def category(self, code: str) -> Category | None:
        return self._subjects.get(code)

    def category_ancestors(self, code: str) -> tuple[str, ...]:
        """The codes of the category, its parent … the top."""
        return self._subjects.ancestors(code)

    @cached_property
    def leaf_categories(self) -> tuple[Category, ...]:
        """What a citizen can choose."""
        return self._subjects.leaves()

    def route(self, division: str, category: str | None, kind: RequestKind) -> Assignment | Undecided:
        return self._catalogue.route(division, category, kind)

    def decide(self, case: RoutingInput) -> Assignment | Undecided:
        """As `route`, with all that rules may ask of a demand."""
        return self._catalogue.decide(case)

    def with_catalogue(self, rules: tuple[Rule, ...], usual_limits: str | None) -> "Pack":
        """The same jurisdiction with other rules: a version of its catalogue."""
        other = self.model_copy(update={"rules": rules, "usual_limits": usual_limits})
        # A copy has what was worked out for the original: trees and calendar are the same, what hangs on rules is not.
        for name in ("_catalogue", "catalogue_version", "_stage_limits"):
            other.__dict__.pop(name, None)
        other.model_post_init(None)
        return other

    @property
    def catalogue(self) -> Catalogue:
        """The rules at work."""
        return self._catalogue

    @property
    def local(self) -> Local:
        """What conditions of rules are compared by."""
        return Local(self._places, self._subjects, self._calendar)

    def rule(self, assignment: Assignment) -> str:
        """The rule that decided, with the catalogue and its version: `nanhai@3f2a9c1b7d04:road-damage`."""
        return f"{self.id}@{self.catalogue_version}:{assignment.rule_id}"

    @cached_property
    def catalogue_version(self) -> str:
        """See `Rulebook.version`."""
        return self._catalogue.version

    def limit_of(self, division: str, category: str | None, kind: RequestKind) -> tuple[int | None, str | None]:
        """Working days for a demand and the preset that sets them, whoever answers it; None where none is attested.

        What no rule decides has the catalogue's usual limits, so that a demand dispatched by hand has a due time too.
        """
        return self._catalogue.limit_of(division, category, kind)

    def limits_for(
        self,
        division: str,
        category: str | None,
        kind: RequestKind,
        urgency: Urgency = Urgency.ORDINARY,
        vulnerable: bool = False,
        preset: str | None = None,
    ) -> StageLimits:
        """The limit of each stage for such a demand, whoever answers it; a category that is marked so makes it
        vulnerable too. `preset`: that of the rule that decided, where its words or its channel did."""
        return self._stage_limits(division, category, kind, urgency, vulnerable, preset)

    def is_vulnerable(self, category: str | None) -> bool:
        """Whether demands of this category are of people who need protection."""
        codes = self.category_ancestors(category) if category else ()
        return any(subject.vulnerable for code in codes if (subject := self.category(code)))

    def end_of(self, limit: Limit, start: datetime) -> datetime:
        """When a limit that begins at `start` ends; see `DueTimes.end_of`."""
        return self.due_times.end_of(limit, start)

    def resumed_due(
        self, due_at: datetime, paused_at: datetime, resumed_at: datetime, limit: Limit | None = None
    ) -> datetime:
        """A due time after a pause; see `DueTimes.resumed_due`."""
        return self.due_times.resumed_due(due_at, paused_at, resumed_at, limit)

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Working days left (还有几个工作日), or minus those that are over; see `DueTimes.working_days_between`."""
        return self.due_times.working_days_between(start, end)

    def deadline_steps(self, due_at: datetime) -> tuple[datetime, ...]:
        """When the unit is warned of a due time, when it is missed, and the rungs of the ladder after that."""
        return self._deadline_steps(due_at)

    def due_at(self, start: datetime, working_days: int) -> datetime:
        """The end (UTC) of the N-th working day here after the day of receipt; see `Calendar.due_at`."""
        return self._calendar.due_at(start, working_days)

    def may_reopen(self, reopenings: int) -> bool:
        """Whether a citizen whose demand was reopened so often may disagree with the answer once more."""
        return reopenings <= self.max_reopenings

    def rated_until(self, answered_at: datetime) -> datetime:
        """Until when a verdict on an answer is taken; the demand is closed then."""
        return answered_at + timedelta(days=self.rate_within_days)

    def is_working_day(self, day: date) -> bool:
        return self._calendar.is_working_day(day)

    def local_day(self, at: datetime) -> date:
        return self._calendar.local_day(at)

    def local_month(self, at: datetime) -> date:
        """The first day of the month that it is here."""
        return self._calendar.local_day(at).replace(day=1)

    def message(self, notice: Notice, language: Language, values: dict[str, str]) -> str:
        """The words for the citizen."""
        return fill(self._words(notice, language), values)

    def links(self, notice: Notice, language: Language) -> bool:
        """Whether the message has a link, behind which there is room for more words than in it."""
        return bool(placeholders(self._words(notice, language)) & LINKS)

    def _words(self, notice: Notice, language: Language) -> str:
        return str(getattr(self.templates.get(notice) or USUAL[notice], language))

    @cached_property
    def _places(self) -> Places:
        return Places(self.divisions, self.units, self.teams)

    @cached_property
    def _hierarchy(self) -> Hierarchy:
        return Hierarchy(self.units, self._places, self.coordinator)

    @cached_property
    def _subjects(self) -> Tree[Category]:
        return Tree(self.categories)

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar.of(self.timezone, self.weekly_rest, self.years.values())

    @cached_property
    def due_times(self) -> DueTimes:
        """Limits, warnings and pauses by the calendar and the working hours here."""
        return DueTimes(self._calendar, stretches(self.working_hours))

    @cached_property
    def _deadline_steps(self) -> Callable[[datetime], tuple[datetime, ...]]:
        times, supervision = self.due_times, self.supervision
        return lru_cache(CACHED)(lambda due_at: times.steps(due_at, supervision))

    @cached_property
    def _stage_limits(self) -> Callable[[str, str | None, RequestKind, Urgency, bool, str | None], StageLimits]:
        def found(
            division: str, category: str | None, kind: RequestKind, urgency: Urgency, vulnerable: bool,
            preset: str | None,
        ) -> StageLimits:  # fmt: skip
            source = preset or self.limit_of(division, category, kind)[1]
            if source is None:
                return StageLimits()
            above = self.category_ancestors(category) if category else ()
            needs_protection = vulnerable or self.is_vulnerable(category)
            return StageLimits.of(source, self.limits[source].limits_for(kind, above, urgency, needs_protection))

        return lru_cache(CACHED)(found)

    @cached_property
    def _catalogue(self) -> Catalogue:
        book = Rulebook(
            rules=self.rules, limits=self.limits, usual_limits=self.usual_limits, coordinator=self.coordinator
        )
        return Catalogue(self._places, self._subjects, self._calendar, book)
