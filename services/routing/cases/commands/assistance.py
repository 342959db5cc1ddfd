"""The commands between the lead unit and the units that assist it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.routing.cases.commands.base import Attachments, Evidence, Reason, StaffCommand, Unit, Words
from shared.contracts.examples import with_examples


class RequestAssistance(StaffCommand):
    """Ask other units to help (请求协办); the lead still answers for all."""

    model_config = ConfigDict(json_schema_extra=with_examples({"units": ["nh-transport"], "reason": "需确认道路权属"}))

    units: Annotated[tuple[Unit, ...], Field(min_length=1, max_length=10)]
    reason: Reason


class AcceptAssistance(StaffCommand):
    """Sign for the part of one's unit (协办签收)."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


class ReportAssistance(StaffCommand):
    """Report to the lead what one's unit did (协办反馈)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"note": "道路属村道，已移交图纸"}))

    note: Words
    evidence: Evidence = ()
    attachments: Attachments = ()
    done: bool = Field(True, description="the part is finished")


class EndAssistance(StaffCommand):
    """End the assistance of a unit."""

    model_config = ConfigDict(json_schema_extra=with_examples({"unit": "nh-transport", "reason": "已查明，无需协办"}))

    unit: Unit
    reason: Reason
