"""What citizens are told of a fact: the words of the pack, once for each fact; imported history tells nobody."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from services.feedback import messages, queries
from services.feedback.domain import close_at
from services.feedback.messages import Message
from shared.chassis.clock import uuid5
from shared.chassis.page import Change
from shared.chassis.tokens import Tokens
from shared.chassis.writes import Writes
from shared.contracts import facts as f
from shared.contracts.demand import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack

_NOTICES = set(Notice)


class Notices:
    """Remembers, beside the ledger, what is to be told and when a demand is to be closed."""

    def __init__(self, packs: Jurisdictions, tokens: Tokens, public_url: str) -> None:
        self._packs, self._tokens, self._public_url = packs, tokens, public_url.rstrip("/")

    def __call__(self, writes: Writes, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        messages.put_messages(writes, list(self._messages(changes)))
        last = {change.envelope.key: change.after for change in changes}
        due = {key: at for key, demand in last.items() if (at := self._closing(demand))}
        live = [key for key, demand in last.items() if key not in due and not demand.imported]
        queries.plan_closings(writes, list(due.items()), live)

    def _closing(self, demand: Demand) -> datetime | None:
        pack = self._packs.of_division(demand.division)
        return close_at(demand, pack) if pack else None

    def _messages(self, changes: Sequence[Change[Demand, f.Fact]]) -> Iterator[Message]:
        for change in changes:
            demand = change.after
            pack = self._packs.of_division(demand.division)
            name = change.fact.type.removeprefix("demand.")
            if pack is None or demand.imported or name not in _NOTICES or Notice(name) not in pack.templates:
                continue
            contact, kind = _for_whom(demand, change.fact)
            if isinstance(change.fact, f.DemandSupported) and contact is None:
                continue
            yield Message(
                id=uuid5(change.envelope.id, name),
                demand_id=demand.id,
                fact_id=change.envelope.id,
                contact=contact,
                template=name,
                body=pack.message(Notice(name), pack.languages[0], self._values(demand, change.fact, pack)),
                channel_kind=kind,
            )

    def _values(self, demand: Demand, fact: f.Fact, pack: Pack) -> dict[str, str]:
        unit = pack.unit(demand.unit) if demand.unit else None
        said = {name: str(getattr(fact, name)) for name in ("note", "reason", "result") if getattr(fact, name, None)}
        return said | {
            "number": demand.number,
            "unit": unit.name if unit else "",
            "due": pack.local_day(demand.due_at).isoformat() if demand.due_at else "",
            "url": f"{self._public_url}/v1/demands/{demand.number}",
            "rating_url": f"{self._public_url}/rate/{self._tokens.write('rate', {'demand': str(demand.id)})}",
        }


def _for_whom(demand: Demand, fact: f.Fact) -> tuple[UUID | None, f.ChannelKind | None]:
    """Whoever supports a demand is answered on the channel that they came by; all else is the citizen's."""
    if isinstance(fact, f.DemandSupported):
        return fact.contact, fact.channel_kind
    return demand.contact, None
