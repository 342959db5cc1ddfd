"""The form of each command: its fields, in words, and how what was typed becomes the command."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from starlette.datastructures import FormData

from services.routing.cases.commands import COMMANDS
from services.routing.publications.domain import PublicationState
from services.routing.web.evidence_files import FIELD, MOST
from services.routing.web.viewer import Viewer
from services.routing.web.words import EVIDENCE_KINDS
from shared.contracts.demand.facts import Urgency
from shared.contracts.demand.state import Demand
from shared.jurisdiction.parts import UnitKind
from shared.web.words import WITHDRAWN_FOR

Options = Callable[[Viewer, Demand], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form; `kind` is text, textarea, number, lines, select, files or yes (a box that means true)."""

    name: str
    kind: str
    zh: str
    en: str
    required: bool = True
    hint: tuple[str, str] = ("", "")
    options: Options | None = None


def _units(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The way up first, then departments, towns, and the stations of the same town."""
    pack = viewer.pack
    above = pack.units_above(demand.unit or pack.coordinator)
    town = above[0] if above else ""
    nearby = [u for u in pack.units if u.kind is UnitKind.STATION and town in pack.units_above(u.id)]
    wide = [u for u in pack.units if u.kind is not UnitKind.STATION]
    known = {unit.id: unit.name for unit in (*wide, *nearby)}
    first = {unit: known[unit] for unit in above if unit in known}
    return [("", viewer.say("请选择", "Choose")), *(first | known).items()]


def _helpers(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    return [("", viewer.say("请选择", "Choose")), *((unit, viewer.unit_name(unit)) for unit in demand.assisting)]


def _pauses(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    reasons = viewer.pack.handling.pause.reasons
    return [(reason.code, str(getattr(reason.name, viewer.lang))) for reason in reasons]


def _levels(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    return [(level.level, str(getattr(level.name, viewer.lang))) for level in viewer.pack.list_levels]


def _categories(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    leaves = viewer.pack.leaf_categories
    known = [(leaf.code, str(getattr(leaf.name, viewer.lang))) for leaf in leaves if leaf.code != demand.category]
    return [("", viewer.say("请选择", "Choose")), *known]


def _urgencies(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    words = {
        Urgency.ORDINARY: ("一般", "ordinary"),
        Urgency.URGENT: ("紧急", "urgent"),
        Urgency.CRITICAL: ("特急", "critical"),
    }
    return [(urgency, viewer.say(*pair)) for urgency, pair in words.items()]


def _evidence_kinds(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    return [(kind, viewer.say(*words)) for kind, words in EVIDENCE_KINDS.items()]


def _grounds(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    return [(ground, viewer.say(*words)) for ground, words in WITHDRAWN_FOR.items()]


_REASON: Final = Input("reason", "textarea", "原因", "Reason")
_FOR_CITIZEN: Final = ("群众会看到", "The citizen sees this")
_EVIDENCE: Final = Input(
    "evidence", "lines", "佐证材料", "Evidence", False, ("每行一条，如文件号、照片编号", "One a line")
)
_FILES: Final = Input(
    FIELD, "files", "上传文件", "Files", False,
    (f"照片或 PDF，最多 {MOST} 个，仅工作人员可见", f"Pictures or PDF, {MOST} at most; for staff alone"),
)  # fmt: skip
_RELEASED: Final = (
    Input("title", "text", "标题", "Title", True, ("公开页面上就是这些字", "Stands on the public page like this")),
    Input(
        "text", "textarea", "群众的话", "What the citizen wrote", False, ("可以删减；留空则只公开标题", "May be cut")
    ),
    Input("answer", "textarea", "公开的答复", "The answer for everybody", True, ("不写姓名、电话、门牌", "No names")),
)
FORMS: Final[Mapping[str, Sequence[Input]]] = {
    "accept": (),
    "assign": (Input("handler", "text", "经办人姓名", "Name of the handler"),),
    "return": (
        Input(
            "suggested_unit", "select", "应由哪个单位办理", "Which unit is responsible", True,
            ("不清楚时选统筹单位", "If you do not know, choose the coordinator"), _units,
        ),
        _REASON,
    ),
    "transfer": (Input("unit", "select", "转给", "Give it to", True, ("", ""), _units), _REASON),
    "move-up": (_REASON,),
    "decline": (
        Input("reason", "textarea", "不予受理的理由", "Why", True, _FOR_CITIZEN),
        Input("legal_basis", "text", "法律或政策依据", "Legal basis", False),
        Input("instead", "text", "群众可以去哪里办", "Where to go instead", False),
    ),
    "contact": (
        Input("reached", "yes", "已联系到群众", "The citizen was reached"),
        Input("note", "textarea", "沟通情况", "What was said", False, _FOR_CITIZEN),
        _FILES,
    ),
    "progress": (Input("note", "textarea", "办理进展", "How it goes", True, _FOR_CITIZEN), _EVIDENCE, _FILES),
    "note": (Input("text", "textarea", "备注内容", "Note", True, ("仅工作人员可见", "For staff alone")),),
    "attach": (
        _FILES,
        Input("kind", "select", "材料类型", "What they show", False, ("", ""), _evidence_kinds),
        _EVIDENCE,
        Input("note", "textarea", "说明", "About it", False),
    ),
    "list": (
        Input("level", "select", "清单", "List", True, ("", ""), _levels),
        Input("project", "text", "项目名称", "Project", False),
        Input("reason", "textarea", "原因", "Reason", True, _FOR_CITIZEN),
    ),
    "resolve": (
        Input("result", "textarea", "给群众的答复", "The answer", True, ("做了什么，依据是什么", "What, and why")),
        Input("summary", "textarea", "公开摘要", "Summary for the public", False, ("不写姓名、电话、门牌", "No names")),
        _EVIDENCE,
        replace(_FILES, hint=(f"照片或 PDF，最多 {MOST} 个", f"Pictures or PDF, {MOST} at most")),
        Input("show_files", "yes", "文件是答复的一部分，群众可以打开", "The citizen may open these files", False),
        Input("not_contacted", "text", "未能联系群众的原因", "Why nobody spoke with the citizen", False),
    ),
    "request-extension": (
        Input("working_days", "number", "延长几个工作日", "Working days more"),
        Input("reason", "textarea", "申请理由", "Why"),
    ),
    "grant-extension": (
        Input("working_days", "number", "批准几个工作日", "Working days", False, ("不填为按申请", "Empty: as asked"),),
    ),
    "refuse-extension": (_REASON,),
    "extend": (
        Input("working_days", "number", "延长几个工作日", "Working days more"),
        Input("reason", "textarea", "原因", "Reason", True, _FOR_CITIZEN),
        Input("approved_by", "text", "批准人", "Approved by"),
    ),
    "pause": (
        Input("reason", "select", "暂停原因", "Why", True, ("", ""), _pauses),
        Input("days", "number", "暂停几天", "For how many days", False, ("到期自动恢复计时", "Then it runs again")),
        Input("note", "textarea", "说明", "About it", False, _FOR_CITIZEN),
    ),
    "resume": (Input("note", "textarea", "说明", "About it", False),),
    "request-assistance": (
        Input("units", "select", "请哪个单位协办", "Whom to ask", True, ("", ""), _units),
        Input("reason", "textarea", "需要协办的事项", "What for"),
    ),
    "accept-assistance": (),
    "report-assistance": (
        Input("note", "textarea", "协办情况", "What was done"),
        _EVIDENCE,
        _FILES,
        Input("done", "yes", "协办事项已完成", "The part is finished"),
    ),
    "end-assistance": (Input("unit", "select", "协办单位", "Helper", True, ("", ""), _helpers), _REASON),
    "route": (
        Input("unit", "select", "承办单位", "Who answers", True, ("", ""), _units),
        Input("working_days", "number", "办理时限（工作日）", "Limit in working days", False, ("不填按目录", "As set")),
        Input("reason", "textarea", "派单说明", "About it", False),
    ),
    "reclassify": (Input("category", "select", "类别", "Category", True, ("", ""), _categories), _REASON),
    "prioritize": (
        Input("urgency", "select", "紧急程度", "Urgency", True, ("", ""), _urgencies),
        Input("vulnerable", "yes", "重点对象（老人、残疾人、未成年人等）", "Somebody who needs protection", False),
        _REASON,
    ),
    "merge": (Input("into", "text", "并入哪件诉求（编号）", "Number of the other demand"), _REASON),
    "unmerge": (_REASON,),
    "publish": (*_RELEASED,),
    "correct-publication": (
        *_RELEASED,
        Input("correction", "text", "更正了什么", "What was corrected", True, ("公众会看到", "Everybody sees it")),
    ),
    "withdraw-publication": (
        Input(
            "ground", "select", "对公众的说明", "What everybody is told", True,
            ("公开页面会注明", "Stands on the public page"), _grounds,
        ),
        Input("reason", "textarea", "具体原因", "Why", True, ("仅工作人员可见", "For staff alone")),
    ),
}  # fmt: skip
"""By the name of the command."""
AT_ONCE: Final = frozenset(name for name, inputs in FORMS.items() if not inputs)
"""Commands that a button gives without asking for more."""
_USUAL: Final = (
    "accept", "accept-assistance", "grant-extension", "refuse-extension", "resolve", "contact", "progress",
    "report-assistance", "route", "reclassify",
)  # fmt: skip
DANGEROUS: Final = frozenset(
    {"return", "decline", "refuse-extension", "unmerge", "end-assistance", "withdraw-publication"}
)
_CUT: Final = frozenset({"publish", "correct-publication"})
"""Forms in which an emptied field says that nothing is to stand there."""


def usual(demand: Demand) -> Sequence[str]:
    """What is usually done next, first: nobody is answered before the unit has spoken with them."""
    is_to_contact = demand.contact is not None and demand.contacted_at is None
    return sorted(_USUAL, key=lambda name: name == "resolve") if is_to_contact else _USUAL


def initial(name: str, demand: Demand, publication: PublicationState) -> dict[str, str]:
    """What stands in a form that corrects something: what is so now; of a release what is public, or what would be."""
    if name in _CUT:
        return {"title": publication.title, "text": publication.text, "answer": publication.answer}
    if name != "prioritize":
        return {}
    return {"urgency": demand.urgency, "vulnerable": "yes" if demand.vulnerable else ""}


def typed(name: str, form: FormData) -> dict[str, str]:
    """What was typed, by field, to show it again."""
    return {one.name: str(form.get(one.name) or "") for one in FORMS[name] if one.kind != "files"}


def takes_files(name: str) -> bool:
    """Whether files may come with this command."""
    return any(one.kind == "files" for one in FORMS[name])


def fields(name: str, form: FormData, files: Sequence[str] = ()) -> dict[str, Any]:
    """What was typed as the fields of the command, with the references of its files; what was left empty is left
    out."""
    found: dict[str, Any] = {FIELD: list(files)} if files else {}
    for one in FORMS[name]:
        text = str(form.get(one.name) or "").strip()
        if one.kind == "yes":
            found[one.name] = bool(text)
        elif one.kind == "lines":
            found[one.name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif one.kind == "files":
            continue  # they go to intake
        elif one.name == "units":
            found[one.name] = [text] if text else []
        elif text or (one.name in form and name in _CUT):
            found[one.name] = text
    return found


@cache
def _properties(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The fields of a command as its JSON Schema has them; of one that may be null what it is else."""
    properties = COMMANDS[name].model_json_schema()["properties"]
    return {field: next(iter(told.get("anyOf", [])), told) for field, told in properties.items()}


def bounds(name: str, field: str) -> dict[str, Any]:
    """What the browser may hold people to before they send: as long and as large as the command takes it."""
    told = _properties(name).get(field, {})
    found = {"maxlength": told.get("maxLength"), "min": told.get("minimum"), "max": told.get("maximum")}
    return {attribute: value for attribute, value in found.items() if value is not None}


def shown(name: str, viewer: Viewer, demand: Demand) -> list[dict[str, Any]]:
    """The fields as the template takes them."""
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "label": viewer.say(one.zh, one.en),
            "hint": viewer.say(*one.hint),
            "required": one.required,
            "bounds": bounds(name, one.name),
            "options": one.options(viewer, demand) if one.options else [],
        }
        for one in FORMS[name]
    ]
