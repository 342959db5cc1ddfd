"""What our statuses are called by Open311, by CitySDK, by FixMyStreet, and by people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.intake.listing import is_open
from shared.contracts.demand import Status


class GeoReport(StrEnum):
    """The two statuses of GeoReport v2."""

    OPEN = "open"
    CLOSED = "closed"


class Detailed(StrEnum):
    """`detailed_status` of CitySDK."""

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
class Said:
    """One status in every tongue."""

    detailed: Detailed
    fixmystreet: FixMyStreet
    words: str


_D, _F, _S = Detailed, FixMyStreet, Status
# fmt: off
SAID: Final[Mapping[Status, Said]] = {
    _S.SUBMITTED:   Said(_D.RECEIVED, _F.OPEN, "已登记 / Received"),
    _S.TRIAGE:      Said(_D.RECEIVED, _F.FOR_TRIAGE, "等待派单员确定承办单位 / A dispatcher decides who answers"),
    _S.ROUTED:      Said(_D.RECEIVED, _F.INVESTIGATING, "已派单 / Sent to the responsible unit"),
    _S.ACCEPTED:    Said(_D.IN_PROCESS, _F.INVESTIGATING, "承办单位已签收 / The unit signed for it"),
    _S.RETURNED:    Said(_D.IN_PROCESS, _F.FOR_TRIAGE, "已退单，将另派单位 / Returned; another unit is sought"),
    _S.IN_PROGRESS: Said(_D.IN_PROCESS, _F.IN_PROGRESS, "办理中 / Work goes on"),
    _S.LISTED:      Said(_D.IN_PROCESS, _F.PLANNED, "已列入清单 / Put on the list of projects"),
    _S.MERGED:      Said(_D.IN_PROCESS, _F.IN_PROGRESS, "与同类诉求合并办理 / Handled together with another demand"),
    _S.REOPENED:    Said(_D.IN_PROCESS, _F.OPEN, "已重新打开 / Reopened"),
    _S.RESOLVED:    Said(_D.PROCESSED, _F.FIXED, "已办结 / Done"),
    _S.CONFIRMED:   Said(_D.PROCESSED, _F.FIXED, "群众已评价 / The citizen gave a verdict"),
    _S.DECLINED:    Said(_D.REJECTED, _F.NOT_COUNCILS_RESPONSIBILITY, "不予受理 / Not for this government"),
    _S.WITHDRAWN:   Said(_D.REJECTED, _F.CANCELLED, "群众已撤回 / Withdrawn by the citizen"),
    _S.CLOSED:      Said(_D.ARCHIVED, _F.CLOSED, "已归档 / Closed"),
}
# fmt: on


CONFIDENTIAL: Final = "举报内容不公开，请凭查询码查询 / A report is not published; follow it with its secret code"
"""Instead of a status in words, for a report (举报)."""


def georeport(status: Status) -> GeoReport:
    """Open while the citizen waits, closed from the answer on."""
    return GeoReport.OPEN if is_open(status) else GeoReport.CLOSED
