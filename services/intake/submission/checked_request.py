"""What a submission becomes, decided before a connection is held: its row, its fact, and the boxes of its vault."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from services.intake.channels.channel import Channel
from services.intake.submission import domain, recorded_steps
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.placing import placed
from services.intake.submission.queries import Submission
from services.intake.vault import queries as vault_queries
from services.intake.vault.personal import Wording
from services.intake.vault.queries import Box, Holds, Kept
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import NO_SPAN, Span
from shared.contracts.demand.facts import DemandSubmitted, Fact
from shared.contracts.demand.state import Demand
from shared.contracts.numbers import number
from shared.contracts.wording import Passage, passages
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masker.masker import Masker


class Request(NamedTuple):
    """One submission with the key under which it may be repeated; what was enclosed has other references then."""

    key: str
    command: SubmitDemand
    programme: UUID | None = None
    enclosed: tuple[str, ...] = ()


class CheckedRequest(NamedTuple):
    """A request that was checked: who asks, the demand with its place and all attachments, its jurisdiction, and the
    fact that it will be, but for its number: words are masked before a connection is held. `span` is that of the
    request: many share one transaction."""

    channel: Channel
    request: Request
    command: SubmitDemand
    pack: Pack
    fact: DemandSubmitted
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class RequestChecker:
    """Checks, masks and seals; it waits for nothing but the masking of long texts, and writes nothing itself."""

    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    vault: Vault
    new_id: Callable[[], UUID]
    masker: Masker

    async def check(self, channel: Channel, request: Request, at: datetime) -> CheckedRequest:
        """The request with its place and what it will tell; raises `Refused`."""
        command, home, placed_by = placed(request.command, channel.division, self.packs)
        pack = domain.check(command, home, at)
        if request.enclosed:
            command = command.model_copy(update={"attachments": (*command.attachments, *request.enclosed)})
        reference = self.new_id() if command.contact else None
        masks = await self.masker.masks_for(_passages(command))
        fact = domain.submitted(command, pack, "", channel.id, channel.kind, reference, channel.name, masks)
        fact = fact.model_copy(update={"placed_by": placed_by})
        return CheckedRequest(channel, request, command, pack, fact, spans.current())

    def submission(self, ask: CheckedRequest, serial: int, at: datetime) -> Submission:
        """The row of a request, under a new id and number."""
        request = ask.request
        raised = (request.command.occurred_at or at).astimezone(UTC)
        return Submission(
            id=self.new_id(),
            channel=ask.channel.id,
            idempotency_key=self.vault.reference(request.key),
            external_id=request.command.external_id and self.vault.reference(request.command.external_id),
            fingerprint=self.vault.fingerprint(domain.content(request.command)),
            number=number(ask.pack.number_prefix, ask.pack.local_day(raised).year, serial),
            submitted_at=raised,
            programme=request.programme,
        )

    def tell(self, writes: WriteBatch, new: Iterable[tuple[CheckedRequest, Submission]], at: datetime) -> None:
        """Add what is told of new submissions, and what the vault keeps of them."""
        work = UnitOfWork(self.repository.rules, at, {})
        kept = [box for ask, submission in new for box in self._told(work, ask, submission)]
        self.repository.put(writes, work)
        vault_queries.keep(writes, kept, self.vault.mark)

    def _told(self, work: UnitOfWork[Demand, Fact], ask: CheckedRequest, submission: Submission) -> list[Kept]:
        fact = ask.fact.model_copy(update={"number": submission.number})
        work.record(submission.id, [fact], submission.submitted_at, submission.id, ask.span)
        return self._sealed(ask.command, submission.id, fact)

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
        boxes = tuple(Box(id, holds, key.seal(id, part.model_dump_json().encode())) for id, holds, part in personal)
        return [Kept(demand_id, key.id, self.vault.wrap(key), boxes)]


def _passages(command: SubmitDemand) -> Iterator[Passage]:
    """The words that the fact of a demand tells, with those of its recorded history."""
    yield from passages(command)
    for step in domain.steps_of(command):
        yield from recorded_steps.passages(step)
