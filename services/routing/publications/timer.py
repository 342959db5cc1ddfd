"""The timer kind "publication": releases an answer by the rules of the pack, some time after it was given."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.publications.domain import masked_fact
from shared.chassis.aggregates.repository import Repository
from shared.chassis.work.timers import OnDue
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.release import ReleaseRules, release_bar

AGAIN: Final = "重新办理后的答复 / The answer after the demand was handled again"


def release_timer(repository: Repository[Demand, f.Fact], packs: Jurisdictions) -> OnDue[Demand, f.Fact]:
    """The handler of the timer: decides by the present rules what is released."""

    def decide(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Sequence[tuple[f.Fact, datetime]]:
        pack = packs.of_division(demand.division)
        rules = pack.publication.release if pack else None
        if rules is None or rules.reviewed or _barred(rules, demand, payload) or demand.resolved_at is None:
            return ()
        if demand.reopenings != payload["reopenings"]:
            return ()
        return ((_published(demand, payload, rules), now),)

    return OnDue(repository, decide)


def _barred(rules: ReleaseRules, demand: Demand, payload: Mapping[str, Any]) -> bool:
    return release_bar(rules, demand, allowed=payload.get("allowed", False)) is not None


def _published(demand: Demand, payload: Mapping[str, Any], rules: ReleaseRules) -> f.DemandPublished:
    fact = f.DemandPublished(
        edition=payload["edition"] + 1,
        title=payload["title"][:200],
        text=payload["text"],
        answer=payload["answer"],
        reopenings=demand.reopenings,
        correction=AGAIN if payload["is_public"] else None,
        policy=f"{demand.jurisdiction}: {rules.rule}",
    )
    return masked_fact(fact, rules)
