"""What staff may ask of routing."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.examples import shown
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_office

Note = Annotated[Text, Field(max_length=4000), by_office(4000)]
Said = Annotated[Text, Field(min_length=1, max_length=4000), by_office(4000)]
Reason = Annotated[Text, Field(min_length=1, max_length=1000), by_office(1000)]
Unit = Annotated[str, Identifier("a unit of the jurisdiction")]
WorkingDays = Annotated[int, Field(ge=1, le=250)]
Evidence = Annotated[tuple[Text, ...], Field(max_length=20), by_office()]


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
    suggested_unit: Unit | None = None


class RouteDemand(Command):
    """A dispatcher decides who answers, also where another unit was made responsible before."""

    model_config = ConfigDict(json_schema_extra=shown({"unit": "nh-education", "assisting": ["nh-transport"]}))

    unit: Unit
    assisting: tuple[Unit, ...] | None = Field(None, description="units that help; null: those that help now")
    working_days: WorkingDays | None = Field(
        None, description="the limit, where the catalogue has none or another is needed; null: the catalogue's"
    )


class ReclassifyDemand(Command):
    """A dispatcher corrects what the demand is about; its limit follows the catalogue."""

    model_config = ConfigDict(json_schema_extra=shown({"category": "street-lighting", "reason": "是路灯，不是路面"}))

    category: Annotated[Text, Field(min_length=1, max_length=64), Identifier("a category")]
    reason: Reason


class DeclineDemand(Command):
    """Say that this government is not responsible, and who is."""

    model_config = ConfigDict(json_schema_extra=shown({"reason": "接送点在邻区", "instead": "荔湾区 12345"}))

    reason: Reason
    legal_basis: Annotated[Text | None, by_office()] = None
    instead: Annotated[Text | None, by_office()] = None


class ContactCitizen(Command):
    """Say that the unit spoke with the citizen."""

    model_config = ConfigDict(json_schema_extra=shown({"note": "已致电，约定周三现场查看"}))

    note: Note = ""


class ExtendDemand(Command):
    """Move the due time by working days (延期), before it is there, with whoever approved it. A unit does not move its
    own due time: the jurisdiction's coordinator grants it, as often and as far as the pack says."""

    model_config = ConfigDict(
        json_schema_extra=shown({"working_days": 5, "reason": "需现场勘测", "approved_by": "区统筹办"})
    )

    working_days: WorkingDays = Field(description="counted from the due time as it is; the pack bounds them")
    reason: Reason
    approved_by: Annotated[Text, Field(min_length=1, max_length=100), by_office()]


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


RoutingCommand = (
    AcceptDemand
    | ReturnDemand
    | RouteDemand
    | ReclassifyDemand
    | DeclineDemand
    | ContactCitizen
    | ExtendDemand
    | ProgressDemand
    | ResolveDemand
)
