"""The commands of dispatchers: route, reclassify, prioritize, merge, unmerge."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from services.routing.cases.commands.base import Note, Reason, StaffCommand, Unit, WorkingDays
from shared.contracts.demand.facts import Urgency
from shared.contracts.examples import NUMBER, with_examples
from shared.contracts.numbers import AS_TYPED, LONGEST, read_number
from shared.contracts.text import Text
from shared.contracts.wording import Identifier

ParentNumber = Annotated[
    str,
    StringConstraints(max_length=LONGEST),
    AfterValidator(partial(read_number, field="into")),
    Identifier("a demand's number"),
]
"""A number that is not well formed is an error of this field, so that a form can show the error there."""


class RouteDemand(StaffCommand):
    """A dispatcher decides who answers, also where another unit was made responsible before."""

    model_config = ConfigDict(json_schema_extra=with_examples({"unit": "nh-education", "assisting": ["nh-transport"]}))

    unit: Unit
    assisting: tuple[Unit, ...] | None = Field(None, description="units that help; null: those that help now")
    working_days: WorkingDays | None = Field(
        None, description="the limit, where the catalogue has none or another is needed; null: the catalogue's"
    )
    reason: Note = ""


class ReclassifyDemand(StaffCommand):
    """A dispatcher corrects what the demand is about; its limit follows the catalogue."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"category": "street-lighting", "reason": "是路灯，不是路面"})
    )

    category: Annotated[Text, Field(min_length=1, max_length=64), Identifier("a category")]
    reason: Reason


class PrioritizeDemand(StaffCommand):
    """Correct how urgent it is, or whether it is of somebody who needs protection; its limits follow."""

    model_config = ConfigDict(json_schema_extra=with_examples({"urgency": "urgent", "reason": "独居老人，家中停水"}))

    urgency: Urgency | None = Field(None, description="null: as it is")
    vulnerable: bool | None = Field(None, description="null: as it is")
    reason: Reason


class MergeDemand(StaffCommand):
    """Handle it together with another (并单): it is answered when that one is."""

    model_config = ConfigDict(json_schema_extra=with_examples({"into": NUMBER, "reason": "同一路段"}))

    into: ParentNumber = Field(description=f"the number of the other demand. {AS_TYPED}")
    reason: Reason


class UnmergeDemand(StaffCommand):
    """Handle it by itself again (取消并单), at the unit that had it."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "并非同一路段"}))

    reason: Reason
