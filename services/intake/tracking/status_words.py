"""What people call the statuses of a demand: Chinese first, English beside it."""

from collections.abc import Mapping
from typing import Final

from shared.contracts.demand.state import Status

STATUS_WORDS: Final[Mapping[Status, str]] = {
    Status.SUBMITTED: "已登记 / Received",
    Status.TRIAGE: "等待派单员确定承办单位 / A dispatcher decides who answers",
    Status.ROUTED: "已派单 / Sent to the responsible unit",
    Status.ACCEPTED: "承办单位已签收 / The unit signed for it",
    Status.RETURNED: "已退单，将另派单位 / Returned; another unit is sought",
    Status.IN_PROGRESS: "办理中 / Work goes on",
    Status.LISTED: "已列入清单 / Put on the list of projects",
    Status.MERGED: "与同类诉求合并办理 / Handled together with another demand",
    Status.REOPENED: "已重新打开 / Reopened",
    Status.RESOLVED: "已办结 / Done",
    Status.CONFIRMED: "群众已评价 / The citizen gave a verdict",
    Status.DECLINED: "不予受理 / Not for this government",
    Status.WITHDRAWN: "群众已撤回 / Withdrawn by the citizen",
    Status.CLOSED: "已归档 / Closed",
}
