"""What staff may ask of routing."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.examples import shown
from shared.contracts.text import READABLE

Text = Annotated[str, READABLE]
Note = Annotated[str, Field(max_length=4000), READABLE]
Said = Annotated[str, Field(min_length=1, max_length=4000), READABLE]
Reason = Annotated[str, Field(min_length=1, max_length=1000), READABLE]
Evidence = Annotated[tuple[Text, ...], Field(max_length=20)]


class Command(BaseModel):
    """Asked by a member of staff; `by` comes from the token, never from the body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AcceptDemand(Command):
    """Sign for it (签收)."""

    model_config = ConfigDict(json_schema_extra=shown({}))


class ReturnDemand(Command):
    """Say that another unit is responsible (退单)."""

    model_config = ConfigDict(json_schema_extra=shown({"reason": "校车由教育局统筹", "suggested_unit": "nh-education"}))

    reason: Reason
    suggested_unit: str | None = None


class RouteDemand(Command):
    """A dispatcher decides."""

    model_config = ConfigDict(json_schema_extra=shown({"unit": "nh-education", "assisting": ["nh-transport"]}))

    unit: str
    assisting: tuple[str, ...] = ()


class DeclineDemand(Command):
    """Say that this government is not responsible, and who is."""

    model_config = ConfigDict(json_schema_extra=shown({"reason": "接送点在邻区", "instead": "荔湾区 12345"}))

    reason: Reason
    legal_basis: Text | None = None
    instead: Text | None = None


class ProgressDemand(Command):
    """Tell the citizen how the work goes."""

    model_config = ConfigDict(json_schema_extra=shown({"note": "已现场勘查，本周施工"}))

    note: Said
    evidence: Evidence = ()


class ResolveDemand(Command):
    """Say that it is done (办结)."""

    model_config = ConfigDict(json_schema_extra=shown({"result": "风雨棚已建成并验收", "summary": "风雨棚已建成"}))

    result: Said
    summary: Note = ""
    evidence: Evidence = ()


RoutingCommand = AcceptDemand | ReturnDemand | RouteDemand | DeclineDemand | ProgressDemand | ResolveDemand
