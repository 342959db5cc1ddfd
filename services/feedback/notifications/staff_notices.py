"""Projects facts onto messages to the duty addresses of units; no personal data is in them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.feedback.notifications.messages import MESSAGE, day_of_message
from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.base.clock import uuid5
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import intents
from shared.chassis.work.intents import Digest, Intent
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notice_words import notice_words
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.profile import Language
from shared.jurisdiction.unit_names import unit_name

_TOLD: Final[dict[type[f.Fact], Notice]] = {
    f.DemandRouted: Notice.STAFF_ROUTED,
    f.DeadlineWarned: Notice.STAFF_DEADLINE_WARNED,
    f.DeadlineMissed: Notice.STAFF_DEADLINE_MISSED,
    f.DemandEscalated: Notice.STAFF_ESCALATED,
}
_BETWEEN: Final[dict[Language, str]] = {"zh": "；", "en": "; "}


def is_for_staff(intent: Intent) -> bool:
    """Whether a message is for a unit's duty address."""
    return "duty" in intent.body


def staff_projection(packs: Jurisdictions, public_url: str) -> Projection[Demand, f.Fact, list[Intent]]:
    """The projection that writes messages to duty addresses."""

    def notices(change: Change[Demand, f.Fact]) -> list[Intent] | None:
        pack = packs.of_division(change.after.division)
        return list(_intents(change, pack, public_url)) if pack and not change.after.imported else None

    ignores = [kind for kind in (*ALL_STATUS_FACTS, *ALL_NOTES) if kind not in _TOLD]
    return Projection(on=dict.fromkeys(_TOLD, notices), ignores=ignores, write=_put)


def _put(writes: WriteBatch, rows: Sequence[list[Intent]]) -> None:
    intents.put(writes, [intent for row in rows for intent in row])


def _intents(change: Change[Demand, f.Fact], pack: Pack, public_url: str) -> Iterator[Intent]:
    demand, fact, rules = change.after, change.fact, pack.messages.staff
    notice = _TOLD[type(fact)]
    unit = _unit(demand, fact)
    if notice not in rules.told or not unit:
        return
    at_once = notice in rules.at_once or demand.urgency is f.Urgency.CRITICAL
    values = _values(change, pack, unit, public_url)
    for n, _ in enumerate(rules.duty.get(unit, ())):
        body: dict[str, Any] = {
            "template": notice, "text": pack.message(notice, pack.languages[0], values), "contact": None,
            "channel_kind": f.ChannelKind.WEB, "number": demand.number, "jurisdiction": demand.jurisdiction,
            "values": values, "duty": {"unit": unit, "place": n},
        }  # fmt: skip
        if not at_once:
            body["not_before"] = next_morning(pack, change.envelope.time).isoformat()
        yield Intent(
            id=uuid5(change.envelope.id, f"{notice}:{n}"),
            kind=MESSAGE,
            key=demand.id,
            about=change.envelope.id,
            line=f"duty/{unit}/{n}" + (f"/{demand.id}" if at_once else ""),
            body=body,
            traceparent=change.envelope.traceparent,
        )


def _unit(demand: Demand, fact: f.Fact) -> str | None:
    match fact:
        case f.DemandEscalated(to=unit) | f.DemandRouted(unit=unit):
            return unit
        case f.DeadlineWarned(unit=unit) | f.DeadlineMissed(unit=unit):
            return unit or demand.unit
    return None


def _values(change: Change[Demand, f.Fact], pack: Pack, unit: str, public_url: str) -> dict[str, str]:
    demand = change.after
    due_at = getattr(change.fact, "due_at", None) or demand.due_at
    values = {
        "number": demand.number,
        "unit": unit_name(pack, unit),
        "due": day_of_message(pack, due_at, change.envelope.time),
        "url": f"{public_url}/desk/cases/{demand.number}",
    }
    return {name: value for name, value in values.items() if value}


def next_morning(pack: Pack, at: datetime) -> datetime:
    """When a unit is told of a fact: on the morning of the next working day, which may be the same day's."""
    zone, hours = ZoneInfo(pack.timezone), time.fromisoformat(pack.messages.staff.morning)
    day = at.astimezone(zone).date()
    morning = datetime.combine(day, hours, zone)
    while morning <= at or not pack.is_working_day(morning.date()):
        morning += timedelta(days=1)
    return morning.astimezone(UTC)


def staff_digest(intents: Sequence[Intent], packs: Jurisdictions) -> Digest | None:
    """The digest of a unit's messages of one morning: the first one, with a text that lists each demand once. None if
    there are fewer than two messages."""
    first = intents[0]
    pack = packs.get(first.body["jurisdiction"] or "")
    if pack is None or len(intents) < 2:
        return None
    language = pack.languages[0]
    latest = {intent.body["number"]: intent for intent in intents}
    listed_intents = list(latest.values())[: pack.messages.staff.listed]
    items = (
        f"{intent.body['number']} {notice_words(intent.body['template'], language)} {intent.body['values']['url']}"
        for intent in listed_intents
    )
    values = {
        "number": str(first.body["number"]), "unit": str(first.body["values"]["unit"]),
        "count": str(len(intents)), "url": str(first.body["values"]["url"]), "items": _BETWEEN[language].join(items),
    } | ({"demands": str(len(latest))} if len(latest) > 1 else {})  # fmt: skip
    text = pack.message(Notice.STAFF_DIGEST, language, values)
    body = {**first.body, "template": str(Notice.STAFF_DIGEST), "text": text, "values": values}
    return Digest(body, frozenset(intent.id for intent in intents))
