"""The notices: the kinds of messages to citizens, supporters and units, their default texts and placeholders."""

import re
from enum import StrEnum
from typing import Final

from shared.jurisdiction.parts import Text

_SUPPORTER: Final = "supporter-"
_STAFF: Final = "staff-"


class Notice(StrEnum):
    """A kind of message, named after its fact: `submitted` is about `demand.submitted`.

    Notices that begin with `supporter-` tell all supporters that a demand has ended; those that begin with `staff-` are
    sent to the unit's duty addresses. `digest` merges several messages. A pack may leave out the texts in `USUAL`.
    """

    SUBMITTED = "submitted"
    TRIAGED = "triaged"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    PROGRESSED = "progressed"
    EXTENDED = "extended"
    PAUSED = "paused"
    RESUMED = "resumed"
    LISTED = "listed"
    MERGED = "merged"
    UNMERGED = "unmerged"
    SUPPORTED = "supported"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    DEADLINE_WARNED = "deadline-warned"
    DEADLINE_MISSED = "deadline-missed"
    LINK_REQUESTED = "link-requested"
    SUPPORTER_RESOLVED = "supporter-resolved"
    SUPPORTER_DECLINED = "supporter-declined"
    SUPPORTER_WITHDRAWN = "supporter-withdrawn"
    DIGEST = "digest"
    STAFF_ROUTED = "staff-routed"
    STAFF_DEADLINE_WARNED = "staff-deadline-warned"
    STAFF_DEADLINE_MISSED = "staff-deadline-missed"
    STAFF_ESCALATED = "staff-escalated"
    STAFF_DIGEST = "staff-digest"

    @property
    def fact(self) -> str | None:
        """The type of its fact, such as `demand.resolved`; None for a digest of several."""
        if self in (Notice.DIGEST, Notice.STAFF_DIGEST):
            return None
        return f"demand.{self.value.removeprefix(_SUPPORTER).removeprefix(_STAFF)}"

    @property
    def is_for_supporters(self) -> bool:
        """Whether it is sent to the supporters of the demand, not to the citizen who raised it."""
        return self.value.startswith(_SUPPORTER)

    @property
    def is_for_staff(self) -> bool:
        """Whether it is sent to the duty addresses of a unit."""
        return self.value.startswith(_STAFF)

    @property
    def is_for_citizen(self) -> bool:
        """Whether it is sent about one fact to the citizen who raised the demand, or has just supported it."""
        return self.fact is not None and not self.is_for_supporters and not self.is_for_staff


Templates = dict[Notice, Text]
USUAL: Final[Templates] = {
    Notice.LINK_REQUESTED: Text(
        zh="查看诉求{number}的进展，请点：{url}（如非本人操作，请忽略）",
        en="See how your demand {number} goes on: {url} (if you did not ask for this, ignore it)",
    ),
    Notice.PAUSED: Text(
        zh="您的诉求{number}暂缓办理[，最晚{until}恢复][，原因：{note}]。查看：{url}",
        en="Work on your demand {number} is put off[ until {until} at the latest][: {note}]. See: {url}",
    ),
    Notice.RESUMED: Text(
        zh="您的诉求{number}已恢复办理[，{due}前答复]。查看：{url}",
        en="Work on your demand {number} goes on[; it should be answered by {due}]. See: {url}",
    ),
    Notice.UNMERGED: Text(
        zh="您的诉求{number}不再与其他诉求合并，将单独办理，结果会告诉您。查看：{url}",
        en="Your demand {number} is handled by itself again. We will tell you the result: {url}",
    ),
    Notice.SUPPORTER_RESOLVED: Text(
        zh="您也反映过的诉求{number}已有答复，请查看：{url}",
        en="There is an answer to {number}, which you supported: {url}",
    ),
    Notice.SUPPORTER_DECLINED: Text(
        zh="您也反映过的诉求{number}未能受理，原因见：{url}",
        en="{number}, which you supported, could not be taken up. The reason: {url}",
    ),
    Notice.SUPPORTER_WITHDRAWN: Text(
        zh="您也反映过的诉求{number}已由提出人撤回。如果问题仍在，请您自己提交一件。",
        en="{number}, which you supported, was withdrawn. If the problem is still there, raise it anew.",
    ),
    Notice.DIGEST: Text(
        zh="您的诉求{number}[等{demands}件]有{count}条新消息：{items}",
        en="Your demand {number}[ and others, {demands} in all,] has {count} pieces of news: {items}",
    ),
    Notice.STAFF_ROUTED: Text(
        zh="{unit}：新派诉求{number}[，{due}前答复]。办理：{url}",
        en="{unit}: demand {number} is yours[, due {due}]. Open it: {url}",
    ),
    Notice.STAFF_DEADLINE_WARNED: Text(
        zh="{unit}：诉求{number}即将到期[，{due}前答复]。办理：{url}",
        en="{unit}: demand {number} is due soon[, by {due}]. Open it: {url}",
    ),
    Notice.STAFF_DEADLINE_MISSED: Text(
        zh="{unit}：诉求{number}已超时[，应于{due}前答复]。办理：{url}",
        en="{unit}: demand {number} is overdue[, it was due {due}]. Open it: {url}",
    ),
    Notice.STAFF_ESCALATED: Text(
        zh="{unit}：诉求{number}已提级到贵单位，请查看：{url}",
        en="{unit}: demand {number} was escalated to you. Open it: {url}",
    ),
    Notice.STAFF_DIGEST: Text(
        zh="{unit}：诉求{number}[等{demands}件]需要处理：{items}",
        en="{unit}: demand {number}[ and others, {demands} in all,] needs you: {items}",
    ),
}
"""The texts for packs that have no texts of their own for these notices."""

