"""A jurisdiction pack: all local data, with the look-ups and computations that services need."""

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
from shared.jurisdiction.places import DivisionTree
from shared.jurisdiction.profile import Language, Profile
from shared.jurisdiction.tree import Tree

__all__ = ["Assignment", "Pack", "Undecided"]


class Pack(Profile):
    """A pack that the loader has checked. Look-ups are fast; for an unknown code they return None or empty."""

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
        """Build the indexes now, so that the first demand does not have to wait for them."""
        _ = self._catalogue, self._calendar

    def division(self, code: str) -> Division | None:
        return self._places.get(code)

    def division_at(self, lat: float, lon: float) -> str | None:
        """The smallest division whose boundary contains the point (WGS-84); None if no boundary does."""
        return self.boundaries.division_at(lat, lon) if self.boundaries else None

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes of the division, its parent and so on, up to the root."""
        return self._places.ancestors(code)

    def is_within(self, code: str, subtree: str) -> bool:
        return self._places.is_within(code, subtree)

    def unit(self, unit_id: str) -> Unit | None:
        return self._places.unit(unit_id)

    def units_above(self, unit_id: str) -> tuple[str, ...]:
        """The ids of the units above a unit, nearest first, coordinator last. A department has no units below it."""
        return self._hierarchy.above(unit_id)

    def leader_of(self, unit_id: str) -> str | None:
        """The leader linked to this unit (挂钩领导), or to the nearest unit above that has a leader."""
        units = map(self.unit, (unit_id, *self.units_above(unit_id)))
        return next((unit.leader for unit in units if unit and unit.leader), None)

    def station_of(self, division: str) -> Unit | None:
        """The station of a village; for a division that is larger than a village, its town."""
        return self._places.station_of(division)

    def team_of(self, division: str) -> Team | None:
        return self._places.team_of(division)

    def category(self, code: str) -> Category | None:
        return self._subjects.get(code)

    def category_ancestors(self, code: str) -> tuple[str, ...]:
        """The codes of the category, its parent and so on, up to the top."""
        return self._subjects.ancestors(code)

    @cached_property
    def leaf_categories(self) -> tuple[Category, ...]:
        """The categories that a citizen can choose: those without categories below them."""
        return self._subjects.leaves()

    def route(self, division: str, category: str | None, kind: RequestKind) -> Assignment | Undecided:
        return self._catalogue.route(division, category, kind)

    def decide(self, case: RoutingInput) -> Assignment | Undecided:
        """Like `route`, with all data of a demand that rules may use."""
        return self._catalogue.decide(case)

    def with_catalogue(self, rules: tuple[Rule, ...], usual_limits: str | None) -> "Pack":
        """A copy of the pack with the rules of another version of the catalogue."""
        copy = self.model_copy(update={"rules": rules, "usual_limits": usual_limits})
        # The copy shares the cached properties: trees and calendar stay valid, those that depend on rules do not.
        for name in ("_catalogue", "catalogue_version", "_stage_limits"):
            copy.__dict__.pop(name, None)
        copy.model_post_init(None)
        return copy

    @property
    def catalogue(self) -> Catalogue:
        """The dispatch catalogue."""
        return self._catalogue

    @property
    def local(self) -> Local:
        """The trees and the calendar that conditions of rules need."""
        return Local(self._places, self._subjects, self._calendar)

    def rule(self, assignment: Assignment) -> str:
        """The name of the rule that decided, with pack and version: `nanhai@3f2a9c1b7d04:road-damage`."""
        return f"{self.id}@{self.catalogue_version}:{assignment.rule_id}"

    @cached_property
    def catalogue_version(self) -> str:
        """See `Rulebook.version`."""
        return self._catalogue.version

    def limit_of(self, division: str, category: str | None, kind: RequestKind) -> tuple[int | None, str | None]:
        """The limit of a demand in working days, and its preset; None if there is no limit.

        A demand that no rule decides gets the usual limits of the catalogue, so that it has a due time too.
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
        """The limits of a demand by stage; its category may make it vulnerable too.

        `preset`: the preset of the rule that decided; needed if the rule has conditions on words, time or channel.
        """
        return self._stage_limits(division, category, kind, urgency, vulnerable, preset)

    def is_vulnerable(self, category: str | None) -> bool:
        """Whether demands of this category come from people who need protection."""
        codes = self.category_ancestors(category) if category else ()
        return any(subject.vulnerable for code in codes if (subject := self.category(code)))

    def end_of(self, limit: Limit, start: datetime) -> datetime:
        """The end of a limit that begins at `start`; see `DueTimes.end_of`."""
        return self.due_times.end_of(limit, start)

    def resumed_due(
        self, due_at: datetime, paused_at: datetime, resumed_at: datetime, limit: Limit | None = None
    ) -> datetime:
        """The due time after a pause; see `DueTimes.resumed_due`."""
        return self.due_times.resumed_due(due_at, paused_at, resumed_at, limit)

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """The working days left (还有几个工作日), or minus the days overdue; see `DueTimes.working_days_between`."""
        return self.due_times.working_days_between(start, end)

    def deadline_steps(self, due_at: datetime) -> tuple[datetime, ...]:
        """The time of the warning, the due time, and the times of the escalation steps; see `DueTimes.steps`."""
        return self._deadline_steps(due_at)

    def due_at(self, start: datetime, working_days: int) -> datetime:
        """The end (UTC) of the N-th working day after the day of receipt; see `Calendar.due_at`."""
        return self._calendar.due_at(start, working_days)

    def may_reopen(self, reopenings: int) -> bool:
        """Whether a demand that was reopened so often may be reopened once more."""
        return reopenings <= self.max_reopenings

    def rated_until(self, answered_at: datetime) -> datetime:
        """The time until which an answer can be rated; then the demand is closed."""
        return answered_at + timedelta(days=self.rate_within_days)

    def is_working_day(self, day: date) -> bool:
        return self._calendar.is_working_day(day)

    def local_day(self, at: datetime) -> date:
        return self._calendar.local_day(at)

    def local_month(self, at: datetime) -> date:
        """The first day of the local month."""
        return self._calendar.local_day(at).replace(day=1)

    def message(self, notice: Notice, language: Language, values: dict[str, str]) -> str:
        """The text of a message, with the values filled in."""
        return fill(self._words(notice, language), values)

    def links(self, notice: Notice, language: Language) -> bool:
        """Whether the message has a link to a page with the full text."""
        return bool(placeholders(self._words(notice, language)) & LINKS)

    def _words(self, notice: Notice, language: Language) -> str:
        return str(getattr(self.templates.get(notice) or USUAL[notice], language))

    @cached_property
    def _places(self) -> DivisionTree:
        return DivisionTree(self.divisions, self.units, self.teams)

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
        """Computes limits, warnings and pauses by the calendar and the working hours of the pack."""
        return DueTimes(self._calendar, stretches(self.working_hours))

    @cached_property
    def _deadline_steps(self) -> Callable[[datetime], tuple[datetime, ...]]:
        times, supervision = self.due_times, self.supervision
        return lru_cache(CACHED)(lambda due_at: times.steps(due_at, supervision))

    @cached_property
    def _stage_limits(self) -> Callable[[str, str | None, RequestKind, Urgency, bool, str | None], StageLimits]:
        def stage_limits(
            division: str, category: str | None, kind: RequestKind, urgency: Urgency, vulnerable: bool,
            preset: str | None,
        ) -> StageLimits:  # fmt: skip
            source = preset or self.limit_of(division, category, kind)[1]
            if source is None:
                return StageLimits()
            categories = self.category_ancestors(category) if category else ()
            needs_protection = vulnerable or self.is_vulnerable(category)
            return StageLimits.of(source, self.limits[source].limits_for(kind, categories, urgency, needs_protection))

        return lru_cache(CACHED)(stage_limits)

    @cached_property
    def _catalogue(self) -> Catalogue:
        book = Rulebook(
            rules=self.rules, limits=self.limits, usual_limits=self.usual_limits, coordinator=self.coordinator
        )
        return Catalogue(self._places, self._subjects, self._calendar, book)
