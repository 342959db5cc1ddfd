"""Projects facts onto messages to citizens and supporters, with the texts of the pack; imported history gives no
messages."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.feedback.notifications import messages
from services.feedback.notifications.messages import Message, SupporterNotice, day_of_message
from services.feedback.notifications.staff_notices import staff_projection
from services.feedback.ratings.domain import AWAITED
from services.feedback.ratings.milestones import MILESTONES
from services.feedback.ratings.unrated import put_unrated
from shared.chassis.aggregates.projections import Composed, Projection, change_itself, compose
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.base.clock import uuid5
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import (
    ALL_NOTES,
    ALL_STATUS_FACTS,
    AMONG_OFFICES,
    PUBLICATION_NOTES,
    STAFF_NOTES,
)
from shared.contracts.demand.state import Demand, is_confidential
from shared.contracts.event_types import FACTS
from shared.contracts.text import shortened
from shared.identity.citizen_links import CitizenLinks, LinkHolder
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import SHORTENED, Notice
from shared.jurisdiction.pack import Pack

SHORT: Final = 60
"""So many characters of a text that people wrote stand in a message; its link opens the page with the whole text."""
_TOLD: Final = {notice.fact: notice for notice in Notice if notice.is_for_citizen}
_TO_SUPPORTERS: Final = {notice.fact: notice for notice in Notice if notice.is_for_supporters}
_TOLD_JUST_NOW: Final = (f.Outcome.CONFIRMED, f.Outcome.DISPUTED, f.Outcome.WITHDRAWN)
_UNIT: Final = {"zh": "承办单位", "en": "the responsible unit"}


def notification_projection(packs: Jurisdictions, links: CitizenLinks) -> Composed[Demand, f.Fact]:
    """All projections of feedback: messages, texts of answers, supporters, and the timers that close demands."""
    messages_of = _Messages(packs, links)

    def plan_unrated(writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        put_unrated(writes, changes, packs)

    return compose(
        MILESTONES,
        SUPPORTERS,
        Projection(on=dict.fromkeys(_TOLD_FACTS, messages_of.message), ignores=_UNTOLD, write=messages.put_messages),
        Projection(
            on=dict.fromkeys(_ENDS, messages_of.supporter_notice),
            ignores=(*_NO_ENDS, *ALL_NOTES),
            write=_put_supporter_notices,
        ),
        staff_projection(packs, links.public_url),
        Projection(on=dict.fromkeys(_WAITING, change_itself), ignores=_NO_CALLS, write=plan_unrated),
    )


class _Messages:
    """Makes the messages that report a fact."""

    def __init__(self, packs: Jurisdictions, links: CitizenLinks) -> None:
        self._packs, self._links = packs, links

    def message(self, change: Change[Demand, f.Fact]) -> Message | None:
        """The message to the citizen; for `demand.supported`, the message to the supporter. None if the fact gives
        none."""
        demand, fact = change.after, change.fact
        pack, notice = self._packs.of_division(demand.division), _TOLD[fact.type]
        if pack is None or demand.imported or demand.history or not _is_news(fact):
            # A demand with recorded steps still to come gives a message only for the last of them.
            return None
        contact, kind = _recipient(demand, fact)
        supported = isinstance(fact, f.DemandSupported)
        if supported and contact is None:
            return None
        holder = LinkHolder.SUPPORTER if supported else LinkHolder.CITIZEN
        values = self._values(notice, change, pack, holder)
        return Message(
            id=uuid5(change.envelope.id, notice),
            demand_id=demand.id,
            fact_id=change.envelope.id,
            contact=contact,
            template=notice,
            text=pack.message(notice, pack.languages[0], values),
            channel_kind=kind or demand.channel_kind,
            number=demand.number,
            jurisdiction=demand.jurisdiction,
            values={name: value for name, value in values.items() if value},
            urgent=(urgent := demand.urgency is f.Urgency.CRITICAL),
            mass=demand.parent is not None and isinstance(fact, f.StatusFact) and not urgent,
            traceparent=change.envelope.traceparent,
        )

    def supporter_notice(self, change: Change[Demand, f.Fact]) -> SupporterNotice | None:
        """The message to all supporters of the demand; None if the fact gives none."""
        demand, notice = change.after, _TO_SUPPORTERS[change.fact.type]
        pack = self._packs.of_division(demand.division)
        if pack is None or demand.imported:
            return None
        values = self._values(notice, change, pack, LinkHolder.SUPPORTER)
        return SupporterNotice(
            demand_id=demand.id,
            fact_id=change.envelope.id,
            template=notice,
            text=pack.message(notice, pack.languages[0], values),
            channel_kind=demand.channel_kind,
            number=demand.number,
            jurisdiction=demand.jurisdiction,
            values={name: value for name, value in values.items() if value},
            traceparent=change.envelope.traceparent,
        )

    def _values(self, notice: Notice, change: Change[Demand, f.Fact], pack: Pack, holder: LinkHolder) -> dict[str, str]:
        demand, fact, language = change.after, change.fact, pack.languages[0]
        unit = pack.unit(demand.unit) if demand.unit else None
        values = {
            "number": demand.number,
            "unit": unit.name if unit else _UNIT[language],
            "due": day_of_message(pack, demand.due_at, change.envelope.time),
            "until": day_of_message(pack, getattr(fact, "until", None), change.envelope.time),
            "parent_number": getattr(fact, "parent_number", ""),
            "url": self._links.follow(demand.id, holder),
            "rating_url": self._links.rate(demand.id, demand.version if demand.status in AWAITED else None),
        }
        if is_confidential(demand.kind):
            # Others may read a message on a lock screen: the texts and the unit of a report stand only on the page.
            return values | {"unit": _UNIT[language]}
        return values | _written(fact, SHORT if pack.links(notice, language) else None)


def _written(fact: f.Fact, limit: int | None) -> dict[str, str]:
    """The texts that people wrote, each on one line and without punctuation at the end, because the template adds its
    own."""
    texts = {name: " ".join(str(getattr(fact, name, None) or "").split()) for name in SHORTENED}
    unpunctuated = {name: words.rstrip("。．.；;，, ") for name, words in texts.items()}
    return {name: shortened(words, limit) if limit else words for name, words in unpunctuated.items()}


def _is_news(fact: f.Fact) -> bool:
    """Whether a fact is news for the citizen. These are not: an end by a verdict or a withdrawal (the citizen was told
    of that just before), the due times between offices (signing, calling), and an unmerged demand whose parent was
    declined (its own refusal follows and is reported)."""
    if isinstance(fact, f.DemandUnmerged):
        return fact.parent_outcome is not f.Outcome.DECLINED
    if isinstance(fact, f.DeadlineWarned | f.DeadlineMissed):
        return fact.stage is f.Stage.RESOLVE
    return not (isinstance(fact, f.DemandClosed) and fact.outcome in _TOLD_JUST_NOW)


def _supporter(change: Change[Demand, f.DemandSupported]) -> tuple[UUID, UUID, f.ChannelKind | None] | None:
    fact = change.fact
    if fact.contact is None or change.after.imported:
        return None
    return change.after.id, fact.contact, fact.channel_kind


def _recipient(demand: Demand, fact: f.Fact) -> tuple[UUID | None, f.ChannelKind | None]:
    """The contact of the recipient, and for a supporter the kind of channel by which they came."""
    if isinstance(fact, f.DemandSupported):
        return fact.contact, fact.channel_kind
    return demand.contact, None


def _put_supporter_notices(writes: WriteBatch, rows: Sequence[SupporterNotice]) -> None:
    """Insert notices after the statement that inserts supporters."""
    messages.put_supporter_notices(writes.after, rows)


_SILENT_NOTES: Final[Sequence[type[f.Fact]]] = (
    f.DemandSupplemented, f.DemandUrged, f.WithdrawalRequested, f.VerdictGiven, f.HistoryContinued, f.DemandEscalated,
    f.NotificationSent, f.NotificationFailed, f.PersonalDataViewed, *STAFF_NOTES,
    *PUBLICATION_NOTES,
)  # fmt: skip
_TOLD_FACTS: Final[Sequence[type[f.Fact]]] = [kind for kind in FACTS.values() if kind.type in _TOLD]
_UNTOLD: Final[Sequence[type[f.Fact]]] = (
    f.DemandContacted, f.DemandReclassified, *AMONG_OFFICES, *_SILENT_NOTES,
)  # fmt: skip
_ENDS: Final[Sequence[type[f.Fact]]] = [kind for kind in FACTS.values() if kind.type in _TO_SUPPORTERS]
_NO_ENDS: Final[Sequence[type[f.Fact]]] = (
    f.DemandSubmitted, f.DemandTriaged, f.DemandRouted, f.DemandMerged, f.DemandAccepted, f.DemandReturned,
    f.DemandContacted, f.DemandProgressed, f.DemandExtended, f.DemandReclassified, f.DemandListed, f.DemandConfirmed,
    f.DemandReopened, f.DemandClosed, f.DemandUnmerged, f.DemandPaused, f.DemandResumed, *AMONG_OFFICES,
)  # fmt: skip

_WAITING: Final[Sequence[type[f.Fact]]] = (*ALL_STATUS_FACTS, f.CallBackFailed)
_NO_CALLS: Final = tuple(kind for kind in ALL_NOTES if kind is not f.CallBackFailed)
_OTHER_NOTES: Final = tuple(kind for kind in ALL_NOTES if kind is not f.DemandSupported)

SUPPORTERS: Final[Projection[Demand, f.Fact, tuple[UUID, UUID, f.ChannelKind | None]]] = Projection(
    on={f.DemandSupported: _supporter}, ignores=(*ALL_STATUS_FACTS, *_OTHER_NOTES), write=messages.put_supporters
)
"""One row for each supporter of a demand."""
