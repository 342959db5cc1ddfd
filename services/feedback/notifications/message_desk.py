"""Shows administrators the messages of their jurisdiction, and lets them send one again or cancel it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications import queries
from services.feedback.notifications.messages import MESSAGE
from services.feedback.notifications.queries import MessageRow
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work import intent_reports
from shared.chassis.work.circuit_records import OpenCircuit, open_circuits
from shared.chassis.work.intents import IntentKind, IntentState
from shared.contracts.refusals import Code, Refused
from shared.contracts.wording import Writer
from shared.identity.person import Person, Role
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masker.masker import Masker

log = structlog.get_logger()
LISTS: Final[Mapping[str, Sequence[IntentState]]] = {
    "waiting": (IntentState.PENDING, IntentState.SENDING),
    "unknown": (IntentState.UNKNOWN,),
    "failed": (IntentState.FAILED,),
    "sent": (IntentState.SENT, IntentState.DELIVERED),
    "over": (IntentState.SKIPPED, IntentState.MERGED, IntentState.CANCELLED),
}
"""The lists of messages by name."""
PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """A gateway, how many messages wait for it, and since when and why its circuit is open."""

    name: str
    waiting: int
    rests: OpenCircuit | None


@dataclass(frozen=True, slots=True)
class MessageList:
    """A page of messages; `older` says whether more follow."""

    rows: Sequence[MessageRow]
    older: bool
    counts: Mapping[str, int]
    gateways: Sequence[GatewayHealth]


@dataclass(frozen=True, slots=True)
class MessageDesk:
    """The messages of a jurisdiction. Every method raises `Refused` for a person who is neither administrator nor
    dispatcher of the coordinator."""

    pool: Pool
    kind: IntentKind[Recipient]
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    masker: Masker = field(default_factory=Masker)

    async def page(self, by: Person, listed: str, number: str, before: int | None) -> MessageList:
        """The messages of a list; with `number`, all messages about that demand. Only those before the position
        `before`."""
        pack = self._pack(by)
        async with self.pool.acquire(timeout=5) as db:
            rows = await queries.page_of_messages(db, pack.id, LISTS[listed], number, before, PAGE + 1)
            by_state = await queries.counts(db, pack.id)
            waiting = await queries.waiting_by_gateway(db)
            resting = {circuit.gateway: circuit for circuit in await open_circuits(db)}
        counts = {
            name: sum(by_state.get(state, 0) for state in LISTS[name]) for name in ("waiting", "unknown", "failed")
        }
        names = [gateway.name for gateway in self.kind.gateways]
        gateways = [GatewayHealth(name, waiting.get(name, 0), resting.get(name)) for name in names]
        return MessageList(rows[:PAGE], len(rows) > PAGE, counts, gateways)

    async def one(self, by: Person, id: UUID) -> MessageRow:
        """One message of the person's jurisdiction."""
        pack = self._pack(by)
        async with self.pool.acquire(timeout=5) as db:
            row = await queries.one_message(db, id)
        if row is None or row.jurisdiction != pack.id:
            raise Refused(Code.NOT_FOUND, f"there is no message {id} here", "没有这条消息")
        return row

    async def retry(self, by: Person, id: UUID, why: str, although_unknown: bool) -> None:
        """Send a message once more; the log says who did so and why."""
        row = await self.one(by, id)
        async with self.pool.acquire(timeout=5) as db:
            done = await intent_reports.try_again(db, MESSAGE, id, although_unknown)
        if not done:
            raise _not_now(row, although_unknown)
        masked = await self.masker.masked_text(why, Writer.OFFICE)
        log.info("message sent again", intent=str(id), by=by.name, why=masked)

    async def cancel(self, by: Person, id: UUID, why: str) -> None:
        """Cancel a message; the facts of its demand say who did so and why."""
        row = await self.one(by, id)
        cause = f"{by.name}: {await self.masker.masked_text(why, Writer.OFFICE)}"
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            done = await intent_reports.cancel(db, self.kind, id, cause, self.clock())
        if not done:
            raise _not_now(row, although_unknown=True)

    def _pack(self, by: Person) -> Pack:
        pack = self.packs.of_unit(by.unit)
        roles = by.roles_at(pack.coordinator) if pack else frozenset()
        if pack is None or not (Role.ADMIN in roles or (Role.DISPATCHER in roles and by.unit == pack.coordinator)):
            en = "only administrators and the dispatchers of the coordinator may see messages"
            raise Refused(Code.FORBIDDEN, en, "消息管理限管理员和统筹单位派单员使用")
        return pack


def _not_now(row: MessageRow, although_unknown: bool) -> Refused:
    if row.state is IntentState.UNKNOWN and not although_unknown:
        en = (
            "it is unknown whether it was sent: ask the operator of the gateway first, or confirm that it may be"
            " sent twice"
        )
        return Refused(Code.ILLEGAL_TRANSITION, en, "无法确认是否已发出：请先向网关核实，或勾选“可能收到两次也要重发”")
    return Refused(Code.ILLEGAL_TRANSITION, f"it is {row.state}: nothing was changed", "该消息的状态已变化，未做改动")
