"""Which messages wait to become one, and the one that tells all of them; pure."""

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
"""Why a message waits for others to the same address."""
TOGETHER: Final = "another message went to this address a short time ago: what follows becomes one message"
_DESPITE: Final = "despite_opt_out"
"""What the body of a digest says of itself: whether it goes to somebody who wants no messages any more."""
_RATED: Final = frozenset({Notice.RESOLVED, Notice.DECLINED})
_BETWEEN: Final[Mapping[Language, str]] = {"zh": "；", "en": "; "}


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message that is about to go out, and the mark of its address."""

    intent: Intent
    mark: bytes


def may_be_gathered(intent: Intent, packs: Jurisdictions) -> bool:
    """Whether a message may become one with others: none that is one already, none of an emergency, and none that the
    pack keeps apart."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    if pack is None or pack.messages.digest is None or intent.tells_others or intent.body.get("urgent"):
        return False
    return intent.body["template"] not in pack.messages.digest.apart


def despite_opt_out(intent: Intent, packs: Jurisdictions) -> bool:
    """Whether a message goes to somebody who wants none any more; one that tells several as each of those does."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    despite = pack is not None and intent.body["template"] in pack.messages.despite_opt_out
    return bool(intent.body.get(_DESPITE, despite))


def gathering(
    messages: Sequence[Addressed],
    reached: Mapping[bytes, datetime],
    packs: Jurisdictions,
    at: datetime,
    chosen: dict[bytes, tuple[UUID, datetime]],
) -> dict[UUID, PutOff]:
    """Which of these messages, in their order, wait for others: those to an address that was written to (`reached`) a
    short time ago, or that an earlier one of them goes to.

    `chosen` remembers which went to each address last: one that is on its way stands in no record yet, and is no reason
    for itself to wait when it is asked for again.
    """
    last, later = dict(reached), dict[UUID, PutOff]()
    for message in messages:
        before = _before(message, last, chosen)
        minutes = _minutes(message.intent, packs)
        until = before + timedelta(minutes=minutes) if before and minutes else at
        if until > at:
            later[message.intent.id] = PutOff(TOGETHER, WAITS, until, message.mark)
        else:
            chosen[message.mark] = (message.intent.id, at)
    return later


def _before(
    message: Addressed, reached: Mapping[bytes, datetime], chosen: Mapping[bytes, tuple[UUID, datetime]]
) -> datetime | None:
    """When another message went to its address last."""
    id, at = chosen.get(message.mark, (message.intent.id, None))
    moments = [moment for moment in (reached.get(message.mark), at if id != message.intent.id else None) if moment]
    return max(moments, default=None)


def _minutes(intent: Intent, packs: Jurisdictions) -> int:
    pack = packs.get(intent.body["jurisdiction"] or "")
    return (
        pack.messages.digest.within_minutes if pack and pack.messages.digest and may_be_gathered(intent, packs) else 0
    )


def digest(intents: Sequence[Intent], packs: Jurisdictions) -> Digest | None:
    """The first of these messages as the one that tells all of them that may be told with it; each demand once, with
    its latest news and its link."""
    first, gathered = intents[0], _told(intents, packs)
    pack = packs.get(first.body["jurisdiction"] or "")
    if pack is None or pack.messages.digest is None or first not in gathered or len(gathered) < 2:
        return None
    latest = {intent.body["number"]: intent for intent in gathered}
    listed = list(latest.values())[: pack.messages.digest.listed]
    values = {
        "number": str(first.body["number"]),
        "demands": str(len(latest)) if len(latest) > 1 else "",
        "count": str(len(gathered)),
        "items": _items(listed, pack, one=len(latest) == 1),
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


def _told(intents: Sequence[Intent], packs: Jurisdictions) -> list[Intent]:
    """Those that may be gathered and that an opt-out stops as it stops the first; none before an earlier one of its
    line."""
    despite = despite_opt_out(intents[0], packs)
    gathered, left = list[Intent](), set[str]()
    for intent in intents:
        alike = despite_opt_out(intent, packs) == despite
        if alike and may_be_gathered(intent, packs) and intent.line not in left:
            gathered.append(intent)
        else:
            left.add(intent.line)
    return gathered


def _items(intents: Sequence[Intent], pack: Pack, one: bool) -> str:
    if one:
        return _link(intents[-1])
    language = pack.languages[0]
    words = (
        f"{intent.body['number']} {notice_words(intent.body['template'], language)} {_link(intent)}"
        for intent in intents
    )
    return _BETWEEN[language].join(words)


def _link(intent: Intent) -> str:
    """Where the news is read; messages of the versions before have no values."""
    values = intent.body.get("values") or {}
    name = "rating_url" if intent.body["template"] in _RATED else "url"
    return str(values.get(name) or values.get("url", ""))
