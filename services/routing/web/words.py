"""The words of the desk's pages, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from shared.contracts.demand.facts import EvidenceKind
from shared.identity.person import Role

SIGN_IN: Final = {
    "zh": {
        "title": "工作人员登录",
        "issuer": "使用统一身份认证登录",
        "demo": "演示人员（任何人都可登录，仅限本机演示）",
        "none": "本部署没有配置登录服务：请管理员设置 HUYING_OIDC_ISSUER 和 HUYING_OIDC_CLIENT_ID。",
        "sign_out": "退出登录",
        "signed_in": "当前登录",
        "leaving": "已退出本系统，正在退出登录服务……",
        "go_on": "继续",
        "again": "重新登录",
    },
    "en": {
        "title": "Staff sign-in",
        "issuer": "Sign in with your organisation",
        "demo": "Demonstration people (anybody may be them, on this machine only)",
        "none": "No sign-in service is set up here: set HUYING_OIDC_ISSUER and HUYING_OIDC_CLIENT_ID.",
        "sign_out": "Sign out",
        "signed_in": "Signed in as",
        "leaving": "You have left this system; leaving the sign-in service too …",
        "go_on": "Go on",
        "again": "Sign in again",
    },
}

ROLES: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.CLERK: {"zh": "经办人", "en": "Clerk"},
    Role.HEAD: {"zh": "负责人", "en": "Head"},
    Role.DISPATCHER: {"zh": "派单员", "en": "Dispatcher"},
    Role.LEADER: {"zh": "领导", "en": "Leader"},
    Role.AUDITOR: {"zh": "审计员", "en": "Auditor"},
    Role.ADMIN: {"zh": "管理员", "en": "Administrator"},
    Role.CALLER: {"zh": "回访员", "en": "Caller"},
}

DESK: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "desk": "办理台", "work": "我的待办", "case": "诉求", "due": "时限", "status": "状态", "handler": "经办",
        "updated": "最近更新", "number": "编号", "unit": "承办单位", "words": "编号、地点或几个字",
        "village": "村（社区）",
        "category": "类别", "sign": "签收所选", "sign_hint": "勾选“待签收”的诉求，可一次签收多件", "choose": "选择",
        "nothing": "这里没有待办诉求", "nothing_hint": "有新派来的诉求会出现在这里。",
        "nothing_found": "没有符合条件的诉求", "not_here": "这里只有未办结的诉求。", "in_done": "在已办中查找",
        "done_list": "查看已办",
        "wrote": "群众的话", "about": "基本情况", "history": "办理过程", "commands": "现在可以办", "place": "地点",
        "kind": "类型", "raised": "提出时间", "files": "附件", "related": "相关诉求", "merged": "并入本件的诉求",
        "similar": "同一地点的同类诉求", "helpers": "协办", "clock": "时限", "team": "驻点团队", "back": "返回待办",
        "done": "已办理", "changed": "您打开之后，这件诉求有了新变化。请先看看，再决定是否继续：", "send": "确定",
        "cancel": "取消",
        "dispatch": "待派单诉求", "overview": "总览", "contact": "联系方式", "why": "查阅理由", "look": "查阅",
        "kept": "已上传（取消勾选则不用）", "so_far": "已办过程",
        "look_hint": "查阅会记录在办理过程中：谁、什么时候、为什么。", "print": "打印工单", "point": "坐标",
    },
    "en": {
        "desk": "Desk", "work": "My work", "case": "Demand", "due": "Due", "status": "Status", "handler": "Handler",
        "updated": "Last change", "number": "Number", "unit": "Unit", "words": "Number, place or words",
        "village": "Village", "category": "Category", "sign": "Sign for these",
        "sign_hint": "Tick what is to be signed for; several at once", "choose": "Choose",
        "nothing": "Nothing waits here",
        "nothing_hint": "What is assigned to your unit appears here.", "nothing_found": "Nothing fits these filters",
        "not_here": "Only what is open is here.", "in_done": "Look among what is done", "done_list": "What is done",
        "wrote": "What the citizen wrote", "about": "About it", "history": "What happened",
        "commands": "What you can do now", "place": "Place", "kind": "Kind", "raised": "Raised", "files": "Files",
        "related": "Related demands", "merged": "Merged into this one", "similar": "The same matter in the same place",
        "helpers": "Helpers", "clock": "Due times", "team": "Stationed team", "back": "Back to the work list",
        "done": "Done", "changed": "This demand has changed since you opened it. Look first, then decide:",
        "send": "Send", "cancel": "Cancel", "dispatch": "Waiting for a dispatcher", "overview": "Overview",
        "contact": "Contact", "why": "Why you need it", "look": "Show",
        "kept": "Handed in already (untick what is not wanted)", "so_far": "Done so far",
        "look_hint": "Who looked, when and why becomes part of the record.", "print": "Print", "point": "Point",
    },
}  # fmt: skip

LISTS: Final[Mapping[str, tuple[str, str, Literal["", "overdue", "soon"]]]] = {
    "open": ("全部未结", "All open", ""),
    "mine": ("我经办的", "Mine", ""),
    "overdue": ("逾期", "Overdue", "overdue"),
    "due-soon": ("今明到期", "Due soon", "soon"),
    "unsigned": ("待签收", "To sign for", ""),
    "returned": ("退回来的", "Came back", ""),
    "reopened": ("重办", "Reopened", ""),
    "urged": ("催办", "Urged", ""),
    "new-words": ("群众有补充", "Citizen added", ""),
    "paused": ("暂停", "Paused", ""),
    "assisting": ("协办", "Helping", ""),
    "to-decide": ("待我审批", "To decide", "soon"),
    "escalated": ("督办", "Escalated to us", "overdue"),
}
"""The tabs of the desk in order: words in both languages, and the colour of the count."""

LOADS: Final[Mapping[str, tuple[str, str]]] = {
    "open": ("未结", "Open"),
    "overdue": ("逾期", "Overdue"),
    "due_soon": ("今明到期", "Due soon"),
    "unsigned": ("待签收", "Unsigned"),
    "reopened": ("重办", "Reopened"),
    "paused": ("暂停", "Paused"),
}
"""The figures of the overview."""

BACK: Final[Mapping[str, tuple[str, str]]] = {
    "/desk": ("返回待办", "Back to the work list"),
    "/desk/done": ("返回已办", "Back to what is done"),
    "/desk/triage": ("返回派单", "Back to the dispatch list"),
    "/desk/overview": ("返回总览", "Back to the overview"),
    "/desk/overview/cases": ("返回明细", "Back to the list"),
    "/desk/hot-spots": ("返回共性需求", "Back to the hot spots"),
    "/desk/call-backs": ("返回回访", "Back to the call-backs"),
    "/desk/publications": ("返回待公开", "Back to what waits to be published"),
    "/desk/catalogue/returns": ("返回退单明细", "Back to the returns"),
}
"""The name of the page to which a case leads back, by the URL of the list that it is or belongs to."""

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "consult": ("咨询", "question"),
    "help": ("求助", "help"),
    "suggestion": ("建议", "suggestion"),
    "complaint": ("投诉", "complaint"),
    "report": ("举报", "report"),
}

LEVELS: Final[Sequence[tuple[str, tuple[str, str]]]] = (
    ("5", ("非常满意", "Very satisfied")),
    ("4", ("满意", "Satisfied")),
    ("3", ("基本满意", "Fairly satisfied")),
    ("2", ("不满意", "Dissatisfied")),
    ("1", ("非常不满意", "Very dissatisfied")),
)
"""GB/T 39734-2020."""

HOLDERS: Final[Mapping[str, tuple[str, str]]] = {
    "intake": ("受理", "intake"),
    "triage": ("派单员", "the dispatcher"),
    "unit": ("承办单位", "the unit"),
    "parent": ("并入的诉求", "the demand it was merged into"),
    "citizen": ("群众", "the citizen"),
}

HOPS: Final[Mapping[str, tuple[str, str]]] = {
    "intake": ("收件", "taking in"),
    "triage": ("待派单", "to be dispatched"),
    "sign": ("待签收", "to be signed for"),
    "contact": ("待联系", "to be contacted"),
    "handling": ("办理", "handling"),
    "paused": ("暂停计时", "clock paused"),
    "merged": ("已并入", "merged"),
    "verdict": ("待评价", "to be rated"),
}

STAGES: Final[Mapping[str, tuple[str, str]]] = {
    "sign": ("签收", "to be signed for"),
    "contact": ("联系群众", "to call the citizen"),
    "resolve": ("办结", "to be answered"),
    "assist": ("协办", "assistance"),
}
"""The names of the stages that have limits."""

EVIDENCE_KINDS: Final[Mapping[EvidenceKind, tuple[str, str]]] = {
    EvidenceKind.HANDLING: ("办理附件", "what was done"),
    EvidenceKind.CONTACT: ("联系证据", "that the citizen was contacted"),
    EvidenceKind.IDENTITY: ("证件", "papers of a person"),
}

WHY_MISSING: Final = ("请写明查阅理由，至少4个字", "Say why you need it, in four characters or more")
WHY_USUAL: Final = (
    ("联系群众了解情况", "To ask the citizen about it"),
    ("与群众约时间上门", "To arrange a visit"),
    ("向群众说明办理结果", "To explain the answer"),
)
"""The usual reasons to look at a contact, which a button gives without typing."""
PERSONAL: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("姓名", "Name"),
    "phone": ("电话", "Telephone"),
    "email": ("邮箱", "E-mail"),
    "address": ("地址", "Address"),
    "wechat": ("微信", "WeChat"),
    "title": ("标题原文", "Title as written"),
    "text": ("内容原文", "Words as written"),
    "said": ("补充原文", "Additions as written"),
    "earlier": ("其他诉求", "Other demands"),
}
"""The names of the personal data that the vault may hold."""
