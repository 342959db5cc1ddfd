"""Handles the commands that staff give to a case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from services.routing.call_backs import queries as call_backs
from services.routing.call_backs.permissions import may_call
from services.routing.cases import queries
from services.routing.cases.commands import (
    CorrectPublication,
    MergeDemand,
    PublishDemand,
    ReclassifyDemand,
    ReleaseCallBack,
    RoutingCommand,
    StartCallBack,
    WithdrawPublication,
)
from services.routing.cases.decisions.calling import CALLS
from services.routing.cases.domain import decide
from services.routing.cases.permissions import not_found
from services.routing.publications.queries import state_of
from shared.chassis.aggregates.commands import CommandHandler, keep_answer, kept_answer
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import Masks, masked, passages
from shared.identity.person import Person
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.masker.masker import Masker

_ON_PUBLICATION: Final = (PublishDemand, CorrectPublication, WithdrawPublication)
_DESK: Final = UUID("6f0d1f52-3c1b-5e0a-9b53-1d2c7c1f4a10")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who gives a command, the idempotency key of the request, and its `If-Match` header."""

    by: Person
    key: str
    if_match: str | None = None

    def cause(self, number: str) -> UUID:
        """The id from which the ids of the facts are derived; a repeated request has the same one."""
        who = f"{self.by.name}\n{self.by.subject}" if self.by.subject else self.by.name
        return uuid5(_DESK, f"{self.by.unit}\n{who}\n{number}\n{self.key}")


@dataclass(frozen=True, slots=True)
class CaseCommand:
    """A command of a member of staff to one case, as `CommandHandler` takes it."""

    key: UUID
    number: str
    command: RoutingCommand
    content: str
    """The command as text: a repeated request must have the same one."""
    actor: Actor
    packs: Jurisdictions
    masks: Masks

    @property
    def cause(self) -> UUID:
        """The id from which the ids of the facts are derived; a repeated request has the same one."""
        return self.actor.cause(self.number)

    async def known(self, db: Connection, state: Demand) -> Demand | None:
        """The answer to the first request, if this one repeats it; raises `Refused` if the content differs."""
        answer = await kept_answer(db, self.cause, self.content)
        return Demand.model_validate_json(answer) if answer else None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The facts that follow from the command; raises `Refused`."""
        if self.actor.if_match is not None and not {etag(state), "*"} & _tags(self.actor.if_match):
            raise _stale(state)
        pack = self.packs.of_division(state.division)
        if pack is None:
            raise Refused(Code.NOT_FOUND, f"no pack serves the division {state.division}")
        parent = None
        if isinstance(self.command, MergeDemand):
            parent = await queries.by_number(db, self.command.into)
        words = await queries.words(db, state) if isinstance(self.command, ReclassifyDemand) else None
        on_publication = isinstance(self.command, _ON_PUBLICATION)
        publication = await state_of(db, state.id, state.title) if on_publication else None
        is_call = isinstance(self.command, CALLS) and may_call(self.actor.by, pack)
        call_back = await call_backs.state_of(db, state) if is_call else None
        return decide(state, self.command, self.actor.by, pack, at, parent, words, self.masks, publication, call_back)

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> Demand:
        """Write the lease of a call-back and the stored answer; returns the case after the command."""
        if isinstance(self.command, StartCallBack):
            call_backs.take(writes, state, self.actor.by, at)
        if isinstance(self.command, ReleaseCallBack):
            call_backs.put_back(writes, state)
        keep_answer(writes, self.cause, self.content, state.model_dump_json(exclude_defaults=True), at)
        return state


@dataclass(frozen=True, slots=True)
class CaseHandler:
    """Handles commands to cases, which callers name by their numbers."""

    pool: Pool
    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    masker: Masker = field(default_factory=Masker)

    async def handle(self, number: str, command: RoutingCommand, actor: Actor) -> Demand:
        """Handle a command to the case `number`; returns the demand after it. Raises `Refused`."""
        masks = await self.masker.masks_for(passages(command))
        content = f"{type(command).__name__} {masked(command, masks).model_dump_json()}"
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if isinstance(command, MergeDemand):
                await queries.lock(db, (number, command.into))
            key = await queries.id_of(db, number)
            if key is None:
                raise not_found(number)
            case_command = CaseCommand(key, number, command, content, actor, self.packs, masks)
            return await CommandHandler(self.repository, self.clock).handle(db, case_command)


def etag(demand: Demand) -> str:
    """The entity tag of a demand, for the headers `ETag` and `If-Match`: its version."""
    return f'"{demand.version}"'


def _tags(if_match: str) -> set[str]:
    return {tag.strip() for tag in if_match.split(",")}


def _stale(demand: Demand) -> Refused:
    en = f"the demand is {demand.status} and now has the ETag {etag(demand)}; read it again"
    zh = f"该诉求现为“{demand.status}”，ETag 为 {etag(demand)}，请重新读取"
    return Refused(Code.STALE, en, zh, (FieldError("If-Match", zh, en, etag(demand)),))
