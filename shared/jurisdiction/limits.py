"""How long a unit has for each part of its work: limits in presets, each with the source that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, NamedTuple, Self

from pydantic import AnyUrl, Field, model_validator

from shared.contracts.codes import Code
from shared.contracts.demand.facts import RequestKind, Stage, Urgency
from shared.jurisdiction.parts import Days, Part, Text, Words

Amount = Annotated[int | None, Field(ge=1)]


class LimitUnit(StrEnum):
    """What a limit is counted in."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"


class Limit(Part):
    """One length of time, in one of four units: `{working_days: 1}`, `{minutes: 30}`.

    Days of both kinds end with the day. Hours and minutes run by the clock, at night and on days of rest too; with
    `outside_hours: false` they run in the working hours of the pack alone.
    """

    working_days: Amount = None
    days: Amount = None
    hours: Amount = None
    minutes: Amount = None
    outside_hours: bool = True

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        given = [unit for unit in LimitUnit if getattr(self, unit) is not None]
        if len(given) != 1:
            raise ValueError(f"a limit has exactly one of {', '.join(LimitUnit)}")
        if not self.outside_hours and given[0] not in _BY_THE_CLOCK:
            raise ValueError("outside_hours is for hours and minutes; days end with the day")
        return self

    @cached_property
    def unit(self) -> LimitUnit:
        """What it is counted in; found once, because every routing asks for it."""
        return next(unit for unit in LimitUnit if getattr(self, unit) is not None)

    @property
    def amount(self) -> int:
        """How many of its unit."""
        return int(getattr(self, self.unit))

    @property
    def seconds(self) -> int:
        """Of a limit in hours or minutes."""
        return self.amount * (3600 if self.unit is LimitUnit.HOURS else 60)


_BY_THE_CLOCK: Final = (LimitUnit.HOURS, LimitUnit.MINUTES)


class _Stages(Part):
    """A limit for each stage; null: none is set here."""

    sign: Limit | None = Field(None, description="until the unit has signed for it (签收), from its routing")
    first_contact: Limit | None = Field(None, description="until somebody spoke with the citizen, from the routing")
    resolve: Limit | None = Field(None, description="until the answer, from receipt")
    assist: Limit | None = Field(None, description="until an assisting unit reports, from when it was asked")

    def limit_for(self, stage: Stage) -> Limit | None:
        """The limit of a stage, where one is set."""
        name = "first_contact" if stage is Stage.CONTACT else stage.value
        limit: Limit | None = getattr(self, name)
        return limit


class LimitException(_Stages):
    """Limits of demands of one sort; what it does not name is no condition, `category` stands for all below it."""

    kind: RequestKind | None = None
    category: Code | None = None
    urgency: Urgency | None = None
    vulnerable: bool | None = Field(None, description="true: of people who need protection")
    source: Words | None = Field(None, description="who says so; null: as the preset")

    def fits(self, kind: RequestKind, categories: tuple[str, ...], urgency: Urgency, vulnerable: bool) -> bool:
        """Whether it is about such a demand; `categories` are its category and those above."""
        return (
            self.kind in (None, kind)
            and self.urgency in (None, urgency)
            and self.vulnerable in (None, vulnerable)
            and (self.category is None or self.category in categories)
        )


class LimitPreset(_Stages):
    """The limits of one rule, and who says so.

    `working_days` from receipt to answer stand for each kind of request. `exceptions` come first: for each stage the
    first one that fits and names the stage decides.
    """

    name: Text
    source: Words
    url: AnyUrl
    in_force: date
    working_days: dict[RequestKind, Days]
    steps_source: Words | None = Field(
        None, description="who says sign, first_contact and assist, where the source does not"
    )
    exceptions: tuple[LimitException, ...] = ()

    def limits_for(
        self, kind: RequestKind, categories: tuple[str, ...], urgency: Urgency, vulnerable: bool
    ) -> Mapping[Stage, Limit]:
        """The limit of each stage that has one."""
        fitting = [part for part in self.exceptions if part.fits(kind, categories, urgency, vulnerable)]
        by_stage = {stage: self._limit(stage, kind, fitting) for stage in Stage}
        return {stage: limit for stage, limit in by_stage.items() if limit}

    def _limit(self, stage: Stage, kind: RequestKind, fitting: list[LimitException]) -> Limit | None:
        first = next((limit for part in fitting if (limit := part.limit_for(stage))), None)
        usual = first or self.limit_for(stage)
        if usual is None and stage is Stage.RESOLVE and kind in self.working_days:
            return Limit(working_days=self.working_days[kind])
        return usual


@dataclass(frozen=True, slots=True)
class StageLimits:
    """The limits of one demand, and the preset that sets them; None where none is attested."""

    source: str | None = None
    sign: Limit | None = None
    contact: Limit | None = None
    resolve: Limit | None = None
    assist: Limit | None = None

    @classmethod
    def of(cls, source: str | None, limits: Mapping[Stage, Limit]) -> "StageLimits":
        """Of what a preset gives."""
        return cls(source, *(limits.get(stage) for stage in (Stage.SIGN, Stage.CONTACT, Stage.RESOLVE, Stage.ASSIST)))


class EarlyWarning(Part):
    """How long before a due time the unit is warned (黄牌).

    A due time at the end of a day is warned of when work begins on the N-th last working day that is left; any other
    one so many minutes before.
    """

    working_days: Days = 1
    minutes: Days = 60


class Rung(Part):
    """One step of the ladder after a due time was missed: how many working days later, and who is told."""

    after_working_days: Annotated[int, Field(ge=0)] = 0
    to: Annotated[str, Field(pattern="^(above|coordinator)$")] = "above"
    leader: bool = Field(True, description="the linked leader (挂钩领导) is named too")


USUAL_LADDER: Final = (Rung(), Rung(after_working_days=5, to="coordinator"))
"""The level above at once; five working days later the coordinator (rules of other cities; our choice)."""


class Supervision(Part):
    """Who hears of a due time that is near, and of one that was missed."""

    warning: EarlyWarning = EarlyWarning()
    ladder: tuple[Rung, ...] = USUAL_LADDER


class Hours(NamedTuple):
    """One stretch of working hours, in seconds since midnight, local time."""

    opens: int
    closes: int


def hours_of(text: str) -> Hours:
    """`08:30-12:00` as a stretch; raises `ValueError` with what is wrong."""
    opens, dash, closes = text.partition("-")
    try:
        hours = Hours(_seconds(opens), _seconds(closes))
    except ValueError:
        raise ValueError(f"{text!r} is no stretch of hours, such as 08:30-12:00") from None
    if not dash or hours.opens >= hours.closes:
        raise ValueError(f"{text!r} must open before it closes")
    return hours


def _seconds(text: str) -> int:
    hour, minute = (int(part) for part in text.strip().split(":"))
    if not (0 <= hour <= 24 and 0 <= minute < 60 and hour * 60 + minute <= 24 * 60):
        raise ValueError(text)
    return hour * 3600 + minute * 60


WORKING_HOURS: Final = ("09:00-12:00", "14:00-17:00")
"""Our choice, for packs that name none."""


def stretches(texts: tuple[str, ...]) -> tuple[Hours, ...]:
    """The working hours of a day; raises `ValueError` where they are no stretches in order."""
    stretches_of_day = tuple(hours_of(text) for text in texts)
    if not stretches_of_day:
        raise ValueError("a working day has at least one stretch of hours, such as 08:30-12:00")
    for earlier, later in pairwise(stretches_of_day):
        if later.opens < earlier.closes:
            raise ValueError("stretches of hours must follow one another and not overlap")
    return stretches_of_day
