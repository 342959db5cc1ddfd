"""Turns a submission into its row, its fact and the sealed boxes of the vault, before a database connection is held."""

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
from services.intake.vault.queries import Box, BoxKind, StoredData
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
    """One submission with its idempotency key.

    `enclosed` are references of files that came with the same message. They are new at each repetition, so they are no
    part of the content that is compared with the first request.
    """

    key: str
    command: SubmitDemand
    programme: UUID | None = None
    enclosed: tuple[str, ...] = ()


class CheckedRequest(NamedTuple):
    """A request that passed all checks.

    `command` is the demand with its division and all attachments. `fact` is complete but for its number: texts are
    masked before a connection is held. `span` is the span of this request, because many requests share one transaction.
    """

    channel: Channel
    request: Request
    command: SubmitDemand
    pack: Pack
    fact: DemandSubmitted
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class RequestChecker:
    """Checks requests, masks their texts and seals personal data. It writes nothing itself, and waits only for the
    masking of long texts."""

    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    vault: Vault
    new_id: Callable[[], UUID]
    masker: Masker

    async def check(self, channel: Channel, request: Request, at: datetime) -> CheckedRequest:
        """Check a request, find its division and prepare its fact; raises `Refused`."""
        command, home_pack, placed_by = placed(request.command, channel.division, self.packs)
        pack = domain.check(command, home_pack, at)
        if request.enclosed:
            command = command.model_copy(update={"attachments": (*command.attachments, *request.enclosed)})
        reference = self.new_id() if command.contact else None
        masks = await self.masker.masks_for(_passages(command))
        fact = domain.submitted(command, pack, "", channel.id, channel.kind, reference, channel.name, masks)
        fact = fact.model_copy(update={"placed_by": placed_by})
        return CheckedRequest(channel, request, command, pack, fact, spans.current())

    def submission(self, checked: CheckedRequest, serial: int, at: datetime) -> Submission:
        """The row of a request, with a new id and a new number."""
        request = checked.request
        raised = (request.command.occurred_at or at).astimezone(UTC)
        return Submission(
            id=self.new_id(),
            channel=checked.channel.id,
            idempotency_key=self.vault.reference(request.key),
            external_id=request.command.external_id and self.vault.reference(request.command.external_id),
            fingerprint=self.vault.fingerprint(domain.content(request.command)),
            number=number(checked.pack.number_prefix, checked.pack.local_day(raised).year, serial),
            submitted_at=raised,
            programme=request.programme,
        )

    def record(self, writes: WriteBatch, new: Iterable[tuple[CheckedRequest, Submission]], at: datetime) -> None:
        """Add to `writes` the facts of new submissions and the personal data that the vault keeps."""
        work = UnitOfWork(self.repository.rules, at, {})
        sealed = [box for checked, submission in new for box in self._record(work, checked, submission)]
        self.repository.put(writes, work)
        vault_queries.insert_box(writes, sealed, self.vault.mark)

    def _record(
        self, work: UnitOfWork[Demand, Fact], checked: CheckedRequest, submission: Submission
    ) -> list[StoredData]:
        fact = checked.fact.model_copy(update={"number": submission.number})
        work.record(submission.id, [fact], submission.submitted_at, submission.id, checked.span)
        return self._sealed(checked.command, submission.id, fact)

    def _sealed(self, command: SubmitDemand, demand_id: UUID, fact: DemandSubmitted) -> list[StoredData]:
        """The sealed contact, and the sealed original title and text if masking changed them."""
        personal: list[tuple[UUID, BoxKind, BaseModel]] = []
        if command.contact and fact.contact:
            personal.append((fact.contact, BoxKind.CONTACT, command.contact))
        if (command.title, command.text) != (fact.title, fact.text):
            personal.append((self.new_id(), BoxKind.WORDING, Wording(title=command.title, text=command.text)))
        if not personal:
            return []
        key = self.vault.new_key(demand_id)
        boxes = tuple(Box(id, holds, key.seal(id, part.model_dump_json().encode())) for id, holds, part in personal)
        return [StoredData(demand_id, key.id, self.vault.wrap(key), boxes)]


def _passages(command: SubmitDemand) -> Iterator[Passage]:
    """All texts of a demand that have to be masked, those of its recorded history included."""
    yield from passages(command)
    for step in domain.steps_of(command):
        yield from recorded_steps.passages(step)
