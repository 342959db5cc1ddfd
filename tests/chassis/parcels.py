"""An aggregate for tests of the chassis: a parcel, which is sent, is late, and arrives."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.timers import Timer, forget, plan
from shared.contracts.rules import Rules

AFTER = timedelta(hours=1)


class Step(BaseModel):
    """The only fact of a parcel; `others` are parcels that it is passed on to."""

    moves: ClassVar[bool] = True
    name: str
    others: tuple[UUID, ...] = ()

    @classmethod
    def wire_type(cls) -> str:
        return "parcel.step.v1"


class Parcel(BaseModel):
    """The state of a parcel: the names of its steps."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int = 0
    steps: tuple[str, ...] = ()


def _evolve(parcel: Parcel, step: Step, at: datetime) -> Parcel:
    return parcel.model_copy(update={"version": parcel.version + 1, "steps": (*parcel.steps, step.name)})


RULES: Rules[Parcel, Step] = Rules(
    service="post",
    stream="parcel",
    initial=lambda key: Parcel(id=key),
    load=Parcel.model_validate_json,
    handles=lambda type: type == Step.wire_type(),
    parse=lambda type, data: Step.model_validate_json(data),
    evolve=_evolve,
    subject=lambda parcel: str(parcel.id),
    is_imported=lambda parcel: False,
    react=lambda parcel, step, at, now: (),
    authorize=lambda step: None,
    check_writer=lambda envelope: None,
)


def put_timers(writes: WriteBatch, changes: Sequence[Change[Parcel, Step]]) -> None:
    """Plan a timer: a parcel is late an hour after it was sent. Each step is passed on to the others at once."""
    sent = {change.envelope.key: change.envelope.time for change in changes if change.after.steps[-1] == "sent"}
    forget(writes, "late", [change.envelope.key for change in changes if change.envelope.key not in sent])
    late = [Timer("late", key, at + AFTER, {"after": "an hour"}) for key, at in sent.items()]
    plan(writes, [*late, *_follow_ups(changes)])


def _follow_ups(changes: Sequence[Change[Parcel, Step]]) -> Iterator[Timer]:
    for change in changes:
        for other in change.fact.others:
            yield Timer("other", other, change.envelope.time, {"step": change.fact.name}, name=str(change.envelope.id))


def parcels(
    project: Callable[[WriteBatch, Sequence[Change[Parcel, Step]]], None] = put_timers,
) -> Repository[Parcel, Step]:
    """The repository of parcels, with what is written beside it."""
    return Repository("parcel", RULES, project)


async def make_tables(pool: Pool) -> None:
    """The table of parcels, in whatever schema the test uses."""
    await pool.execute("CREATE TABLE parcel (id uuid PRIMARY KEY, version integer NOT NULL, state jsonb NOT NULL)")


async def step(pool: Pool, key: UUID, fact: Step, at: datetime) -> None:
    """Record a step, as a command would."""
    repository = parcels()
    async with pool.acquire() as db, db.transaction():
        work = await repository.load(db, [key], at)
        work.record(key, [fact], at, UUID(int=key.int ^ (work.state(key).version << 64)))
        await repository.save(db, work)


async def steps(db: Pool | Connection, key: UUID) -> list[str]:
    """The steps of a parcel in its journal."""
    rows = await db.fetch("SELECT payload FROM journal WHERE aggregateid = $1 ORDER BY sequence", key)
    return [Step.model_validate_json(row["payload"]).name for row in rows]
