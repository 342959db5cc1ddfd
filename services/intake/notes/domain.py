"""Defines the commands that make notes, and makes the notes of them; pure."""

from dataclasses import dataclass
from typing import Annotated, Final, assert_never
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake import examples
from services.intake.attachments.references import Attachments
from services.intake.channels.channel import Channel
from services.intake.notes.publication_commands import EnteredConsent, EnteredRefusal, KeepPrivate, Publish
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import (
    DemandSupplemented,
    DemandSupported,
    DemandUrged,
    NoteFact,
    PublicationAllowed,
    PublicationRefused,
    Rating,
    Tags,
    VerdictGiven,
    WithdrawalRequested,
)
from shared.contracts.demand.lifecycle import HOLDER
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.examples import with_examples
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.contracts.wording import STAFF, Masks, Sealed, by_citizen, masked
from shared.masking import MASKS

SUPPLEMENT: Final = 4000
Reason = Annotated[Text, Field(max_length=1000, examples=["已等了十天"]), by_citizen()]


class _NoteBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Supplement(_NoteBody):
    """Add something to the demand."""

    model_config = ConfigDict(json_schema_extra=with_examples({"text": "早上七点最挤"}))

    text: Annotated[Text, Field(min_length=1, max_length=SUPPLEMENT, examples=["早上七点最挤"]), by_citizen(SUPPLEMENT)]
    attachments: Attachments = ()


class Enclosed(Supplement):
    """A supplement with a hidden original that only the vault stores: the URL of a picture, a long letter."""

    hidden: Annotated[str, Sealed("the vault keeps the whole")]


def supplement(words: str, attachments: tuple[str, ...] = (), hidden: str = "") -> Supplement:
    """The command for a text of at most `SUPPLEMENT` characters; `hidden` is the original, which only the vault
    stores."""
    if hidden:
        return Enclosed(text=words, hidden=hidden, attachments=attachments)
    return Supplement(text=words, attachments=attachments)


class Urge(_NoteBody):
    """Ask to hurry (催办)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "雨季快到了"}, {}))

    reason: Reason = ""


class Support(_NoteBody):
    """Say that one has the same demand (附议)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"contact": examples.CONTACT}, {}))

    contact: Annotated[Contact | None, Field(examples=[{"name": "陈先生", "phone": "13800138000"}])] = None


class Withdraw(_NoteBody):
    """Ask for the demand to be taken back."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "学校已经解决了"}, {}))

    reason: Reason = ""


class Rate(_NoteBody):
    """Judge the answer (评价): five levels, and whether the matter is solved. Who says no more than that it is not
    solved needs no level."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"rating": 5, "solved": True, "comment": "很及时", "tags": ["prompt"]})
    )

    rating: Annotated[Rating | None, Field(examples=[5])] = None
    solved: bool
    comment: Annotated[Text, Field(max_length=2000, examples=["很及时"]), by_citizen(4000)] = ""
    entered_by: Annotated[
        Text | None, Field(max_length=64, description="who wrote it down, where staff asked by telephone (回访)"), STAFF
    ] = None
    tags: Tags = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Rate":
        if self.rating is None and self.solved:
            raise PydanticCustomError(
                "rating_missing",
                "say how satisfied the citizen is with `rating`, 1 to 5 / 请用 rating 说明满意程度（1至5）",
            )
        return self


class Sighting(Support):
    """The same matter, seen through another channel under its own reference."""

    model_config = ConfigDict(json_schema_extra=with_examples({"external_id": "12345-20210511-0042"}))

    external_id: Annotated[
        Text,
        Field(min_length=1, max_length=128, description="unique in the channel", examples=["call-7"]),
        Sealed("kept as a keyed hash, told by no fact"),
    ]


NoteBody = Supplement | Urge | Support | Withdraw | Rate | KeepPrivate | Publish
ENDED: Final = (Status.CLOSED, Status.WITHDRAWN)
JUDGED: Final = (Status.RESOLVED, Status.DECLINED)
"""Statuses in which a verdict is awaited."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note, and the personal data of it that only the vault stores, under the note's reference."""

    fact: NoteFact
    sealed: bytes | None = None


def note(body: NoteBody, channel: Channel, reference: UUID, masks: Masks = MASKS) -> Note:
    """The note of a command, with personal numbers masked; the original and the contact go to the vault."""
    masked_body = masked(body, masks)
    sealed = _personal(body, masked_body)
    boxed = reference if sealed else None
    match masked_body:
        case Supplement(text=text, attachments=attachments):
            return Note(DemandSupplemented(text=text, original=boxed, attachments=attachments), sealed)
        case Urge(reason=reason):
            return Note(DemandUrged(reason=reason, original=boxed), sealed)
        case Withdraw(reason=reason):
            return Note(WithdrawalRequested(reason=reason, original=boxed), sealed)
        case Rate(rating=rating, solved=solved, comment=comment, entered_by=by, tags=tags):
            common = {"asked": channel.kind, "entered_by": by, "original": boxed, "tags": tags}
            return Note(VerdictGiven(judged=1, rating=rating, solved=solved, comment=comment, **common), sealed)
        case EnteredRefusal(said_by=said_by, entered_by=by):
            return Note(PublicationRefused(said_by=said_by, entered_by=by))
        case KeepPrivate():
            return Note(PublicationRefused())
        case EnteredConsent(said_by=said_by, entered_by=by):
            return Note(PublicationAllowed(said_by=said_by, entered_by=by))
        case Publish():
            return Note(PublicationAllowed())
        case Support():
            return Note(DemandSupported(channel=channel.id, channel_kind=channel.kind, contact=boxed), sealed)
        case _:
            assert_never(body)


def _personal(body: NoteBody, masked_body: NoteBody) -> bytes | None:
    match body:
        case Support(contact=contact):
            return contact.model_dump_json().encode() if contact else None
        case Enclosed(hidden=hidden):
            return hidden.encode()
        case Supplement(text=words) | Urge(reason=words) | Withdraw(reason=words) | Rate(comment=words):
            return words.encode() if masked_body != body else None
        case KeepPrivate() | Publish():
            return None
        case _:
            assert_never(body)


def check_status(body: NoteBody, demand: Demand) -> None:
    """Raise `Refused` if the demand's status makes the note pointless: no service would act on it."""
    if isinstance(body, Rate):
        _may_be_judged(body, demand)
    if demand.status in ENDED and not isinstance(body, KeepPrivate | Publish):
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"demand {demand.number} has ended ({demand.status}); submit a new demand with POST /v1/demands",
            f"诉求 {demand.number} 已办结归档，请重新提交诉求",
        )
    if isinstance(body, Withdraw) and HOLDER[demand.status] is not Service.ROUTING:
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"demand {demand.number} is answered already ({demand.status}); rate the answer instead of withdrawing",
            f"诉求 {demand.number} 已经答复，不能撤回，请对答复作出评价",
        )


def _may_be_judged(verdict: Rate, demand: Demand) -> None:
    if demand.status not in JUDGED:
        is_over = demand.status in (Status.CONFIRMED, *ENDED)
        en = f"demand {demand.number} is {demand.status}; only a demand that was answered can be rated"
        zh = "该诉求已结束，不能再评价；如果问题仍在，请重新提交诉求" if is_over else "该诉求正在办理，答复后再请您评价"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh)
    if demand.status is Status.DECLINED and verdict.solved:
        en = f"demand {demand.number} was declined: disagree with `solved` false, or leave it as it is"
        zh = "该诉求不予受理；如有异议请选择“未解决”，否则无需操作"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("solved", zh, en, "false"),))
