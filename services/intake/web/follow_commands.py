"""Handles the forms on the page of a demand: each becomes a note once, however often it is sent."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from services.intake.channels.channel import Channel
from services.intake.notes.domain import NoteBody, Supplement, Support, Urge, Withdraw
from services.intake.notes.handler import NoteRequest
from services.intake.notes.messages_handler import MessagesHandler
from services.intake.notes.publication_commands import KeepPrivate, Publish
from services.intake.vault.contact import Contact
from services.intake.vault.persons import ways
from services.intake.web.portal import Portal
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.contracts.wording import Sealed
from shared.jurisdiction.jurisdictions import Jurisdictions

_KEY: Final = 64
_PICTURES_ALONE: Final = "补充照片"
_TELEPHONE: Final = 7
"""A telephone number has at least so many digits, without the area code."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class SupporterForm(_Form):
    """The form of another person who has the same demand."""

    name: Annotated[Text, Field(max_length=100), Sealed("kept in the vault")] = ""
    phone: Annotated[Text, Field(max_length=32), Sealed("kept in the vault")] = ""


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as it was sent: texts by the names of the fields, the key that was made with the form, and pictures."""

    words: dict[str, str]
    key: str
    pictures: Sequence[bytes] = ()

    @classmethod
    async def of(cls, request: Request) -> "SentForm":
        """Parse the form of a request."""
        form = await request.form()
        words = {name: value for name, value in form.items() if isinstance(value, str)}
        return cls(words, words.get("key", "")[:_KEY], await _pictures(form))

    def get(self, name: str) -> str:
        """The text of a field; empty if the field is missing."""
        return self.words.get(name, "")

    def cause(self, demand: UUID) -> str:
        """The cause of a form: the same if it is sent again unchanged, another one if anything in it changed."""
        content = "\n".join(f"{name}={self.words[name]}" for name in sorted(self.words) if name not in ("csrf", "key"))
        digest = hashlib.sha256(content.encode())
        for picture in self.pictures:
            digest.update(hashlib.sha256(picture).digest())
        return f"follow:{demand}:{self.key}:{digest.hexdigest()[:32]}"


async def _pictures(form: FormData) -> list[bytes]:
    """The pictures of a form. A field without a chosen file is sent as a file without a name."""
    uploads = [field for field in form.getlist("photos") if isinstance(field, UploadFile)]
    return [await upload.read() for upload in uploads if upload.filename]


@dataclass(frozen=True, slots=True)
class FollowCommands:
    """Handles what a citizen may say on the page; every method raises `Refused`."""

    portal: Portal
    packs: Jurisdictions

    async def add(self, demand: Demand, form: SentForm) -> None:
        """Add a text, pictures or both."""
        text = form.get("text").strip() or (_PICTURES_ALONE if form.pictures else "")
        if not text:
            raise _wrong(
                "text", "请写下要补充的内容，或者选择照片", "Write what you would like to add, or choose pictures"
            )
        if len(form.pictures) > MAX_ATTACHMENTS:
            most = MAX_ATTACHMENTS
            raise _wrong("photos", f"照片最多 {most} 张", f"There may be {most} pictures at most")
        _checked(Supplement, text=text)
        channel, cause = await self._channel(demand), form.cause(demand.id)
        if await self.portal.note_handler.before(channel, cause):
            return
        taken = [await self._taken(channel, picture) for picture in form.pictures]
        await self._say(demand, cause, Supplement(text=text, attachments=tuple(taken)))

    async def _taken(self, channel: Channel, picture: bytes) -> str:
        try:
            return (await self.portal.attachments.take(channel, picture)).reference
        except Refused as refused:
            if refused.code is not Code.INVALID:
                raise
            raise _wrong("photos", refused.zh, refused.en) from None

    async def urge(self, demand: Demand, form: SentForm) -> None:
        """Ask to hurry."""
        await self._say(demand, form.cause(demand.id), Urge())

    async def withdraw(self, demand: Demand, form: SentForm) -> None:
        """Ask for the demand to be taken back."""
        await self._say(demand, form.cause(demand.id), _checked(Withdraw, reason=form.get("reason").strip()))

    async def support(self, demand: Demand, form: SentForm) -> None:
        """Record that another person has the same demand."""
        person = _checked(SupporterForm, name=form.get("name").strip(), phone=form.get("phone").strip())
        contact = Contact(name=person.name, phone=person.phone)
        if not any(sum(map(str.isdigit, way)) >= _TELEPHONE for way in ways(contact)):
            zh, en = "请填写邻居的电话号码，用来通知结果", "Give their telephone: the result is sent there"
            raise _wrong("phone", zh, en)
        await self._say(demand, form.cause(demand.id), Support(contact=contact))

    async def keep_private(self, demand: Demand, form: SentForm) -> None:
        """Refuse publication, now and later."""
        await self._say(demand, form.cause(demand.id), KeepPrivate())

    async def publish(self, demand: Demand, form: SentForm) -> None:
        """Agree to publication, after a refusal or if the citizen was not asked."""
        await self._say(demand, form.cause(demand.id), Publish())

    async def messages_stopped(self, demand: Demand) -> bool | None:
        """Whether messages of the demand were stopped; None if there is no contact."""
        return await self._messages.stopped(demand)

    async def stop(self, demand: Demand, form: SentForm) -> None:
        """Stop the messages of this demand to the citizen."""
        await self._messages.stop(demand)

    async def start(self, demand: Demand, form: SentForm) -> None:
        """Start the messages of this demand again."""
        await self._messages.start(demand)

    @property
    def _messages(self) -> MessagesHandler:
        return MessagesHandler(self.portal.submissions.pool, self.portal.note_handler.vault)

    async def _say(self, demand: Demand, cause: str, body: NoteBody) -> None:
        request = NoteRequest(await self._channel(demand), cause, body)
        await self.portal.note_handler.record(demand.id, request)

    async def _channel(self, demand: Demand) -> Channel:
        """The portal's channel in the jurisdiction of the demand."""
        pack = self.packs.get(demand.jurisdiction)
        if pack is None:
            raise Refused(
                Code.NOT_FOUND, "the jurisdiction of this demand is not served here", "本平台不受理该地区的诉求"
            )
        return await self.portal.channel(pack)


def _checked(kind: type[Any], **given: str) -> Any:
    """The command with these fields; raises `Refused` if a field is too long."""
    try:
        return kind(**given)
    except ValidationError as fault:
        field = str(fault.errors(include_input=False)[0]["loc"][0])
        raise _wrong(field, "填写的内容太长，请缩短一些", "That is too long: make it shorter") from None


def _wrong(field: str, zh: str, en: str) -> Refused:
    return Refused(Code.INVALID, en, zh, (FieldError(field, zh, en),))
