"""Old versions of facts: they are not written any more, but topics and journals hold them, so they must be read."""

from typing import Annotated

from pydantic import Field

from shared.contracts.demand.facts import DemandRouted, GeneratedText, StatusFact, UnitId, WorkingDays
from shared.contracts.moment import Moment
from shared.contracts.wording import Identifier, Plain


class DemandRoutedV1(StatusFact):
    """A unit was made responsible (派单). Retired: version 2 names the catalogue, and its limit may be in hours."""

    type = "demand.routed"
    unit: UnitId
    assisting: tuple[UnitId, ...] = ()
    team: Annotated[str, Identifier("a team of the unit")] | None = None
    rule: Annotated[str, Plain("a rule of the catalogue, or the dispatcher's name from the token")]
    limit_days: int | None = Field(None, ge=1, description="working days")
    limit_source: GeneratedText | None = None
    due_at: Moment | None = None


def routed(v1: DemandRoutedV1) -> DemandRouted:
    """Convert the fact to version 2. Version 1 does not name the catalogue, so the rule stays unchanged."""
    return DemandRouted(
        unit=v1.unit,
        assisting=v1.assisting,
        team=v1.team,
        rule=v1.rule,
        limit=WorkingDays(days=v1.limit_days) if v1.limit_days else None,
        limit_source=v1.limit_source,
        due_at=v1.due_at,
        history=v1.history,
    )
