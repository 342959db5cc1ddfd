"""The desk: a command of a member of staff, decided and journalled in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.routing.cases import queries
from services.routing.cases.commands import RoutingCommand
from services.routing.cases.domain import decide
from services.routing.cases.permissions import Staff
from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import masked
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.masking import MASKS

_DESK: Final = UUID("6f0d1f52-3c1b-5e0a-9b53-1d2c7c1f4a10")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, under which key it may be repeated, and what was read before; `if_match` as in the header."""

    by: Staff
    key: str
    if_match: str | None = None

    def cause(self, number: str) -> UUID:
        """The same for every repetition."""
        return uuid5(_DESK, f"{self.by.unit}\n{self.by.name}\n{number}\n{self.key}")


@dataclass(frozen=True, slots=True)
class CaseHandler:
    """Loads the demand under its lock, decides, tells; what is repeated is answered as it was."""

    pool: Pool
    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    clock: Callable[[], datetime] = now

    async def handle(self, number: str, command: RoutingCommand, asking: Actor) -> Demand:
        """The demand after the command; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            key = await queries.id_of(db, number)
            if key is None:
                raise not_found(number)
            work = await self.repository.load(db, [key], self.clock())
            cause, words = asking.cause(number), f"{type(command).__name__} {masked(command, MASKS).model_dump_json()}"
            before = await queries.command_answer(db, cause)
            if before:
                return _again(*before, words)
            self._tell(work, key, command, asking, cause)
            writes = WriteBatch()
            self.repository.put(writes, work)
            queries.put_command_answer(writes, cause, words, work.state(key), work.now)
            await writes.write(db)
        return work.state(key)

    def _tell(
        self, work: UnitOfWork[Demand, Fact], key: UUID, command: RoutingCommand, asking: Actor, cause: UUID
    ) -> None:
        demand = work.state(key)
        if asking.if_match is not None and not {etag(demand), "*"} & _tags(asking.if_match):
            raise _stale(demand)
        pack = self.packs.of_division(demand.division)
        if pack is None:
            raise Refused(Code.NOT_FOUND, f"no pack serves the division {demand.division}")
        work.record(key, decide(demand, command, asking.by, pack, work.now), work.now, cause)


def etag(demand: Demand) -> str:
    """The state of a demand in one word, for `ETag` and `If-Match`."""
    return f'"{demand.version}"'


def _tags(if_match: str) -> set[str]:
    return {tag.strip() for tag in if_match.split(",")}


def _again(words: str, answer: Demand, now: str) -> Demand:
    if words != now:
        raise Refused(
            Code.KEY_REUSED,
            "this key was used for another command to this demand; send a new Idempotency-Key",
            "该幂等键已用于对该诉求的其他操作，请换一个新的幂等键",
        )
    return answer


def _stale(demand: Demand) -> Refused:
    en = f"the demand is {demand.status} and has the ETag {etag(demand)} now; read it again"
    zh = f"该诉求现为“{demand.status}”，ETag 为 {etag(demand)}，请重新读取"
    return Refused(Code.STALE, en, zh, (FieldError("If-Match", zh, en, etag(demand)),))


def not_found(number: str) -> Refused:
    """What is said of a number that routing has not heard of."""
    return Refused(Code.NOT_FOUND, f"routing knows no demand {number}", f"没有编号为 {number} 的诉求")