PLACEHOLDERS: Final = frozenset({
    "number", "unit", "due", "until", "note", "reason", "result", "instead", "parent_number", "rating_url", "url",
    "count", "demands", "items",
})  # fmt: skip
SAMPLES: Final[dict[str, dict[str, str]]] = {
    "zh": {
        "number": "NH21-001335-9", "unit": "狮山镇交通办", "due": "2021-05-24", "until": "2021-06-01",
        "note": "材料已到，下周施工", "reason": "不属于本级职责", "result": "已修复破损路面，恢复通行",
        "instead": "向区住建局提出", "parent_number": "NH21-000001-W", "count": "5", "demands": "2",
    },
    "en": {
        "number": "NH21-001335-9", "unit": "the roads office", "due": "2021-05-24", "until": "2021-06-01",
        "note": "the material is here, work begins next week", "reason": "it is not ours to decide",
        "result": "the road was mended and is open again", "instead": "ask the housing office",
        "parent_number": "NH21-000001-W", "count": "5", "demands": "2",
    },
}  # fmt: skip
"""The values of placeholders in a preview; the caller, who knows the address, adds the links."""
LINKS: Final = frozenset({"url", "rating_url"})
SHORTENED: Final = frozenset({"note", "reason", "result", "instead"})
"""Placeholders with text that people wrote: a message has its beginning, the linked page has all of it."""
_ALWAYS: Final = frozenset({"number"})
_ALSO: Final = {
    Notice.RESOLVED: frozenset({"rating_url"}),
    Notice.DECLINED: frozenset({"rating_url"}),
    Notice.MERGED: frozenset({"parent_number"}),
    Notice.LINK_REQUESTED: frozenset({"url"}),
    Notice.DIGEST: frozenset({"count", "items"}),
    Notice.STAFF_DIGEST: frozenset({"items"}),
}
_BRACED = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def placeholders(words: str) -> frozenset[str]:
    return frozenset(_BRACED.findall(words))


def required(notice: Notice) -> frozenset[str]:
    """The placeholders that a notice must contain: without them a citizen could not understand or answer it."""
    return _ALWAYS | _ALSO.get(notice, frozenset())


def fill(words: str, values: dict[str, str]) -> str:
    """Fill in the placeholders. A missing value becomes empty, because a message must always be sent.

    A part in square brackets is left out if one of its values is empty: `[, by {due}]`.
    """
    kept = _OPTIONAL.sub(lambda part: part[1] if all(map(values.get, placeholders(part[1]))) else "", words)
    return _BRACED.sub(lambda match: values.get(match[1], ""), kept)
