"""The words and colours for the statuses of demands, in both languages."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.contracts.demand.facts import UnpublishedFor
from shared.contracts.demand.state import Status

_S = Status


class StatusWords(NamedTuple):
    """The words of a status tag; `tone` is its CSS class in work.css."""

    zh: str
    en: str
    tone: str


STATUS_WORDS: Final[Mapping[str, StatusWords]] = {
    _S.NONE:        StatusWords("已收到", "received", "new"),
    _S.SUBMITTED:   StatusWords("已收到", "received", "new"),
    _S.TRIAGE:      StatusWords("待派单", "to be assigned", "new"),
    _S.ROUTED:      StatusWords("已派单，待签收", "assigned, not signed for", "new"),
    _S.ACCEPTED:    StatusWords("已签收", "signed for", "working"),
    _S.IN_PROGRESS: StatusWords("办理中", "in progress", "working"),
    "paused":       StatusWords("暂停计时", "clock paused", "paused"),
    _S.LISTED:      StatusWords("已挂账", "listed", "paused"),
    _S.RETURNED:    StatusWords("已退单", "returned", "new"),
    _S.RESOLVED:    StatusWords("已办结，待评价", "answered, to be rated", "done"),
    _S.CONFIRMED:   StatusWords("群众已确认", "confirmed", "done"),
    _S.REOPENED:    StatusWords("重办", "reopened", "reopened"),
    _S.DECLINED:    StatusWords("不予受理", "declined", "ended"),
    _S.MERGED:      StatusWords("已并入", "merged", "ended"),
    _S.WITHDRAWN:   StatusWords("已撤回", "withdrawn", "ended"),
    _S.CLOSED:      StatusWords("已结束", "closed", "ended"),
}  # fmt: skip
"""The words by status; `paused` is shown instead of the status while the clock is stopped."""

CITIZEN_WORDS: Final[Mapping[str, StatusWords]] = {
    **STATUS_WORDS,
    _S.TRIAGE:      StatusWords("正在确定办理单位", "finding the unit", "new"),
    _S.ROUTED:      StatusWords("已交办", "given to a unit", "new"),
    _S.ACCEPTED:    StatusWords("办理中", "in progress", "working"),
    "paused":       StatusWords("暂缓办理", "put off", "paused"),
    _S.LISTED:      StatusWords("已列入项目", "part of a project", "paused"),
    _S.RETURNED:    StatusWords("正在重新安排", "being passed on", "new"),
    _S.RESOLVED:    StatusWords("已答复", "answered", "done"),
    _S.REOPENED:    StatusWords("重新办理", "handled again", "reopened"),
    _S.DECLINED:    StatusWords("未能受理", "not taken up", "ended"),
    _S.MERGED:      StatusWords("合并办理", "handled together", "ended"),
}  # fmt: skip
"""The same in words of citizens, who neither assign demands nor sign for them."""


WITHDRAWN_FOR: Final[Mapping[str, tuple[str, str]]] = {
    UnpublishedFor.PRIVACY: ("为保护个人隐私", "to protect somebody's privacy"),
    UnpublishedFor.CITIZEN: ("应诉求人要求", "because whoever raised it asked for that"),
    UnpublishedFor.MISTAKE: ("因内容有误", "because it was wrong"),
    UnpublishedFor.UNSUITABLE: ("因内容不宜公开", "because it is not suitable for publication"),
}
"""The reasons for a withdrawn publication, in words for the public."""
