"""Decides which messages wait to be gathered, and builds the digest that replaces them; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.chassis.work.intents import Digest, Intent, PutOff
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notice_words import notice_words
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.profile import Language

WAITS: Final = "digest"
"""The reason (`waits`) of a message that waits to be gathered with others to the same address."""
TOGETHER: Final = (
    "another message was sent to this address a short time ago: the next ones are combined into one message"
)
_DESPITE: Final = "despite_opt_out"
"""A key in the body of a digest: whether it is sent to somebody who opted out of messages."""
_RATED: Final = frozenset({Notice.RESOLVED, Notice.DECLINED})
_BETWEEN: Final[Mapping[Language, str]] = {"zh": "；", "en": "; "}


@dataclass(frozen=True, slots=True)
class MarkedMessage:
    """A message with its recipient's mark, which stands for the address."""

    intent: Intent
    mark: bytes


def may_be_gathered(intent: Intent, packs: Jurisdictions) -> bool:
    """Whether a message may be gathered with others. A digest, a message of an emergency, and a message that the pack
    keeps apart may not."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    if pack is None or pack.messages.digest is None or intent.is_digest or intent.body.get("urgent"):
        return False
    return intent.body["template"] not in pack.messages.digest.apart


def despite_opt_out(intent: Intent, packs: Jurisdictions) -> bool:
    """Whether a message is sent to somebody who opted out of messages. A digest has the answer for its messages in its
    body."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    despite = pack is not None and intent.body["template"] in pack.messages.despite_opt_out
    return bool(intent.body.get(_DESPITE, despite))


def gathering(
    messages: Sequence[MarkedMessage],
    reached: Mapping[bytes, datetime],
    packs: Jurisdictions,
    at: datetime,
    chosen: dict[bytes, tuple[UUID, datetime]],
) -> dict[UUID, PutOff]:
    """The messages that are put off to be gathered, by their ids: those to an address that got a message a short time
    ago (`reached`), or that gets one of the earlier `messages`.

    `chosen` remembers the last message to each address. A message on its way is not yet in `reached`; and if it is
    asked about again, it must not wait for itself.
    """
    put_off: dict[UUID, PutOff] = {}
    for message in messages:
        last_sent = _last_sent(message, reached, chosen)
        minutes = _minutes(message.intent, packs)
        until = last_sent + timedelta(minutes=minutes) if last_sent and minutes else at
        if until > at:
            put_off[message.intent.id] = PutOff(TOGETHER, WAITS, until, message.mark)
        else:
            chosen[message.mark] = (message.intent.id, at)
    return put_off


def _last_sent(
    message: MarkedMessage, reached: Mapping[bytes, datetime], chosen: Mapping[bytes, tuple[UUID, datetime]]
) -> datetime | None:
    """When another message last went to the same address; None if none did."""
    id, at = chosen.get(message.mark, (message.intent.id, None))
    moments = [moment for moment in (reached.get(message.mark), at if id != message.intent.id else None) if moment]
    return max(moments, default=None)


def _minutes(intent: Intent, packs: Jurisdictions) -> int:
    pack = packs.get(intent.body["jurisdiction"] or "")
    return (
        pack.messages.digest.within_minutes if pack and pack.messages.digest and may_be_gathered(intent, packs) else 0
    )


def digest(intents: Sequence[Intent], packs: Jurisdictions) -> Digest | None:
    """The digest of these messages: the first one, with a text that lists each demand once, with its latest news and
    its link. None if fewer than two of them can be gathered."""
    first, gathered = intents[0], _gathered(intents, packs)
    pack = packs.get(first.body["jurisdiction"] or "")
    if pack is None or pack.messages.digest is None or first not in gathered or len(gathered) < 2:
        return None
    latest = {intent.body["number"]: intent for intent in gathered}
    listed_intents = list(latest.values())[: pack.messages.digest.listed]
    values = {
        "number": str(first.body["number"]),
        "demands": str(len(latest)) if len(latest) > 1 else "",
        "count": str(len(gathered)),
        "items": _items(listed_intents, pack, one_demand=len(latest) == 1),
        "url": _link(first),
    }
    values = {name: value for name, value in values.items() if value}
    body: dict[str, Any] = {
        **first.body,
        "template": str(Notice.DIGEST),
        "text": pack.message(Notice.DIGEST, pack.languages[0], values),
        "values": values,
        _DESPITE: despite_opt_out(first, packs),
    }
    return Digest(body, frozenset(intent.id for intent in gathered))


def _gathered(intents: Sequence[Intent], packs: Jurisdictions) -> list[Intent]:
    """The messages that the digest replaces: those that may be gathered and that treat an opt-out as the first one
    does. A message is left out if an earlier one of its line is left out, to keep the order of the line."""
    despite = despite_opt_out(intents[0], packs)
    gathered, lines_left_out = list[Intent](), set[str]()
    for intent in intents:
        is_alike = despite_opt_out(intent, packs) == despite
        if is_alike and may_be_gathered(intent, packs) and intent.line not in lines_left_out:
            gathered.append(intent)
        else:
            lines_left_out.add(intent.line)
    return gathered


def _items(intents: Sequence[Intent], pack: Pack, one_demand: bool) -> str:
    if one_demand:
        return _link(intents[-1])
    language = pack.languages[0]
    words = (
        f"{intent.body['number']} {notice_words(intent.body['template'], language)} {_link(intent)}"
        for intent in intents
    )
    return _BETWEEN[language].join(words)


def _link(intent: Intent) -> str:
    """The link of a message; empty for messages of earlier versions, which have no values."""
    values = intent.body.get("values") or {}
    name = "rating_url" if intent.body["template"] in _RATED else "url"
    return str(values.get(name) or values.get("url", ""))
