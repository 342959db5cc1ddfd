"""Short names of the notices in both languages."""

from collections.abc import Mapping
from typing import Final

from shared.jurisdiction.notices import Notice

NOTICE_WORDS: Final[Mapping[Notice, tuple[str, str]]] = {
    Notice.SUBMITTED: ("已收到", "Received"),
    Notice.TRIAGED: ("待人工确认", "Being sorted by hand"),
    Notice.ROUTED: ("已派单", "Given to a unit"),
    Notice.ACCEPTED: ("开始办理", "Work began"),
    Notice.RETURNED: ("重新安排", "Passed on"),
    Notice.PROGRESSED: ("新进展", "News"),
    Notice.EXTENDED: ("延期", "Later than planned"),
    Notice.PAUSED: ("暂缓办理", "Put off"),
    Notice.RESUMED: ("恢复办理", "Work goes on"),
    Notice.LISTED: ("列入项目", "Part of a project"),
    Notice.MERGED: ("合并办理", "Handled together"),
    Notice.UNMERGED: ("单独办理", "Handled by itself"),
    Notice.SUPPORTED: ("已一并记录", "Counted in"),
    Notice.RESOLVED: ("已有答复，请评价", "Answered, to be rated"),
    Notice.CONFIRMED: ("感谢评价", "Thanks for the rating"),
    Notice.REOPENED: ("重新办理", "Open again"),
    Notice.DECLINED: ("未能受理", "Not taken up"),
    Notice.WITHDRAWN: ("已撤回", "Withdrawn"),
    Notice.CLOSED: ("已结束", "Closed"),
    Notice.DEADLINE_WARNED: ("临近时限", "Due soon"),
    Notice.DEADLINE_MISSED: ("未按时答复", "Overdue"),
    Notice.LINK_REQUESTED: ("查看进展的链接", "The link to follow it"),
    Notice.SUPPORTER_RESOLVED: ("也反映过的诉求已有答复", "Answered, to those who support it"),
    Notice.SUPPORTER_DECLINED: ("也反映过的诉求未能受理", "Not taken up, to those who support it"),
    Notice.SUPPORTER_WITHDRAWN: ("也反映过的诉求已撤回", "Withdrawn, to those who support it"),
    Notice.DIGEST: ("多条消息合并", "Several messages in one"),
    Notice.STAFF_ROUTED: ("新派单", "New at the unit"),
    Notice.STAFF_DEADLINE_WARNED: ("即将到期", "Due soon"),
    Notice.STAFF_DEADLINE_MISSED: ("已超时", "Overdue"),
    Notice.STAFF_ESCALATED: ("已提级", "Escalated"),
    Notice.STAFF_DIGEST: ("单位每日提醒", "Daily reminder to a unit"),
}


def notice_words(name: str, lang: str) -> str:
    """The short name of a notice; the code itself if this version does not know it."""
    try:
        zh, en = NOTICE_WORDS[Notice(name)]
    except (ValueError, KeyError):
        return name
    return zh if lang == "zh" else en
