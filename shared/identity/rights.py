"""The table of rights: which role may give which command, by the relation of the person's unit to the case."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from shared.identity.person import Role


class Relation(StrEnum):
    """The relation of a unit to a case. Several may hold at once: the coordinator may also lead a case."""

    OWN = "own"
    """The unit leads."""
    ASSISTING = "assisting"
    FORMER = "former"
    """The unit led before."""
    BELOW = "below"
    """The lead unit is below this unit, see `Pack.units_above`."""
    WHOLE = "whole"
    """The unit coordinates the jurisdiction of the case."""
    TO_CALL = "to-call"
    """The unit had no part in the answer, and the citizen must be called about it."""
    APART = "apart"
    """The unit belongs to the jurisdiction of the case, and neither leads nor assists."""
    JURISDICTION = "jurisdiction"
    """The unit belongs to the jurisdiction of the case."""
    NONE = "none"
    """The case belongs to another jurisdiction."""


class BilingualName(NamedTuple):
    """A name for use in sentences, in both languages."""

    zh: str
    en: str


READ: Final = "read"
READ_VIEWS: Final = "read-views"
"""To read who has looked at personal data, and why."""
REVEAL: Final = "reveal"
ERASE: Final = "erase"
ATTACH: Final = "attach"
MANAGE_WEBHOOKS: Final = "manage-webhooks"
RECORD_CONSENT: Final = "record-consent"
RECORD_REFUSAL: Final = "record-refusal"

COMMANDS: Final[Mapping[str, BilingualName]] = {
    READ: BilingualName("查看", "read"),
    READ_VIEWS: BilingualName("查看个人信息查阅记录", "read who looked at personal data"),
    "accept": BilingualName("签收", "accept"),
    "return": BilingualName("退单", "return"),
    "decline": BilingualName("不予受理", "decline"),
    "contact": BilingualName("联系群众", "contact the citizen"),
    "progress": BilingualName("记录进展", "report progress"),
    "resolve": BilingualName("办结", "resolve"),
    "request-extension": BilingualName("申请延期", "request an extension"),
    "grant-extension": BilingualName("同意延期", "grant an extension"),
    "refuse-extension": BilingualName("不同意延期", "refuse an extension"),
    "extend": BilingualName("直接延期", "extend directly"),
    "pause": BilingualName("暂停计时", "pause the clock"),
    "resume": BilingualName("恢复计时", "resume the clock"),
    "assign": BilingualName("指定经办人", "assign a handler"),
    "request-assistance": BilingualName("请求协办", "request assistance"),
    "accept-assistance": BilingualName("协办签收", "accept the assistance"),
    "report-assistance": BilingualName("反馈协办结果", "report the assistance"),
    "end-assistance": BilingualName("结束协办", "end the assistance"),
    "transfer": BilingualName("转办", "transfer"),
    "move-up": BilingualName("提级", "move up"),
    "note": BilingualName("内部备注", "write an internal note"),
    ATTACH: BilingualName("上传佐证", "attach evidence"),
    "list": BilingualName("挂账", "list"),
    "merge": BilingualName("并单", "merge"),
    "unmerge": BilingualName("取消并单", "undo a merge"),
    "publish": BilingualName("公开", "publish"),
    "correct-publication": BilingualName("更正公开内容", "correct the publication"),
    "withdraw-publication": BilingualName("撤回或不予公开", "withhold from publication"),
    "prioritize": BilingualName("调整紧急程度", "set the urgency"),
    "route": BilingualName("派单", "route"),
    "reclassify": BilingualName("更正类别", "correct the category"),
    "edit-catalogue": BilingualName("编辑派单目录", "edit the catalogue"),
    "publish-catalogue": BilingualName("发布派单目录", "publish the catalogue"),
    "start-call-back": BilingualName("领取回访", "take a call-back"),
    "release-call-back": BilingualName("放回回访", "put a call-back back"),
    "record-call-back": BilingualName("登记回访", "record a call-back"),
    RECORD_CONSENT: BilingualName("登记同意公开", "record the consent to publication"),
    RECORD_REFUSAL: BilingualName("登记不同意公开", "record the refusal of publication"),
    MANAGE_WEBHOOKS: BilingualName("管理事件推送", "manage webhooks"),
    REVEAL: BilingualName("查阅个人信息", "see personal data"),
    ERASE: BilingualName("删除个人信息", "erase personal data"),
}
"""All commands, by the names that they have in URLs."""

_CATALOGUE: Final = frozenset({"edit-catalogue", "publish-catalogue"})
_PERSONAL: Final = frozenset({REVEAL, ERASE})
_READ: Final = frozenset({READ})
_READ_AND_NOTE: Final = frozenset({READ, "note"})
_READ_ALL: Final = frozenset({READ, READ_VIEWS})
_HELP: Final = _READ_AND_NOTE | {"contact", "progress", "attach", "accept-assistance", "report-assistance"}
_DAILY: Final = _READ_AND_NOTE | {
    "accept", "return", "decline", "contact", "progress", "resolve", "request-extension", "pause", "resume",
    "request-assistance", "end-assistance", "transfer", "move-up", "attach", "merge", "unmerge",
    "prioritize", RECORD_CONSENT, RECORD_REFUSAL,
}  # fmt: skip
_PUBLICATION: Final = frozenset({"publish", "correct-publication", "withdraw-publication"})
_CALLS: Final = frozenset({"start-call-back", "release-call-back", "record-call-back"})
_WISHES: Final = frozenset({RECORD_CONSENT, RECORD_REFUSAL})
_ABOVE: Final = _READ_AND_NOTE | _PUBLICATION | _WISHES | {"grant-extension", "refuse-extension", "prioritize"}
_EVERYTHING: Final = frozenset(COMMANDS) - _PERSONAL - {READ_VIEWS, MANAGE_WEBHOOKS}

RIGHTS: Final[Mapping[Role, Mapping[Relation, frozenset[str]]]] = {
    Role.CLERK: {
        Relation.OWN: _DAILY,
        Relation.ASSISTING: _HELP,
        Relation.FORMER: _READ,
        Relation.WHOLE: _READ,
    },
    Role.HEAD: {
        Relation.OWN: _DAILY | {"assign", "list"},
        Relation.ASSISTING: _HELP,
        Relation.FORMER: _READ,
        Relation.BELOW: _ABOVE,
        Relation.WHOLE: _ABOVE,
    },
    Role.DISPATCHER: {Relation.WHOLE: _EVERYTHING},
    Role.LEADER: {
        Relation.OWN: _READ_AND_NOTE,
        Relation.ASSISTING: _READ_AND_NOTE,
        Relation.FORMER: _READ,
        Relation.BELOW: _READ_AND_NOTE,
        Relation.WHOLE: _READ_AND_NOTE,
    },
    Role.AUDITOR: {Relation.JURISDICTION: _READ_ALL},
    Role.ADMIN: {Relation.JURISDICTION: _READ_ALL | _CATALOGUE | {MANAGE_WEBHOOKS}},
    Role.CALLER: {
        Relation.TO_CALL: frozenset({READ, REVEAL}) | _WISHES,
        Relation.APART: _CALLS,
    },
    Role.PERSONAL_DATA: {
        Relation.OWN: frozenset({REVEAL}),
        Relation.ASSISTING: frozenset({REVEAL}),
        Relation.FORMER: frozenset({REVEAL}),
        Relation.WHOLE: _PERSONAL,
    },
}
"""All rights; everything else is refused.

The head of the unit above decides on extensions, because two steps (申请, 审核) are usual: a unit cannot change its own
due time. For the same reason a lead unit may raise an urgency, but not lower it. A pack may name another role, see
`Policy.granting`. Callers (回访员) see a case while its citizen must be called. No unit may ask citizens about its own
work, also not the coordinator's: see `decisions.calling` of routing. The other defaults are our choice.
"""
