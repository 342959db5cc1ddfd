"""Imports the new steps of a recorded demand that was imported before, and refuses a record that contradicts it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.submission import domain, history_queries, queries
from services.intake.submission.checked_request import CheckedRequest
from services.intake.submission.domain import RecordedDemand
from services.intake.submission.history import Became, ImportedHistory, differences, history_of, import_result
from services.intake.submission.history_queries import StoredFact
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

_CONTINUATIONS: Final = UUID("0b9c3b0e-6f1c-5d0c-8b63-6d5d6f5a9f10")


class RepeatedImport(NamedTuple):
    """A recorded demand with the idempotency key of an earlier import, but with other content.

    `submission` is the row that the request asks for, `first` the row of the earlier import.
    """

    checked: CheckedRequest
    submission: Submission
    first: Submission


@dataclass(slots=True)
class _ImportedDemand:
    """One imported demand. It is changed while the rows of a batch are compared with it, one after the other."""

    history: ImportedHistory
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class HistoryHandler:
    """Compares a record with its earlier import by fingerprints, because the original texts are sealed.

    If the record without its last steps has the fingerprint of the earlier import, these last steps are new.
    """

    repository: Repository[Demand, Fact]
    vault: Vault

    async def take(
        self,
        db: Connection,
        pairs: Iterable[tuple[CheckedRequest, Submission]],
        first: Mapping[UUID, Submission],
        at: datetime,
    ) -> dict[UUID, SubmissionReceipt | Refused]:
        """Import the new steps of every repeated import among `pairs`; returns the answer by the id of the submission.

        `first` holds the earlier submission, by the id of the repeated one. A pair that is no repeated import has no
        answer. The facts are written in the caller's transaction.
        """
        repeated = [
            RepeatedImport(checked, submission, first[submission.id])
            for checked, submission in pairs
            if submission.id in first and self._differs(checked, submission, first[submission.id])
        ]
        if not repeated:
            return {}
        ids = sorted({row.first.id for row in repeated})
        work = await self.repository.load(db, ids, at)
        fingerprints = await queries.fingerprints(db, ids)  # read again, now that no other request can change them
        facts = await history_queries.imported(db, ids)
        imported = {id: _ImportedDemand(_history_of(facts[id]), fingerprints[id]) for id in ids}
        answers = {row.submission.id: self._answer(work, row, imported[row.first.id], at) for row in repeated}
        await self.repository.save(db, work)
        changed = {id: row.fingerprint for id, row in imported.items() if row.fingerprint != fingerprints[id]}
        await history_queries.put_fingerprints(db, changed)
        return answers

    def _differs(self, checked: CheckedRequest, submission: Submission, first: Submission) -> bool:
        """Whether this is a recorded demand with the same key and other content; after an erasure nothing is
        compared."""
        same_key = (first.channel, first.idempotency_key) == (submission.channel, submission.idempotency_key)
        command = checked.request.command
        recorded = isinstance(command, RecordedDemand) and same_key and bool(first.fingerprint)
        return recorded and first.fingerprint not in self.vault.fingerprints(domain.content(command))

    def _answer(
        self, work: UnitOfWork[Demand, Fact], row: RepeatedImport, imported: _ImportedDemand, at: datetime
    ) -> SubmissionReceipt | Refused:
        command = row.checked.request.command
        if not isinstance(command, RecordedDemand):
            raise TypeError(f"{type(command).__name__} has no recorded history")
        before = self._steps_before(command, imported.fingerprint)
        if before is None:
            return _changed_otherwise(row, command, imported.history)
        new_steps = row.checked.fact.history[before:]
        became = import_result(work.state(row.first.id), imported.history, new_steps)
        if became is not Became.MOVED_ON:
            return _receipt(row, became)
        self._record(work, row, imported, new_steps, at)
        return _receipt(row, became, len(new_steps))

    def _steps_before(self, command: RecordedDemand, fingerprint: bytes) -> int | None:
        """How many steps the record had at its earlier import; None if more than its number of steps has changed."""
        for count in range(len(command.history), -1, -1):
            earlier = command.model_copy(update={"history": command.history[:count]})
            if fingerprint in self.vault.fingerprints(domain.content(earlier)):
                return count
        return None

    def _record(
        self,
        work: UnitOfWork[Demand, Fact],
        row: RepeatedImport,
        imported: _ImportedDemand,
        new_steps: tuple[RecordedStep, ...],
        at: datetime,
    ) -> None:
        demand, fingerprint = work.state(row.first.id), row.submission.fingerprint
        note = HistoryContinued(after=demand.version, history=new_steps)
        cause = uuid5(_CONTINUATIONS, f"{demand.id}\n{fingerprint.hex()}")
        work.record(demand.id, [note], at, cause, row.checked.span)
        imported.history, imported.fingerprint = _continued(imported.history, note), fingerprint


def _receipt(row: RepeatedImport, became: Became, steps: int = 0) -> SubmissionReceipt:
    first = row.first
    return SubmissionReceipt(first.id, first.number, first.submitted_at, created=False, became=became, steps=steps)


def _history_of(facts: Sequence[StoredFact]) -> ImportedHistory:
    return history_of((parse(fact.type, fact.payload), fact.at) for fact in facts)


def _continued(history: ImportedHistory, note: HistoryContinued) -> ImportedHistory:
    facts = [(history.submitted, history.raised_at), (note, history.raised_at)]
    return history_of(facts)._replace(steps=history.steps + note.history)


def _changed_otherwise(
    row: RepeatedImport, command: RecordedDemand, imported: ImportedHistory
) -> SubmissionReceipt | Refused:
    """The answer to a record that is not its earlier import with more steps: an older state of the record changes
    nothing; a record that contradicts the import is refused with the fields that differ."""
    errors = differences(imported, row.checked.fact, row.submission.submitted_at)
    if not errors and len(row.checked.fact.history) < len(imported.steps):
        return _receipt(row, Became.KNOWN)
    return recorded_otherwise(command.external_id, row.first.number, errors)
