"""Gives feedback the contacts for many messages at once: for each the first contact method that was left. Each access
is recorded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.intake.vault import queries
from services.intake.vault.contact import Contact
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.personal import PersonalField, Why
from services.intake.vault.persons import correspondents
from services.intake.vault.queries import StoredData
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.http.response_headers import PRIVATE
from shared.contracts.demand.facts import Fact, PersonalDataViewed
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.contracts.wording import Identifier
from shared.identity.callers import Caller, Callers

MOST: Final = 200


class Way(StrEnum):
    """The contact methods, named as the vault's fields."""

    PHONE = PersonalField.PHONE.value
    WECHAT = PersonalField.WECHAT.value
    EMAIL = PersonalField.EMAIL.value


class ContactQuestion(BaseModel):
    """The question for one message: the demand, the reference of the contact, and the possible contact methods, the
    best first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, Field(max_length=40), Identifier("a demand's number")]
    """Not validated as user input is, because a wrong one must not keep the others from their answers."""
    contact: UUID
    ways: Annotated[tuple[Way, ...], Field(min_length=1, max_length=len(Way))]
    why: Why
    unless_opted_out: bool = False
    """If true, no address of a person who opted out of messages is given."""


class ContactQuestions(BaseModel):
    """The questions of one request; the answers have the same order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: Annotated[tuple[ContactQuestion, ...], Field(min_length=1, max_length=MOST)]


class ContactState(StrEnum):
    """Why there is an address or none. `nothing-left`: none of these methods was left. `opted-out`: the person opted
    out of messages. `unknown`: there is no such demand."""

    KNOWN = "known"
    NOTHING_LEFT = "nothing-left"
    ERASED = "erased"
    OPTED_OUT = "opted-out"
    UNKNOWN = "unknown"


class ContactAnswer(BaseModel):
    """The one address for a message, or why there is none."""

    state: ContactState
    way: Way | None = None
    address: str | None = Field(None, repr=False)


class ContactAnswers(BaseModel):
    """One answer for each question, in the same order."""

    answers: tuple[ContactAnswer, ...]


@dataclass(frozen=True, slots=True)
class ContactBatches:
    """Answers other services; nobody else may ask."""

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    callers: Callers
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def answer(self, questions: Sequence[ContactQuestion], by: Caller) -> list[ContactAnswer]:
        """Read the contacts and record the accesses in one transaction. A person is refused: they read one demand at a
        time, and give a reason."""
        if by.person is not None:
            raise Refused(
                Code.FORBIDDEN,
                "only services may call this; ask for the contact of a single demand",
                "该接口仅供内部服务使用",
            )
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            ids = await _ids(db, {question.number for question in questions})
            # The demands are locked first, as by an erasure, so that the two cannot deadlock.
            at = self.clock()
            work = await self.repository.load(db, ids.values(), at)
            vaults = await queries.of_demands(db, list(ids.values()))
            contacts = [self._contact(question, ids, vaults) for question in questions]
            refusing = [
                self._refusing(*question_and_contact, ids)
                for question_and_contact in zip(questions, contacts, strict=True)
            ]
            stopped = await OptOuts(self.vault).among(db, set[bytes]().union(*refusing))
            answers = [
                self._answer(question, ids, vaults, contact, not stopped.isdisjoint(persons))
                for question, contact, persons in zip(questions, contacts, refusing, strict=True)
            ]
            correspondents_of_demands: list[tuple[bytes, UUID]] = []
            for question, answer in zip(questions, answers, strict=True):
                if answer.way:
                    note = PersonalDataViewed(by=by.name, fields=(answer.way,), why=question.why)
                    work.record(ids[question.number], [note], at, self.new_id())
                    correspondents_of_demands += self._correspondents(
                        work.state(ids[question.number]), question, answer
                    )
            await self.repository.save(db, work)
            await queries.put_correspondents(db, correspondents_of_demands, at)
        return answers

    def _correspondents(
        self, demand: Demand, question: ContactQuestion, answer: ContactAnswer
    ) -> list[tuple[bytes, UUID]]:
        """The persons whose answers to the message are taken for answers about the demand: the citizen who raised it,
        not a supporter."""
        if demand.contact != question.contact or not answer.way:
            return []
        contact = Contact.model_validate({answer.way: answer.address})
        return [(person, demand.id) for person in correspondents(self.vault, contact)]

    def _refusing(self, question: ContactQuestion, contact: Contact | None, ids: Mapping[str, UUID]) -> list[bytes]:
        """The hashes under which this person may have opted out: of all demands, or of this one."""
        if not question.unless_opted_out or contact is None:
            return []
        opt_outs = OptOuts(self.vault)
        return [*opt_outs.persons(contact), opt_outs.of_demand(ids[question.number], question.contact)]

    def _contact(
        self, question: ContactQuestion, ids: Mapping[str, UUID], data_by_demand: Mapping[UUID, StoredData]
    ) -> Contact | None:
        boxes = data_by_demand.get(ids[question.number]) if question.number in ids else None
        return self._opened(boxes, question.contact) if boxes and not boxes.destroyed_at else None

    def _answer(
        self,
        question: ContactQuestion,
        ids: Mapping[str, UUID],
        data_by_demand: Mapping[UUID, StoredData],
        contact: Contact | None,
        opted_out: bool,
    ) -> ContactAnswer:
        if question.number not in ids:
            return ContactAnswer(state=ContactState.UNKNOWN)
        boxes = data_by_demand.get(ids[question.number])
        if boxes and boxes.destroyed_at:
            return ContactAnswer(state=ContactState.ERASED)
        if opted_out:
            return ContactAnswer(state=ContactState.OPTED_OUT)
        for way in question.ways:
            if address := getattr(contact, way, ""):
                return ContactAnswer(state=ContactState.KNOWN, way=way, address=address)
        return ContactAnswer(state=ContactState.NOTHING_LEFT)

    def _opened(self, stored_data: StoredData, reference: UUID) -> Contact | None:
        return next(self._contacts(stored_data, reference), None)

    def _contacts(self, stored_data: StoredData, reference: UUID) -> Iterator[Contact]:
        """The contacts in the boxes of this reference. A supporter's contact is stored as a note's hidden data is, and
        boxes with a text hold no contact."""
        if stored_data.wrapped:
            key = self.vault.unwrap(stored_data.key_id, stored_data.wrapped)
            for box in stored_data.boxes:
                if box.id == reference:
                    with suppress(ValidationError):
                        yield Contact.model_validate_json(key.open(box.id, box.sealed))


async def _ids(db: Connection, numbers: set[str]) -> dict[str, UUID]:
    rows = await db.fetch(
        "SELECT submission.number, demand.id FROM submission JOIN demand USING (id) WHERE submission.number = ANY($1)",
        list(numbers),
    )
    return {row["number"]: row["id"] for row in rows}


def routes(contacts: ContactBatches) -> APIRouter:
    """The route between services, which is in no API document: people use `/v1/demands/{number}/contact`."""
    router = APIRouter(include_in_schema=False)
    By = Annotated[Caller, Depends(contacts.callers)]  # noqa: N806 (a type)

    @router.post("/v1/contacts")
    async def find_contacts(contact_questions: ContactQuestions, by: By, response: Response) -> ContactAnswers:
        """The contacts for these messages."""
        answers = await contacts.answer(contact_questions.questions, by)
        response.headers.update(PRIVATE)
        return ContactAnswers(answers=tuple(answers))

    return router
