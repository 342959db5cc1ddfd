"""The commands that change the due time of a case: extensions and pauses."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.routing.cases.commands.base import Note, Reason, StaffCommand, WorkingDays
from shared.contracts.examples import with_examples
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_office


class RequestExtension(StaffCommand):
    """Ask for a later due time (申请延期) before it is there; the unit above decides, or the coordinator."""

    model_config = ConfigDict(json_schema_extra=with_examples({"working_days": 5, "reason": "需现场勘测"}))

    working_days: WorkingDays = Field(description="counted from the due time as it is; the pack bounds them")
    reason: Reason


class GrantExtension(StaffCommand):
    """Agree to the later due time that the unit asks for, or to fewer days."""

    model_config = ConfigDict(json_schema_extra=with_examples({"working_days": 3}))

    working_days: WorkingDays | None = Field(None, description="null: as many as were asked for")


class RefuseExtension(StaffCommand):
    """Leave the due time as it is."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "材料齐全，可按期办结"}))

    reason: Reason


class ExtendDemand(StaffCommand):
    """Move the due time by working days (延期), before it is there, with whoever approved it. A unit does not move its
    own due time: the jurisdiction's coordinator grants it, as often and as far as the pack says."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"working_days": 5, "reason": "需现场勘测", "approved_by": "区统筹办"})
    )

    working_days: WorkingDays = Field(description="counted from the due time as it is; the pack bounds them")
    reason: Reason
    approved_by: Annotated[Text, Field(min_length=1, max_length=100), by_office()]


class PauseDemand(StaffCommand):
    """Stop the clock (暂停计时) for a reason of the pack's list; everybody sees why."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"reason": "waiting-for-citizen", "days": 5, "note": "请群众补充房产证明"})
    )

    reason: Annotated[Text, Field(min_length=1, max_length=64), Identifier("a reason of the jurisdiction")]
    note: Note = Field("", description="for the citizen")
    days: Annotated[int, Field(ge=1, le=366)] | None = Field(
        None, description="calendar days until the clock runs again by itself; null: as many as the reason allows"
    )


class ResumeDemand(StaffCommand):
    """Let the clock run again; the due times are moved by the length of the pause."""

    model_config = ConfigDict(json_schema_extra=with_examples({"note": "材料已补齐"}))

    note: Note = ""
