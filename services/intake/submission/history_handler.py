"""Takes in what a record adds to a demand that was imported before, and refuses what contradicts it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.submission import domain, queries
from services.intake.submission import history_queries as history
from services.intake.submission.checked_request import CheckedRequest
from services.intake.submission.domain import RecordedDemand
from services.intake.submission.history import Became, Known, becomes, differences, known
from services.intake.submission.queries import Submission
from services.intake.submission.receipt import SubmissionReceipt
from services.intake.submission.repeated import recorded_otherwise
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.base.clock import uuid5
from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import Fact, HistoryContinued, RecordedStep
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse
from shared.contracts.refusals import Refused

MOVED: Final = UUID("0b9c3b0e-6f1c-5d0c-8b63-6d5d6f5a9f10")


class Again(NamedTuple):
    """A recorded demand under the key of one that was taken in before, with other content."""

    ask: CheckedRequest
    asked: Submission
    first: Submission


@dataclass(slots=True)
class _Read:
    """One imported demand while the rows of a batch are compared with it."""

    known: Known
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class HistoryHandler:
    """Compares by fingerprints, since the words of a record lie sealed: a row whose history without its last steps
    has the fingerprint of the row before it has moved on."""

    repository: Repository[Demand, Fact]
    vault: Vault

    async def take(
        self,
        db: Connection,
        pairs: Iterable[tuple[CheckedRequest, Submission]],
        first: Mapping[UUID, Submission],
        at: datetime,
    ) -> dict[UUID, SubmissionReceipt | Refused]:
        """By the id of a submission, what became of each that is recorded history known with other content.

        `first` holds what was submitted before. What is new is told in the caller's transaction.
        """
        rows = [Again(ask, s, first[s.id]) for ask, s in pairs if s.id in first and self._differs(ask, s, first[s.id])]
        if not rows:
            return {}
        ids = sorted({row.first.id for row in rows})
        work = await self.repository.load(db, ids, at)
        fingerprints = await queries.fingerprints(db, ids)  # read again, now that no other request can change them
        stored = await history.imported(db, ids)
        read = {id: _Read(_known(stored[id]), fingerprints[id]) for id in ids}
        answers = {row.asked.id: self._answer(work, row, read[row.first.id], at) for row in rows}
        await self.repository.save(db, work)
        await history.put_fingerprints(
            db, {id: imported.fingerprint for id, imported in read.items() if imported.fingerprint != fingerprints[id]}
        )
        return answers

    def _differs(self, ask: CheckedRequest, submission: Submission, first: Submission) -> bool:
        """Whether it is recorded history under the same key with other content; an erased one has none left."""
        same_key = (first.channel, first.idempotency_key) == (submission.channel, submission.idempotency_key)
        recorded = isinstance(ask.request.command, RecordedDemand) and same_key and bool(first.fingerprint)
        return recorded and first.fingerprint not in self.vault.fingerprints(domain.content(ask.request.command))

    def _answer(
        self, work: UnitOfWork[Demand, Fact], row: Again, read: _Read, at: datetime
    ) -> SubmissionReceipt | Refused:
        command = row.ask.request.command
        if not isinstance(command, RecordedDemand):
            raise TypeError(f"{type(command).__name__} has no recorded history")
        before = self._steps_before(command, read.fingerprint)
        if before is None:
            return _otherwise(row, command, read.known)
        further = row.ask.fact.history[before:]
        became = becomes(work.state(row.first.id), read.known, further)
        if became is not Became.MOVED_ON:
            return _taken(row, became)
        self._tell(work, row, read, further, at)
        return _taken(row, became, len(further))

    def _steps_before(self, command: RecordedDemand, fingerprint: bytes) -> int | None:
        """How many steps the row had when it was imported; None where it is not the same row with more of them."""
        for count in range(len(command.history), -1, -1):
            earlier = command.model_copy(update={"history": command.history[:count]})
            if fingerprint in self.vault.fingerprints(domain.content(earlier)):
                return count
        return None

    def _tell(
        self, work: UnitOfWork[Demand, Fact], row: Again, read: _Read, further: tuple[RecordedStep, ...], at: datetime
    ) -> None:
        demand, now = work.state(row.first.id), row.asked.fingerprint
        note = HistoryContinued(after=demand.version, history=further)
        work.record(demand.id, [note], at, uuid5(MOVED, f"{demand.id}\n{now.hex()}"), row.ask.span)
        read.known, read.fingerprint = _further(read.known, note), now


def _taken(row: Again, became: Became, steps: int = 0) -> SubmissionReceipt:
    first = row.first
    return SubmissionReceipt(first.id, first.number, first.submitted_at, created=False, became=became, steps=steps)


def _known(stored: Sequence[history.Told]) -> Known:
    return known((parse(fact.type, fact.payload), fact.at) for fact in stored)


def _further(before: Known, note: HistoryContinued) -> Known:
    return known([(before.submitted, before.raised_at), (note, before.raised_at)])._replace(
        steps=before.steps + note.history
    )


def _otherwise(row: Again, command: RecordedDemand, before: Known) -> SubmissionReceipt | Refused:
    """An older state of the record says nothing new; what contradicts it is named."""
    apart = differences(before, row.ask.fact, row.asked.submitted_at)
    if not apart and len(row.ask.fact.history) < len(before.steps):
        return _taken(row, Became.KNOWN)
    return recorded_otherwise(command.external_id, row.first.number, apart)
