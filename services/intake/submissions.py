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
class Submissions:
    """The one command of intake, for one request or a thousand."""

    pool: Pool
    ledger: Ledger[Demand, Fact]
    packs: Jurisdictions
    vault: Vault
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def submit(self, channel: Channel, request: Request) -> Taken:
        """Take one; raises `Refused`."""
        (answer,) = await self.submit_all(channel, [request])
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_all(self, channel: Channel, requests: Sequence[Request]) -> list[Taken | Refused]:
        """An answer for each request, in order; the good ones are durable when this returns."""
        at = self.clock()
        checked = [self._checked(domain.placed(request.command, channel.division), at) for request in requests]
        good = [n for n, pack in enumerate(checked) if isinstance(pack, Pack)]
        answers: list[Taken | Refused] = [pack if isinstance(pack, Refused) else _UNANSWERED for pack in checked]
        if good:
            packs = [pack for pack in checked if isinstance(pack, Pack)]
            taken = await self._take(channel, [requests[n] for n in good], packs, at)
            for n, answer in zip(good, taken, strict=True):
                answers[n] = answer
        return answers

    def _checked(self, command: SubmitDemand, at: datetime) -> Pack | Refused:
        try:
            return domain.check(command, self.packs.of_division(command.division or ""), at)
        except Refused as refused:
            return refused

    async def _take(
        self, channel: Channel, requests: Sequence[Request], packs: Sequence[Pack], at: datetime
    ) -> list[Taken | Refused]:
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            serials = await queries.serials(db, len(requests))
            wanted = [
                self._submission(channel, request, pack, serial, at)
                for request, pack, serial in zip(requests, packs, serials, strict=True)
            ]
            if any(s.external_id for s in wanted):
                await queries.share_references(db, channel.id)
            fresh, spoilt = await _claim(db, channel, requests, wanted)
            others = [s for s in wanted if s.id not in fresh]
            first = await queries.known(db, others) if others else {}
            page = Page(self.ledger.rules, at, {})
            kept = []
            for request, pack, submission in zip(requests, packs, wanted, strict=True):
                if submission.id in fresh:
                    kept += self._tell(page, channel, request, pack, submission)
            await self.ledger.save(db, page)
            await vault_queries.keep(db, kept, self.vault.mark)
        return [
            spoilt.get(s.id) or self._answer(request.command, s, s.id in fresh, first.get(s.id))
            for request, s in zip(requests, wanted, strict=True)
        ]

    def _submission(self, channel: Channel, request: Request, pack: Pack, serial: int, at: datetime) -> Submission:
        raised = request.command.occurred_at or at
        return Submission(
            id=self.new_id(),
            channel=channel.id,
            idempotency_key=request.key,
            external_id=request.command.external_id,
            fingerprint=self.vault.fingerprints(domain.content(request.command))[0],
            number=number(pack.number_prefix, pack.local_day(raised).year, serial),
            submitted_at=raised,
            programme=request.programme,
        )

    def _tell(
        self,
        page: Page[Demand, Fact],
        channel: Channel,
        request: Request,
        pack: Pack,
        submission: Submission,
    ) -> list[Kept]:
        command = domain.placed(request.command, channel.division)
        command = command.model_copy(update={"attachments": request.attachments}) if request.enclosed else command
        reference = self.new_id() if command.contact else None
        fact = domain.submitted(command, pack, submission.number, channel.id, channel.kind, reference)
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
    db: Connection, channel: Channel, requests: Sequence[Request], wanted: Sequence[Submission]
) -> tuple[set[UUID], Mapping[UUID, Refused]]:
    """Those that are new and have all their attachments, and those that are refused for theirs."""
    new = await queries.claim(db, wanted)
    attached = [(s.id, r.attachments) for r, s in zip(requests, wanted, strict=True) if s.id in new]
    spoilt = await bind(db, channel.id, attached)
    await queries.withdraw(db, list(spoilt))
    return new - set(spoilt), spoilt


_UNANSWERED = Refused(Code.CONFLICT, "not handled")
