"""Maps our statuses to those of Open311, CitySDK and FixMyStreet."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.intake.tracking.projection import is_open
from shared.contracts.demand.state import Status


class GeoReport(StrEnum):
    """The two statuses of GeoReport v2."""

    OPEN = "open"
    CLOSED = "closed"


class Detailed(StrEnum):
    """The values of CitySDK's `detailed_status`."""

    RECEIVED = "RECEIVED"
    IN_PROCESS = "IN_PROCESS"
    PROCESSED = "PROCESSED"
    ARCHIVED = "ARCHIVED"
    REJECTED = "REJECTED"


class FixMyStreet(StrEnum):
    """The states that FixMyStreet knows; it sends them in capital letters."""

    OPEN = "open"
    CLOSED = "closed"
    FIXED = "fixed"
    IN_PROGRESS = "in_progress"
    ACTION_SCHEDULED = "action_scheduled"
    INVESTIGATING = "investigating"
    PLANNED = "planned"
    DUPLICATE = "duplicate"
    NOT_COUNCILS_RESPONSIBILITY = "not_councils_responsibility"
    NO_FURTHER_ACTION = "no_further_action"
    INTERNAL_REFERRAL = "internal_referral"
    REOPEN = "reopen"
    FOR_TRIAGE = "for_triage"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StatusNames:
    """The names of one status in CitySDK and FixMyStreet."""

    detailed: Detailed
    fixmystreet: FixMyStreet


_D, _F, _S = Detailed, FixMyStreet, Status
# fmt: off
SAID: Final[Mapping[Status, StatusNames]] = {
    _S.SUBMITTED:   StatusNames(_D.RECEIVED, _F.OPEN),
    _S.TRIAGE:      StatusNames(_D.RECEIVED, _F.FOR_TRIAGE),
    _S.ROUTED:      StatusNames(_D.RECEIVED, _F.INVESTIGATING),
    _S.ACCEPTED:    StatusNames(_D.IN_PROCESS, _F.INVESTIGATING),
    _S.RETURNED:    StatusNames(_D.IN_PROCESS, _F.FOR_TRIAGE),
    _S.IN_PROGRESS: StatusNames(_D.IN_PROCESS, _F.IN_PROGRESS),
    _S.LISTED:      StatusNames(_D.IN_PROCESS, _F.PLANNED),
    _S.MERGED:      StatusNames(_D.IN_PROCESS, _F.IN_PROGRESS),
    _S.REOPENED:    StatusNames(_D.IN_PROCESS, _F.OPEN),
    _S.RESOLVED:    StatusNames(_D.PROCESSED, _F.FIXED),
    _S.CONFIRMED:   StatusNames(_D.PROCESSED, _F.FIXED),
    _S.DECLINED:    StatusNames(_D.REJECTED, _F.NOT_COUNCILS_RESPONSIBILITY),
    _S.WITHDRAWN:   StatusNames(_D.REJECTED, _F.CANCELLED),
    _S.CLOSED:      StatusNames(_D.ARCHIVED, _F.CLOSED),
}
# fmt: on


CONFIDENTIAL: Final = "举报内容不公开，请凭查询码查询 / A report is not published; follow it with its secret code"
"""Shown in the place of a status of a report (举报)."""


def georeport(status: Status) -> GeoReport:
    """The status of GeoReport: open while the citizen waits, closed from the answer on."""
    return GeoReport.OPEN if is_open(status) else GeoReport.CLOSED
