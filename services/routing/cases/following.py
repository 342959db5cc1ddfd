"""The timer kind "parent": when a demand ends, the demands that were merged into it are answered, declined or
unmerged."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.routing.cases.policies import first_routing, words_of
from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.timers import OnDue, plan_selected
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.jurisdictions import Jurisdictions

PARENT: Final = "parent"
_ENDS: Final[Sequence[type[f.Fact]]] = (f.DemandResolved, f.DemandDeclined, f.DemandWithdrawn)
Answer = Sequence[tuple[f.Fact, datetime]]


def _end(change: Change[Demand, f.Fact]) -> tuple[UUID, datetime, str]:
    fact = change.fact
    payload = {"parent": str(change.after.id), "type": fact.type, "data": fact.model_dump(mode="json")}
    return change.after.id, change.envelope.time, json.dumps(payload, ensure_ascii=False)


def _plan(writes: WriteBatch, ends: Sequence[tuple[UUID, datetime, str]]) -> None:
    # In a statement after the batch's own: a transaction that merges a demand meanwhile locks the parent, so the demand
    # is visible to this statement.
    plan_selected(
        writes.after,
        """
        SELECT 'parent' AS kind, child.id AS key, '' AS name, ended.at,
            ended.payload::jsonb || jsonb_build_object('text', coalesce(wording.text, '')) AS payload
        FROM unnest($1::parent_end_row[]) AS ended JOIN demand AS child ON child.parent = ended.parent
            LEFT JOIN wording ON wording.demand_id = child.id
        WHERE child.status = 'merged'
        """,
        list(ends),
    )


PARENT_ENDS: Final[Projection[Demand, f.Fact, tuple[UUID, datetime, str]]] = Projection(
    on=dict.fromkeys(_ENDS, _end),
    ignores=(*(kind for kind in ALL_STATUS_FACTS if kind not in _ENDS), *ALL_NOTES),
    write=_plan,
)
"""Plans a timer for each demand whose parent has ended."""


def follow_parent(repository: Repository[Demand, f.Fact], packs: Jurisdictions) -> OnDue[Demand, f.Fact]:
    """The handler of the timer kind "parent": decides the facts of a merged demand after the end of its parent."""

    def decide(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Answer:
        if demand.status is not Status.MERGED or str(demand.parent) != payload["parent"]:
            return ()
        return [(fact, now) for fact in _facts(demand, payload, packs, now)]

    return OnDue(repository, decide)


def _facts(demand: Demand, payload: Mapping[str, Any], packs: Jurisdictions, now: datetime) -> Sequence[f.Fact]:
    match payload["type"]:
        case f.DemandResolved.type:
            return [f.DemandResolved.model_validate(payload["data"])]
        case f.DemandDeclined.type:
            number = demand.parent_number
            return [
                f.DemandUnmerged(
                    reason=f"并入的诉求 {number} 不予受理 / {number} was declined", parent_outcome=f.Outcome.DECLINED
                ),
                f.DemandDeclined.model_validate(payload["data"]),
            ]
        case _:
            number = demand.parent_number
            unmerged = f.DemandUnmerged(
                reason=f"并入的诉求 {number} 已撤回 / {number} was withdrawn", parent_outcome=f.Outcome.WITHDRAWN
            )
            return [unmerged, *_routed(demand, words_of(demand, payload.get("text", "")), packs, now)]


def _routed(demand: Demand, words: str, packs: Jurisdictions, now: datetime) -> Sequence[f.Fact]:
    """The routing of an unmerged demand; empty if the catalogue does not decide: then it waits for a dispatcher."""
    pack = packs.of_division(demand.division)
    routed = first_routing(demand, pack, now, words) if pack else None
    return [routed] if isinstance(routed, f.DemandRouted) else []
