"""Generates the demands of Nanhai 2021 from a seed, so that their four totals match the published article."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel

from deploy.scenarios.course import DemandCourse, abandoned, completed
from services.intake.submission.domain import RecordedDemand
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.pack import Pack

FILE: Final = Path(__file__).with_suffix(".yaml")
SEED: Final = 2021


class Totals(BaseModel):
    """Totals up to the end of the first month, and up to the end of the year."""

    first_month: int
    year: int


class ChannelWeight(BaseModel):
    """A channel with its weight in the random choice."""

    via: str
    kind: ChannelKind
    weight: int


class Theme(BaseModel):
    """A subject of demands with its weight in the random choice."""

    category: str
    weight: int
    titles: tuple[str, ...]


class Scenario(BaseModel):
    """The content of the scenario's file."""

    zone: str
    opened: date
    first_month_ends: date
    year_ends: date
    collected: Totals
    completed: Totals
    shares: dict[str, float]
    ratings: dict[int, int]
    not_completed: dict[str, int]
    channels: tuple[ChannelWeight, ...]
    themes: tuple[Theme, ...]

    @cached_property
    def place(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.zone)

    def evening(self, day: date) -> datetime:
        """The end of working time on a day."""
        return datetime.combine(day, time(18), self.place)

    def morning(self, day: date) -> datetime:
        """The beginning of working time on a day."""
        return datetime.combine(day, time(9), self.place)


Weighed = TypeVar("Weighed", ChannelWeight, Theme)


@dataclass(frozen=True, slots=True)
class DemandGroup:
    """A number of demands with the period in which they are raised, and the period of the final answers (None: no
    answer)."""

    count: int
    raised: tuple[datetime, datetime]
    answered: tuple[datetime, datetime] | None


def story() -> Scenario:
    """The scenario as it is declared."""
    return Scenario.model_validate(yaml.safe_load(FILE.read_text("utf-8")))


def groups(figures: Scenario) -> Sequence[DemandGroup]:
    """Five groups of demands whose sizes give the four totals."""
    start, month, year = (
        figures.morning(figures.opened),
        figures.evening(figures.first_month_ends),
        figures.evening(figures.year_ends),
    )
    day = timedelta(days=1)
    after, late = figures.morning(figures.first_month_ends + day), year - 12 * day
    left_early = 25
    left_late = figures.collected.year - figures.completed.year - left_early
    first, second = figures.collected.first_month, figures.collected.year - figures.collected.first_month
    return (
        DemandGroup(figures.completed.first_month, (start, month - 3 * day), (start, month)),
        DemandGroup(first - figures.completed.first_month - left_early, (start, month), (after, after + 45 * day)),
        DemandGroup(left_early, (start, month), None),
        DemandGroup(second - left_late, (after, late), (after, year)),
        DemandGroup(left_late, (after, late), None),
    )


def demands(pack: Pack, seed: int = SEED) -> list[RecordedDemand]:
    """All 1,335 demands in the order in which they were raised; the same for the same seed."""
    figures, random = story(), Random(seed)
    ends = [name for name, count in figures.not_completed.items() for _ in range(count)]
    raised_demands = [demand for group in groups(figures) for demand in _group(figures, pack, group, ends, random)]
    raised_demands.sort(key=lambda raised: raised[0])
    return [
        make.model_copy(update={"external_id": f"NH2021-{serial:04d}"})
        for serial, (_, make) in enumerate(raised_demands, 1)
    ]


def _group(
    figures: Scenario, pack: Pack, group: DemandGroup, ends: list[str], random: Random
) -> Iterator[tuple[datetime, RecordedDemand]]:
    villages = [division for division in pack.divisions if division.level == pack.stationed_level]
    for _ in range(group.count):
        raised = _between(random, *group.raised)
        theme, source = _weighted(random, figures.themes), _weighted(random, figures.channels)
        if source.kind is ChannelKind.FIELD_VISIT:
            raised = _on_the_tuesday(raised, group.raised)
        village = random.choice(villages)
        course = DemandCourse(pack, village.code, theme.category, raised, figures.shares, figures.ratings, random)
        if group.answered:
            earliest = max(raised + timedelta(hours=20), group.answered[0])
            patience = timedelta(days=30 if random.random() < figures.shares["slow"] else 12)
            latest = min(max(earliest + timedelta(days=1), raised + patience), group.answered[1])
            history = completed(course, _between(random, earliest, max(earliest, latest)))
        else:
            history = abandoned(course, ends.pop() if ends else "in_progress", figures.evening(figures.year_ends))
        yield (
            raised,
            RecordedDemand(
                title=f"{village.name}：{random.choice(theme.titles)}",
                division=village.code,
                category=theme.category if not course.by_a_dispatcher else None,
                external_id="-",
                occurred_at=raised,
                channel_kind=source.kind,
                via=source.via,
                history=tuple(history),
            ),
        )


def _between(random: Random, earliest: datetime, latest: datetime) -> datetime:
    return (earliest + random.random() * (latest - earliest)).replace(microsecond=0)


def _on_the_tuesday(raised: datetime, span: tuple[datetime, datetime]) -> datetime:
    """Stationed teams visit on Tuesdays (驻点联系)."""
    moved = raised - timedelta(days=(raised.weekday() - 1) % 7)
    return moved if moved >= span[0] else raised


def _weighted(random: Random, choices: Sequence[Weighed]) -> Weighed:
    (choice,) = random.choices(choices, [choice.weight for choice in choices])
    return choice
