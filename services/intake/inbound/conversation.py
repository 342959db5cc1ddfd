"""Turns messages into demands, supplements and verdicts; a repeated message changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.intake.attachments.collect import NOTHING, Enclosures
from services.intake.channels.channel import Channel
from services.intake.channels.gateway_settings import ChannelGateway
from services.intake.inbound import queries
from services.intake.inbound.attach import MessageFiles
from services.intake.inbound.message import TEXT, InboundMessage, coded_first
from services.intake.inbound.sender_lock import SenderLocks
from services.intake.inbound.spoken_verdict import spoken_verdict
from services.intake.inbound.spoken_wish import Wish, spoken_wish
from services.intake.notes.domain import ENDED, JUDGED, SUPPLEMENT, Rate, supplement
from services.intake.notes.handler import NoteHandler, NoteRequest, cause_of
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.secret_code import SecretCodes
from services.intake.vault.adding import store_personal_data
from services.intake.vault.contact import Contact
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.persons import correspondents
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused


@dataclass(frozen=True, slots=True)
class SenderReply:
    """The answer to the sender: the number, the code if the demand is new, and for a verdict whether the matter is
    solved."""

    number: str
    code: str | None = None
    enclosed: Enclosures = NOTHING
    solved: bool | None = None
    wish: Wish | None = None
    """The opt-out or opt-in that the message expressed; such a message belongs to no demand."""


@dataclass(frozen=True, slots=True)
class Conversations:
    """Handles the messages of a channel.

    A message that names a demand, answers a message about one, or continues a conversation becomes a supplement; any
    other becomes a new demand. A message that begins with a verdict judges the demand of this sender whose answer waits
    for one. A message that is only "stop" or "start" belongs to no demand.
    """

    submissions: SubmissionHandler
    note_handler: NoteHandler
    codes: SecretCodes
    message_files: MessageFiles
    sender_locks: SenderLocks
    clock: Callable[[], datetime] = now

    async def take(self, gateway: ChannelGateway, message: InboundMessage) -> SenderReply:
        """Handle a message; raises `Refused` only if the channel is set up wrongly."""
        channel, key = gateway.channel, self._key(gateway.channel, message)
        if wish := _wish(message):
            await self._set_opt_out(wish, message.contact)
            return SenderReply("", wish=wish)
        at = self.clock()
        since = at - timedelta(minutes=gateway.settings.conversation_minutes)
        known = await self._known(channel, key)
        if known:
            return known
        # Fetched before the sender's lock is taken, so that no message waits for the picture of another one.
        enclosed = await self.message_files.of(channel, message)
        sender = self._sender(channel, message)
        async with self.sender_locks.hold(sender) as db:
            demand = await self._demand_meant(db, channel, message, since)
            # Checked again: `_demand_meant` may have found the conversation that this same message began just now.
            known = await self._known(channel, key)
            if known:
                return known
            answer, id = await self._record(channel, key, message, demand, enclosed)
            if message.original:
                box = uuid5(cause_of(channel, f"{key}:original"), "sealed")
                await store_personal_data(db, self.note_handler.vault, id, box, message.original.encode())
            await queries.put_conversation(db, channel.id, sender, id, at)
        return answer

    async def _set_opt_out(self, wish: Wish, contact: Contact) -> None:
        opt_outs = OptOuts(self.note_handler.vault, self.clock)
        async with self.submissions.pool.acquire(timeout=5) as db, db.transaction():
            await (opt_outs.stop if wish is Wish.STOP else opt_outs.start)(db, contact)

    async def _record(
        self, channel: Channel, key: str, message: InboundMessage, demand: Demand | None, enclosed: Enclosures
    ) -> tuple[SenderReply, UUID]:
        message = self._uncoded(message, demand) if demand else replace(message, text=message.whole)
        message = message.with_note(enclosed.note)
        if demand is None:
            return await self._submit(channel, key, message, enclosed)
        if verdict := _verdict(message, demand):
            await self.note_handler.record(demand.id, NoteRequest(channel, key, verdict))
            return SenderReply(demand.number, solved=verdict.solved), demand.id
        words = await message.fitted_text(SUPPLEMENT, self.note_handler.masker)
        supplement_body = supplement(words, enclosed.references, _hidden(message, SUPPLEMENT))
        await self.note_handler.record(demand.id, NoteRequest(channel, key, supplement_body))
        return SenderReply(demand.number, None, enclosed), demand.id

    async def _known(self, channel: Channel, key: str) -> SenderReply | None:
        note_receipt = await self.note_handler.before(channel, key)
        if note_receipt:
            return SenderReply(note_receipt.number, solved=note_receipt.solved)
        async with self.submissions.pool.acquire(timeout=5) as db:
            submitted = await queries.submitted_under(db, channel.id, self.note_handler.vault.reference(key))
        return SenderReply(submitted.number, self.codes.of(submitted.id)) if submitted else None

    async def _demand_meant(
        self, db: Connection, channel: Channel, message: InboundMessage, since: datetime
    ) -> Demand | None:
        """The demand that a message is about; None if it begins a new one or its demand has ended."""
        numbered = await queries.named(db, message.number) if message.number else None
        sender = self._correspondent(channel, message)
        if numbered is None and message.converses and spoken_verdict(message.text):
            awaiting_verdict = await queries.awaiting_verdict(db, sender)
            if awaiting_verdict:
                return awaiting_verdict
        demand = numbered if numbered and await self._is_theirs(db, sender, message, numbered) else None
        if demand is None and message.answers:
            demand = await queries.referred(
                db, channel.id, list(map(self.note_handler.vault.reference, message.answers))
            )
        if demand is None and numbered is None and message.converses:
            demand = await queries.spoken_of(db, sender, since)
        return demand if demand and demand.status not in ENDED else None

    async def _is_theirs(self, db: Connection, sender: queries.Sender, message: InboundMessage, demand: Demand) -> bool:
        """Whether the sender may speak about the demand. Numbers are public, so the sender must give its code, have
        spoken about it on this channel before, or have been sent a message about it."""
        code = message.code or coded_first(message.text)[0]
        return self.codes.fits(demand.id, code) or await queries.has_spoken(db, sender, demand.id)

    def _uncoded(self, message: InboundMessage, demand: Demand) -> InboundMessage:
        """The message without its secret code, which no reader should see."""
        code, rest = coded_first(message.text)
        return replace(message, text=rest or "［查询码］") if self.codes.fits(demand.id, code) else message

    async def _submit(
        self, channel: Channel, key: str, message: InboundMessage, enclosed: Enclosures
    ) -> tuple[SenderReply, UUID]:
        masker = self.note_handler.masker
        command = SubmitDemand(
            title=await message.headline(masker),
            text=await message.fitted_text(TEXT, masker),
            location=message.place,
            contact=message.contact,
            external_id=message.reference,
        )
        try:
            receipt = await self.submissions.submit(channel, Request(key, command, enclosed=enclosed.references))
        except Refused as refused:
            if refused.code is not Code.CONFLICT or command.external_id is None:
                raise
            # Another e-mail has this reference: senders can choose any Message-ID.
            command = command.model_copy(update={"external_id": None})
            receipt = await self.submissions.submit(channel, Request(key, command, enclosed=enclosed.references))
        hidden = _hidden(message, TEXT)
        if hidden and receipt.created:
            whole = supplement(await message.fitted_text(SUPPLEMENT, masker), hidden=hidden)
            await self.note_handler.record(receipt.id, NoteRequest(channel, f"{key}:enclosed", whole))
        return SenderReply(receipt.number, self.codes.for_receipt(receipt), enclosed), receipt.id

    def _key(self, channel: Channel, message: InboundMessage) -> str:
        """The idempotency key of a message. It includes sender and text, because the counter of a gateway may restart
        or repeat."""
        # For e-mails the Message-ID alone: it is unique, and mailing lists add text to the e-mail.
        words = "" if message.reference else message.whole
        whole = "\n".join((channel.id, message.id, message.sender, words))
        return f"message:{message.id}:{self.note_handler.vault.pseudonym(whole).hex()[:32]}"

    def _correspondent(self, channel: Channel, message: InboundMessage) -> queries.Sender:
        known_as = correspondents(self.note_handler.vault, message.contact)
        return queries.Sender(channel.id, self._sender(channel, message), known_as)

    def _sender(self, channel: Channel, message: InboundMessage) -> bytes:
        return self.note_handler.vault.pseudonym(f"{channel.id}\n{message.sender}")


def _wish(message: InboundMessage) -> Wish | None:
    more = message.files or message.picture or message.hidden or message.number
    return None if more else spoken_wish(message.text)


def _verdict(message: InboundMessage, demand: Demand) -> Rate | None:
    """The verdict of the message, if the demand's answer waits for one; None if it has a picture or a long text, which
    is more than a verdict."""
    if demand.status not in JUDGED or message.files or message.picture or message.hidden:
        return None
    return spoken_verdict(message.text)


def _hidden(message: InboundMessage, most: int) -> str:
    """The data of the message that only the vault stores, with the text, which is masked where it is shown."""
    words = message.uncut(most) or (message.text if message.hidden else "")
    return "\n".join(filter(None, ("" if words in message.hidden else words, message.hidden)))
