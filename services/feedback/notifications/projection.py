"""What people are told of a fact: the words of the pack, once for each fact; imported history tells nobody."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from services.feedback.notifications import messages
from services.feedback.notifications.messages import Message, SupporterNotice
from services.feedback.ratings.links import Holder, Links
from services.feedback.ratings.milestones import put_milestones
from services.feedback.ratings.unrated import put_unrated
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.base.clock import uuid5
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, is_confidential
from shared.contracts.text import shortened
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import SHORTENED, USUAL, Notice
from shared.jurisdiction.pack import Pack

SHORT: Final = 60
"""Characters of what people wrote that stand in a message; all of it is on the page that the link opens."""
_TOLD: Final = {notice.fact: notice for notice in Notice if notice not in USUAL}
_TO_SUPPORTERS: Final = {notice.fact: notice for notice in USUAL}
_TOLD_JUST_NOW: Final = (f.Outcome.CONFIRMED, f.Outcome.DISPUTED, f.Outcome.WITHDRAWN)
_UNIT: Final = {"zh": "承办单位", "en": "the responsible unit"}


class NotificationProjection:
    """Remembers, beside the repository, what is to be told and shown, and when a demand is to be closed."""

    def __init__(self, packs: Jurisdictions, links: Links) -> None:
        self._packs, self._links = packs, links

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        put_milestones(writes, changes)
        messages.put_supporters(writes, list(_supporters(changes)))
        messages.put_messages(writes, list(self._messages(changes)))
        notices = list(self._supporter_notices(changes))
        if notices:
            messages.put_supporter_notices(writes.after, notices)
        put_unrated(writes, changes, self._packs)

    def _messages(self, changes: Sequence[Change[Demand, f.Fact]]) -> Iterator[Message]:
        for change in changes:
            demand, fact = change.after, change.fact
            pack, notice = self._packs.of_division(demand.division), _TOLD.get(fact.type)
            if pack is None or demand.imported or notice is None or not _is_news(fact):
                continue
            contact, kind = _for_whom(demand, fact)
            if isinstance(fact, f.DemandSupported) and contact is None:
                continue
            holder = Holder.SUPPORTER if isinstance(fact, f.DemandSupported) else Holder.CITIZEN
            yield Message(
                id=uuid5(change.envelope.id, notice),
                demand_id=demand.id,
                fact_id=change.envelope.id,
                contact=contact,
                template=notice,
                text=self._text(notice, demand, fact, pack, holder),
                channel_kind=kind or demand.channel_kind,
                number=demand.number,
                jurisdiction=demand.jurisdiction,
            )

    def _supporter_notices(self, changes: Sequence[Change[Demand, f.Fact]]) -> Iterator[SupporterNotice]:
        for change in changes:
            demand, notice = change.after, _TO_SUPPORTERS.get(change.fact.type)
            pack = self._packs.of_division(demand.division) if notice else None
            if pack and notice and not demand.imported:
                text = self._text(notice, demand, change.fact, pack, Holder.SUPPORTER)
                fact_id, kind = change.envelope.id, demand.channel_kind
                yield SupporterNotice(demand.id, fact_id, notice, text, kind, demand.number, demand.jurisdiction)

    def _text(self, notice: Notice, demand: Demand, fact: f.Fact, pack: Pack, holder: Holder) -> str:
        language = pack.languages[0]
        unit = pack.unit(demand.unit) if demand.unit else None
        due = pack.local_day(demand.due_at).isoformat() if demand.due_at else ""
        values = {
            "number": demand.number,
            "unit": unit.name if unit else _UNIT[language],
            "due": due,
            "parent_number": getattr(fact, "parent_number", ""),
            "url": self._links.follow(demand.id, holder),
            "rating_url": self._links.rate(demand.id),
        }
        if is_confidential(demand.kind):
            # A lock screen shows a message to others: a report tells its words and its unit by the link alone.
            return pack.message(notice, language, values | {"unit": _UNIT[language]})
        return pack.message(notice, language, values | _written(fact, SHORT if pack.links(notice, language) else None))


def _written(fact: f.Fact, limit: int | None) -> dict[str, str]:
    """What people wrote, on one line and without the stop that the template brings."""
    said = {name: " ".join(str(getattr(fact, name, None) or "").split()) for name in SHORTENED}
    known = {name: words.rstrip("。．.；;，, ") for name, words in said.items()}
    return {name: shortened(words, limit) if limit else words for name, words in known.items()}


def _is_news(fact: f.Fact) -> bool:
    """A demand that ends with a verdict or a withdrawal was told of just now."""
    return not (isinstance(fact, f.DemandClosed) and fact.outcome in _TOLD_JUST_NOW)


def _supporters(
    changes: Sequence[Change[Demand, f.Fact]],
) -> Iterator[tuple[UUID, UUID, f.ChannelKind | None]]:
    for change in changes:
        if isinstance(change.fact, f.DemandSupported) and change.fact.contact and not change.after.imported:
            yield change.after.id, change.fact.contact, change.fact.channel_kind


def _for_whom(demand: Demand, fact: f.Fact) -> tuple[UUID | None, f.ChannelKind | None]:
    """Whoever supports a demand is answered on the channel that they came by; all else is the citizen's."""
    if isinstance(fact, f.DemandSupported):
        return fact.contact, fact.channel_kind
    return demand.contact, None
