"""Takes submissions in: each once, all of a batch in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.intake import domain, queries
from services.intake.attachments.cabinet import bind
from services.intake.domain import SubmitDemand
from services.intake.numbers import number
from services.intake.queries import Channel, Submission
from services.intake.vault import queries as vault_queries
from services.intake.vault.personal import Wording
from services.intake.vault.queries import Box, Holds, Kept
from services.intake.vault.sealing import Vault
from shared.chassis.clock import now, uuid7
from shared.chassis.database import Connection, Pool
from shared.chassis.ledger import Ledger, Page
from shared.chassis.sharing import Shared
from shared.contracts.demand import Demand
from shared.contracts.facts import DemandSubmitted, Fact
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Request:
    """One submission with the key under which it may be repeated; what was enclosed has other references then."""

    key: str
    command: SubmitDemand
    programme: UUID | None = None
    enclosed: tuple[str, ...] = ()

    @property
    def attachments(self) -> tuple[str, ...]:
        """All that is to be attached."""
        return (*self.command.attachments, *self.enclosed)


@dataclass(frozen=True, slots=True)
class Taken:
    """The demand that a request became, or already was."""

    id: UUID
    number: str
    submitted_at: datetime
    created: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that was checked: who asks, and the jurisdiction that it belongs to."""

    channel: Channel
    request: Request
    pack: Pack


class Submissions:
    """The one command of intake, for one request or a thousand; requests of the same moment share a transaction."""

    def __init__(
        self,
        pool: Pool,
        ledger: Ledger[Demand, Fact],
        packs: Jurisdictions,
        vault: Vault,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], UUID] = uuid7,
    ) -> None:
        self.pool, self.ledger, self.packs, self.vault = pool, ledger, packs, vault
        self.clock, self.new_id = clock, new_id
        self._taken = Shared(self._take)

    async def submit(self, channel: Channel, request: Request) -> Taken:
        """Take one; raises `Refused`."""
        answer = await self._taken(self._checked(channel, request, self.clock()))
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_all(self, channel: Channel, requests: Sequence[Request]) -> list[Taken | Refused]:
        """An answer for each request, in order; the good ones are durable when this returns."""
        at = self.clock()
        answers: dict[int, Taken | Refused] = {}
        good: dict[int, Ask] = {}
        for n, request in enumerate(requests):
            try:
                good[n] = self._checked(channel, request, at)
            except Refused as refused:
                answers[n] = refused
        if good:
            answers |= zip(good, await self._take(list(good.values())), strict=True)
        return [answers[n] for n in range(len(requests))]

    def _checked(self, channel: Channel, request: Request, at: datetime) -> Ask:
        command = domain.placed(request.command, channel.division)
        return Ask(channel, request, domain.check(command, self.packs.of_division(command.division or ""), at))

    async def _take(self, asks: Sequence[Ask]) -> list[Taken | Refused]:
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            serials = await queries.serials(db, len(asks))
            wanted = [self._submission(ask, serial, at) for ask, serial in zip(asks, serials, strict=True)]
            for channel in sorted({s.channel for s in wanted if s.external_id}):
                await queries.share_references(db, channel)
            fresh, spoilt = await _claim(db, asks, wanted)
            others = [s for s in wanted if s.id not in fresh]
            first = await queries.known(db, others) if others else {}
            page = Page(self.ledger.rules, at, {})
            kept = [k for ask, s in zip(asks, wanted, strict=True) if s.id in fresh for k in self._tell(page, ask, s)]
            await self.ledger.save(db, page)
            await vault_queries.keep(db, kept, self.vault.mark)
        return [
            spoilt.get(s.id) or self._answer(ask.request.command, s, s.id in fresh, first.get(s.id))
            for ask, s in zip(asks, wanted, strict=True)
        ]

    def _submission(self, ask: Ask, serial: int, at: datetime) -> Submission:
        request = ask.request
        raised = request.command.occurred_at or at
        return Submission(
            id=self.new_id(),
            channel=ask.channel.id,
            idempotency_key=request.key,
            external_id=request.command.external_id,
            fingerprint=self.vault.fingerprints(domain.content(request.command))[0],
            number=number(ask.pack.number_prefix, ask.pack.local_day(raised).year, serial),
            submitted_at=raised,
            programme=request.programme,
        )

    def _tell(self, page: Page[Demand, Fact], ask: Ask, submission: Submission) -> list[Kept]:
        channel, command = ask.channel, domain.placed(ask.request.command, ask.channel.division)
        command = command.model_copy(update={"attachments": ask.request.attachments})
        reference = self.new_id() if command.contact else None
        fact = domain.submitted(command, ask.pack, submission.number, channel.id, channel.kind, reference)
        page.tell(submission.id, [fact], submission.submitted_at, submission.id)
        return self._sealed(command, submission.id, fact)

    def _sealed(self, command: SubmitDemand, demand_id: UUID, fact: DemandSubmitted) -> list[Kept]:
        """The contact, and the wording where masking changed it."""
        personal: list[tuple[UUID, Holds, BaseModel]] = []
        if command.contact and fact.contact:
            personal.append((fact.contact, Holds.CONTACT, command.contact))
        if (command.title, command.text) != (fact.title, fact.text):
            personal.append((self.new_id(), Holds.WORDING, Wording(title=command.title, text=command.text)))
        if not personal:
            return []
        key = self.vault.new_key(demand_id)
        boxes = tuple(Box(id, holds, key.seal(id, told.model_dump_json().encode())) for id, holds, told in personal)
        return [Kept(demand_id, key.id, self.vault.wrap(key), boxes)]

    def _answer(
        self, command: SubmitDemand, asked: Submission, created: bool, first: Submission | None
    ) -> Taken | Refused:
        if created:
            return Taken(asked.id, asked.number, asked.submitted_at, created=True)
        if first is None:
            en = "the same demand is being submitted right now"
            return Refused(Code.CONFLICT, en, "同一诉求正在提交，请稍后重试")
        # After an erasure nothing is left to compare with.
        same = not first.fingerprint or first.fingerprint in self.vault.fingerprints(domain.content(command))
        same_key = (first.channel, first.idempotency_key) == (asked.channel, asked.idempotency_key)
        if same_key and not same:
            en = f"this key belongs to demand {first.number}"
            return Refused(Code.KEY_REUSED, en, f"该幂等键属于诉求 {first.number}")
        return Taken(first.id, first.number, first.submitted_at, created=False)


async def _claim(
    db: Connection, asks: Sequence[Ask], wanted: Sequence[Submission]
) -> tuple[set[UUID], Mapping[UUID, Refused]]:
    """Those that are new and have all their attachments, and those that are refused for theirs."""
    new = await queries.claim(db, wanted)
    spoilt: dict[UUID, Refused] = {}
    for channel in {ask.channel.id for ask in asks}:
        theirs = [(s.id, ask.request.attachments) for ask, s in zip(asks, wanted, strict=True)
                  if s.id in new and s.channel == channel]  # fmt: skip
        spoilt |= await bind(db, channel, theirs)
    await queries.withdraw(db, list(spoilt))
    return new - set(spoilt), spoilt
