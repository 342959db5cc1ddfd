"""The time limits of units for each stage of their work, in presets that name their legal source."""

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
from shared.jurisdiction.parts import Days, PackModel, Text, Words

Amount = Annotated[int | None, Field(ge=1)]


class LimitUnit(StrEnum):
    """The unit of measure of a limit."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"


class Limit(PackModel):
    """A duration in exactly one of four units: `{working_days: 1}`, `{minutes: 30}`.

    Limits in days or working days end at the end of a day. Hours and minutes count at night and on days of rest too;
    with `outside_hours: false` they count only in the working hours of the pack.
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
            raise ValueError(
                "outside_hours is only for limits in hours and minutes; limits in days end at the end of a day"
            )
        return self

    @cached_property
    def unit(self) -> LimitUnit:
        """The unit of the limit; cached, because every routing needs it."""
        return next(unit for unit in LimitUnit if getattr(self, unit) is not None)

    @property
    def amount(self) -> int:
        """The number of units."""
        return int(getattr(self, self.unit))

    @property
    def seconds(self) -> int:
        """The length in seconds; only for a limit in hours or minutes."""
        return self.amount * (3600 if self.unit is LimitUnit.HOURS else 60)


_BY_THE_CLOCK: Final = (LimitUnit.HOURS, LimitUnit.MINUTES)


class _Stages(PackModel):
    """A limit for each stage; null: no limit is set here."""

    sign: Limit | None = Field(None, description="until the unit has signed for it (签收), from its routing")
    first_contact: Limit | None = Field(None, description="until the unit has contacted the citizen, from the routing")
    resolve: Limit | None = Field(None, description="until the answer, from receipt")
    assist: Limit | None = Field(None, description="until an assisting unit reports, from when it was asked")

    def limit_for(self, stage: Stage) -> Limit | None:
        """The limit of a stage, or None."""
        name = "first_contact" if stage is Stage.CONTACT else stage.value
        limit: Limit | None = getattr(self, name)
        return limit


class LimitException(_Stages):
    """Limits for certain demands. An absent field is no condition; `category` includes all categories below it."""

    kind: RequestKind | None = None
    category: Code | None = None
    urgency: Urgency | None = None
    vulnerable: bool | None = Field(None, description="true: for citizens who need protection")
    source: Words | None = Field(None, description="source of the exception; null: that of the preset")

    def fits(self, kind: RequestKind, categories: tuple[str, ...], urgency: Urgency, vulnerable: bool) -> bool:
        """Whether the exception applies to a demand; `categories` are its category and all categories above it."""
        return (
            self.kind in (None, kind)
            and self.urgency in (None, urgency)
            and self.vulnerable in (None, vulnerable)
            and (self.category is None or self.category in categories)
        )


class LimitPreset(_Stages):
    """The limits of one regulation, and its source.

    `working_days` is the limit from receipt to answer for each kind of request. `exceptions` come first: for each
    stage, the first exception that applies and sets the stage decides.
    """

    name: Text
    source: Words
    url: AnyUrl | None = Field(None, description="where the regulation can be read")
    in_force: date
    working_days: dict[RequestKind, Days]
    steps_source: Words | None = Field(
        None, description="source of sign, first_contact and assist, if it differs from `source`"
    )
    exceptions: tuple[LimitException, ...] = ()

    def limits_for(
        self, kind: RequestKind, categories: tuple[str, ...], urgency: Urgency, vulnerable: bool
    ) -> Mapping[Stage, Limit]:
        """The limits of a demand, by stage; stages without a limit are left out."""
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
    """The limits of one demand by stage, and the preset that sets them; None: there is no limit."""

    source: str | None = None
    sign: Limit | None = None
    contact: Limit | None = None
    resolve: Limit | None = None
    assist: Limit | None = None

    @classmethod
    def of(cls, source: str | None, limits: Mapping[Stage, Limit]) -> "StageLimits":
        """From the limits of a preset."""
        return cls(source, *(limits.get(stage) for stage in (Stage.SIGN, Stage.CONTACT, Stage.RESOLVE, Stage.ASSIST)))


class EarlyWarning(PackModel):
    """How long before a due time the unit is warned (黄牌).

    For a due time at the end of a day: at the beginning of work on the N-th last working day. For any other due time:
    so many minutes before.
    """

    working_days: Days = 1
    minutes: Days = 60


class Rung(PackModel):
    """One escalation step after a missed due time: how many working days later, and who is informed."""

    after_working_days: Annotated[int, Field(ge=0)] = 0
    to: Annotated[str, Field(pattern="^(above|coordinator)$")] = "above"
    leader: bool = Field(True, description="the linked leader (挂钩领导) is informed too")


USUAL_LADDER: Final = (Rung(), Rung(after_working_days=5, to="coordinator"))
"""The unit above at once, and the coordinator five working days later (after rules of other cities; our choice)."""


class Supervision(PackModel):
    """Who is informed of a due time that is near, and of one that was missed."""

    warning: EarlyWarning = EarlyWarning()
    ladder: tuple[Rung, ...] = USUAL_LADDER


class WorkingSpan(NamedTuple):
    """One span of working hours, in seconds since midnight, local time."""

    opens: int
    closes: int


def hours_of(text: str) -> WorkingSpan:
    """Parse `08:30-12:00`; raises `ValueError` that says what is wrong."""
    opens, dash, closes = text.partition("-")
    try:
        hours = WorkingSpan(_seconds(opens), _seconds(closes))
    except ValueError:
        raise ValueError(f"{text!r} is not a span of hours, such as 08:30-12:00") from None
    if not dash or hours.opens >= hours.closes:
        raise ValueError(f"{text!r} must begin before it ends")
    return hours


def _seconds(text: str) -> int:
    hour, minute = (int(part) for part in text.strip().split(":"))
    if not (0 <= hour <= 24 and 0 <= minute < 60 and hour * 60 + minute <= 24 * 60):
        raise ValueError(text)
    return hour * 3600 + minute * 60


WORKING_HOURS: Final = ("09:00-12:00", "14:00-17:00")
"""The working hours for packs that set none; our choice."""


def stretches(texts: tuple[str, ...]) -> tuple[WorkingSpan, ...]:
    """Parse the working hours of a day; raises `ValueError` if they are not spans in order."""
    stretches_of_day = tuple(hours_of(text) for text in texts)
    if not stretches_of_day:
        raise ValueError("a working day needs at least one span of hours, such as 08:30-12:00")
    for earlier, later in pairwise(stretches_of_day):
        if later.opens < earlier.closes:
            raise ValueError("spans of hours must be in order and must not overlap")
    return stretches_of_day
