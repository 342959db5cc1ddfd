"""The HTTP route that explains why a case was dispatched as it was."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path

from services.routing.cases.permissions import readable
from services.routing.catalogue import explanation_queries, queries
from services.routing.catalogue.api import WhoAsks
from services.routing.catalogue.domain import in_force
from services.routing.catalogue.explanation_queries import StoredDecision
from services.routing.catalogue.explanation_view import CaseExplanation
from services.routing.catalogue.packs_in_force import PacksInForce, usable
from services.routing.catalogue.past_queries import raised_as
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.demand.facts import DemandRouted, PlacedBy
from shared.contracts.demand.state import Demand
from shared.contracts.examples import NUMBER
from shared.contracts.numbers import AS_TYPED, DemandNumber
from shared.identity.person import Person
from shared.jurisdiction.conditions import RoutingInput
from shared.jurisdiction.explanation import explain
from shared.jurisdiction.pack import Assignment, Pack

_RULE: Final = re.compile(r"(?P<pack>[^@]+)@(?P<version>[0-9a-f]+):(?P<rule>.+)")


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains a decision: asks the version that decided once more, with the values of that time."""

    pool: Pool
    packs: PacksInForce

    async def explain(self, by: Person, number: str) -> CaseExplanation:
        """The explanation of a case; raises `Refused` if this person may not read the case."""
        async with self.pool.acquire(timeout=5) as db:
            row = await explanation_queries.demand(db, number)
            demand, pack = readable(number, row and row[0], by, self.packs.files)
            text = row[1] if row else ""
            decision = _of_the_catalogue(await explanation_queries.decisions(db, demand))
            if decision is None:
                return _nothing(demand)
            version = await self._version(db, pack, decision)
            stored = await queries.version(db, pack.id, version)
        decided = usable(pack, stored.content) if stored else None
        return _nothing(demand) if decided is None else _explained(demand, text, decision, version, decided)

    async def _version(self, db: Connection, pack: Pack, decision: StoredDecision) -> str:
        """The version that a decision names. A decision for triage names none: it was made by the version in force."""
        if isinstance(decision.fact, DemandRouted) and (match := _RULE.fullmatch(decision.fact.rule)):
            return match["version"]
        current = in_force(await queries.publications(db, pack.id), decision.at)
        return current.version if current else pack.catalogue_version


def _of_the_catalogue(decisions: Sequence[StoredDecision]) -> StoredDecision | None:
    """The last decision that a rule made; if no rule ever decided, the first decision for triage."""
    by_rule = [
        decision
        for decision in decisions
        if isinstance(decision.fact, DemandRouted) and _RULE.fullmatch(decision.fact.rule)
    ]
    triaged = [decision for decision in decisions if not isinstance(decision.fact, DemandRouted)]
    return by_rule[-1] if by_rule else next(iter(triaged), None)


def _explained(demand: Demand, text: str, decision: StoredDecision, version: str, pack: Pack) -> CaseExplanation:
    case = raised_as(demand, text, decision.at)
    if isinstance(decision.fact, DemandRouted) and len(demand.categories) > 1:
        # A correction in triage made the rule fit.
        match = _RULE.fullmatch(decision.fact.rule)
        fits = (case._replace(category=category) for category in demand.categories)
        case = next((fitting for fitting in fits if match and _rule_of(pack, fitting) == match["rule"]), case)
    explanation = explain(pack.catalogue, case)
    unplaced = demand.placed_by is not PlacedBy.DIVISION
    return CaseExplanation(
        number=demand.number,
        decided_at=decision.at,
        version=version,
        rule=None if unplaced else explanation.rule,
        unit=decision.fact.unit if isinstance(decision.fact, DemandRouted) else None,
        unclear=f"placed-by-{demand.placed_by}" if unplaced else explanation.unclear,
        now_by=demand.rule,
        rules=list(explanation.rules),
    )


def _rule_of(pack: Pack, case: RoutingInput) -> str | None:
    decision = pack.decide(case)
    return decision.rule_id if isinstance(decision, Assignment) else None


def _nothing(demand: Demand) -> CaseExplanation:
    return CaseExplanation(
        number=demand.number,
        decided_at=None,
        version=None,
        rule=None,
        unit=None,
        unclear=None,
        now_by=demand.rule,
        rules=[],
    )


def routes(explainer: Explainer, staff: WhoAsks) -> APIRouter:
    """The route, for persons who may read the case."""
    router = APIRouter(tags=["routing"])
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)
    Number = Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)]  # noqa: N806 (a type)

    @router.get("/v1/cases/{number}/explanation")
    async def explain_case(number: Number, by: By) -> CaseExplanation:
        """Why the demand was dispatched as it was: which rule decided in which version, and why no other one did."""
        return await explainer.explain(by, number)

    return router
