"""Routing's policy and deadline timers on a real database, at any time that a test gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from services.routing.assembled import demand_repository
from services.routing.cases.limits import resumed
from services.routing.deadlines.queries import DEADLINE
from services.routing.deadlines.timer import deadline_timer
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool
from shared.chassis.work.timers import Timers
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import FACTS
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import envelope
from tests.packs import nanhai, shipped

PACK = nanhai()
AT = story.AT
"""Monday 10 May 2021, ten o'clock in Foshan."""
STATION, TOWN = "station-440605011001", "town-440605011000"
SIGN = PACK.due_at(AT, 1)
DUE = PACK.due_at(AT, 10)
SECOND = timedelta(seconds=1)
_KINDS = {kind.type: kind for kind in FACTS.values()}


@dataclass
class DeadlineHarness:
    """Delivers facts of demands at given times, and reads the facts that routing records."""

    pool: Pool

    @property
    def repository(self) -> Repository[Demand, f.Fact]:
        """Routing's repository."""
        return demand_repository(shipped())

    async def submits(self, n: int = 1, at: datetime = AT, **changes: object) -> UUID:
        """Submit a demand about a road, which the catalogue routes to the station of its village."""
        key = UUID(int=n)
        fact = story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n), **changes})
        await self.deliver(key, fact, at, 1)
        return key

    async def deliver(self, key: UUID, fact: f.Fact, at: datetime, sequence: int | None = None) -> None:
        """Deliver a fact of another service."""
        async with self.pool.acquire() as db, db.transaction():
            work = await self.repository.load(db, [key], at)
            work.apply(envelope(fact, sequence, key, at))
            await self.repository.save(db, work)

    async def record(self, key: UUID, at: datetime, *facts: f.Fact) -> None:
        """Record these facts, as a command does."""
        async with self.pool.acquire() as db, db.transaction():
            work = await self.repository.load(db, [key], at)
            work.record(key, facts, at, uuid5(key, f"{at.isoformat()} {work.state(key).version}"))
            await self.repository.save(db, work)

    async def resumes(self, key: UUID, at: datetime) -> None:
        """Staff resume the case."""
        await self.record(key, at, resumed(await self.state(key), PACK, at, "陈"))

    async def state(self, key: UUID) -> Demand:
        """The demand in routing's state."""
        state = await self.pool.fetchval("SELECT state::text FROM demand WHERE id = $1", key)
        return Demand.model_validate_json(state)

    def runner(self, at: datetime) -> Timers:
        """The timers of routing's worker at this time."""
        return Timers(self.pool, {DEADLINE: deadline_timer(self.repository, shipped())}, clock=lambda: at)

    async def clock_shows(self, at: datetime) -> None:
        """Run the timers that are due at this time."""
        while await self.runner(at).run_some():
            pass

    async def notes(self, key: UUID) -> list[f.Fact]:
        """The recorded deadline facts of a demand, in order."""
        rows = await self.pool.fetch(
            """
            SELECT type, payload FROM journal WHERE aggregateid = $1 AND (type LIKE 'demand.deadline-%'
                OR type LIKE 'demand.escalated%' OR type LIKE 'demand.resumed%') ORDER BY position
            """,
            key,
        )
        return [_KINDS[row["type"].rpartition(".")[0]].model_validate_json(row["payload"]) for row in rows]

    async def recorded(self, key: UUID) -> list[str]:
        """The same as short texts: `missed sign`, `escalated resolve to nh-tax`."""
        return list(map(short, await self.notes(key)))

    async def timers(self) -> Sequence[tuple[UUID, str]]:
        """Every timer by its key and name."""
        return [tuple(row) for row in await self.pool.fetch("SELECT key, name FROM timer ORDER BY key, at")]


def short(fact: f.Fact) -> str:
    match fact:
        case f.DeadlineWarned(stage=stage):
            return f"warned {stage}"
        case f.DeadlineMissed(stage=stage):
            return f"missed {stage}"
        case f.DemandEscalated(stage=stage, to=to):
            return f"escalated {stage} to {to}"
    return fact.type.removeprefix("demand.")
