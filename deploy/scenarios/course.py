"""Generates the recorded steps of one demand: what people did, and when. Automatic steps are left to the services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final
from zlib import crc32

from shared.contracts.demand.facts import RecordedStep, RequestKind
from shared.jurisdiction.pack import Assignment, Pack

CLERKS: Final = (
    "谭美华",
    "冯志伟",
    "邓丽贤",
    "潘伟强",
    "麦惠珍",
    "霍建华",
    "区少玲",
    "关永强",
    "岑敏仪",
    "简国辉",
    "仇洁莹",
)


def clerk_of(unit: str) -> str:
    """The invented person who handles the demands of a unit; always the same one, and not by chance, so that the other
    choices of the seed stay as they are."""
    return CLERKS[crc32(unit.encode()) % len(CLERKS)]


@dataclass(slots=True)
class DemandCourse:
    """A demand with its recorded steps; with `by_a_dispatcher` it has no category, so that no rule can decide."""

    pack: Pack
    division: str
    category: str
    raised: datetime
    shares: Mapping[str, float]
    ratings: Mapping[int, int]
    random: Random
    by_a_dispatcher: bool = False
    steps: list[RecordedStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.by_a_dispatcher = self.happens("by_a_dispatcher")

    def happens(self, what: str) -> bool:
        """Whether this event happens to the demand, with the probability in `shares`."""
        return self.random.random() < self.shares[what]

    @property
    def unit(self) -> str:
        """The unit that is responsible according to the catalogue."""
        decision = self.pack.route(self.division, self.category, RequestKind.HELP)
        return decision.lead_unit if isinstance(decision, Assignment) else self.pack.coordinator

    def step(self, at: datetime, name: str, **data: str | int | bool | None) -> None:
        """Add a step that a person did."""
        self.steps.append(RecordedStep(at=at.replace(microsecond=0), type=f"demand.{name}", data=dict(data)))


def completed(course: DemandCourse, answered: datetime) -> list[RecordedStep]:
    """The steps up to the unit's final answer at `answered`, and the citizen's verdict if there is one."""
    gap = answered - course.raised
    unit = _accepted(course, gap)
    if course.happens("reopened"):
        course.step(course.raised + 0.45 * gap, "resolved", by=clerk_of(unit), result="已处理")
        course.step(course.raised + 0.55 * gap, "reopened", reason="问题仍未解决", rating=1)
        course.step(course.raised + 0.65 * gap, "accepted", by=clerk_of(unit))
    course.step(course.raised + 0.8 * gap, "progressed", by=clerk_of(unit), note="已安排人员跟进")
    course.step(answered, "resolved", by=clerk_of(unit), result="已办结", summary="已办结并告知诉求人")
    if course.happens("rated"):
        (rating,) = course.random.choices(list(course.ratings), list(course.ratings.values()))
        moment = answered + timedelta(hours=course.random.randint(4, 96))
        course.step(moment, "confirmed", rating=rating, solved=True, asked="call-back")
    return course.steps


def abandoned(course: DemandCourse, end: str, year_end: datetime) -> list[RecordedStep]:
    """The steps of a demand that is not completed: it is declined, withdrawn, or in work at the end of the year."""
    gap = min(timedelta(days=4), (year_end - course.raised) / 2)
    if end == "declined":
        _dispatched(course, course.raised + 0.2 * gap)
        course.step(course.raised + gap, "declined", reason="不属于本级职责范围", instead="请向市级主管部门反映")
        return course.steps
    unit = _accepted(course, gap)
    if end == "withdrawn":
        course.step(course.raised + gap, "withdrawn", reason="诉求人撤回")
    else:
        course.step(course.raised + gap, "progressed", by=clerk_of(unit), note="涉及历史遗留问题，正在协调")
    return course.steps


def _accepted(course: DemandCourse, gap: timedelta) -> str:
    """Add the steps from dispatch to acceptance, perhaps with returns; returns the unit that accepts."""
    unit = course.unit
    _dispatched(course, course.raised + 0.05 * gap)
    if course.happens("returned"):
        other = _other_unit(course, unit)
        course.step(
            course.raised + 0.1 * gap, "returned", by=clerk_of(unit), reason="不属于本单位职责", suggested_unit=other
        )
        unit = other
        if course.happens("returned_twice"):
            course.step(course.raised + 0.2 * gap, "returned", by=clerk_of(unit), reason="职责交叉，请统筹")
            unit = course.pack.coordinator
    course.step(course.raised + 0.3 * gap, "accepted", by=clerk_of(unit))
    return unit


def _dispatched(course: DemandCourse, at: datetime) -> None:
    if course.by_a_dispatcher:
        course.step(at, "routed", unit=course.unit, rule="dispatcher")


def _other_unit(course: DemandCourse, unit: str) -> str:
    """Another plausible unit: the town, or the station if the town is the unit."""
    town = f"town-{course.pack.ancestors(course.division)[1]}"
    station = course.pack.station_of(course.division)
    return town if town != unit or station is None else station.id
