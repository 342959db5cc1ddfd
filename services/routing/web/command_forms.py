"""Defines the form of each command, and turns what was typed into the fields of the command."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from starlette.datastructures import FormData

from services.routing.cases.commands import COMMANDS
from services.routing.publications.domain import PublicationState
from services.routing.web import form_options as options
from services.routing.web.evidence_files import FIELD, MOST
from services.routing.web.form_options import Input
from services.routing.web.viewer import Viewer
from shared.contracts.demand.state import Demand

_REASON: Final = Input("reason", "textarea", "原因", "Reason")
_FOR_CITIZEN: Final = ("群众会看到", "The citizen sees this")
_EVIDENCE: Final = Input(
    "evidence",
    "lines",
    "佐证材料",
    "Evidence",
    False,
    ("文件号等，每行一条；照片用“上传文件”", "Document numbers and the like, one a line; photos under “Files”"),
)
_FILES: Final = Input(
    FIELD, "files", "上传文件", "Files", False,
    (f"照片或 PDF，最多 {MOST} 个，仅工作人员可见", f"Pictures or PDF, {MOST} at most; for staff alone"),
)  # fmt: skip
_RELEASED: Final = (
    Input("title", "text", "标题", "Title", True, ("公开页面照此显示", "Shown on the public page exactly like this")),
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
            ("不清楚时选统筹单位", "If you do not know, choose the coordinator"), options.units,
        ),
        _REASON,
    ),
    "transfer": (Input("unit", "select", "转给", "Give it to", True, ("", ""), options.units), _REASON),
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
        Input("kind", "select", "材料类型", "What they show", False, ("", ""), options.evidence_kinds),
        _EVIDENCE,
        Input("note", "textarea", "说明", "About it", False),
    ),
    "list": (
        Input("level", "select", "清单", "List", True, ("", ""), options.levels),
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
        Input("reason", "select", "暂停原因", "Why", True, ("", ""), options.pauses),
        Input("days", "number", "暂停几天", "For how many days", False, ("到期自动恢复计时", "Then it runs again")),
        Input("note", "textarea", "说明", "About it", False, _FOR_CITIZEN),
    ),
    "resume": (Input("note", "textarea", "说明", "About it", False),),
    "request-assistance": (
        Input("units", "select", "请哪个单位协办", "Whom to ask", True, ("", ""), options.units),
        Input("reason", "textarea", "需要协办的事项", "What for"),
    ),
    "accept-assistance": (),
    "report-assistance": (
        Input("note", "textarea", "协办情况", "What was done"),
        _EVIDENCE,
        _FILES,
        Input("done", "yes", "协办事项已完成", "The part is finished"),
    ),
    "end-assistance": (Input("unit", "select", "协办单位", "Helper", True, ("", ""), options.helpers), _REASON),
    "route": (
        Input("unit", "select", "承办单位", "Who answers", True, ("", ""), options.units),
        Input("working_days", "number", "办理时限（工作日）", "Limit in working days", False, ("不填按目录", "As set")),
        Input("reason", "textarea", "派单说明", "About it", False),
    ),
    "reclassify": (Input("category", "select", "类别", "Category", True, ("", ""), options.categories), _REASON),
    "prioritize": (
        Input("urgency", "select", "紧急程度", "Urgency", True, ("", ""), options.urgencies),
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
            ("公开页面会注明", "Shown on the public page"), options.grounds,
        ),
        Input("reason", "textarea", "具体原因", "Why", True, ("仅工作人员可见", "For staff alone")),
    ),
}  # fmt: skip
"""The form of each command, by its name."""
AT_ONCE: Final = frozenset(name for name, inputs in FORMS.items() if not inputs)
"""Commands that a button gives at once, without a form."""
_USUAL: Final = (
    "accept", "accept-assistance", "grant-extension", "refuse-extension", "contact", "progress", "resolve",
    "report-assistance", "route", "reclassify", "request-extension", "request-assistance",
)  # fmt: skip
DANGEROUS: Final = frozenset(
    {"return", "decline", "refuse-extension", "unmerge", "end-assistance", "withdraw-publication"}
)
_CUT: Final = frozenset({"publish", "correct-publication"})
"""Forms in which an empty field means that the text is to be removed."""


def usual_commands(demand: Demand) -> Sequence[str]:
    """The usual next commands, the most usual first: a unit contacts the citizen before it answers."""
    if demand.contact is not None and demand.contacted_at is None:
        return _USUAL
    place, others = _USUAL.index("contact"), [name for name in _USUAL if name != "resolve"]
    return [*others[:place], "resolve", *others[place:]]


def initial(name: str, demand: Demand, publication: PublicationState) -> dict[str, str]:
    """The initial values of a form that corrects something: the present values; for a publication what is public, or
    what would be."""
    if name in _CUT:
        return {"title": publication.title, "text": publication.text, "answer": publication.answer}
    if name != "prioritize":
        return {}
    return {"urgency": demand.urgency, "vulnerable": "yes" if demand.vulnerable else ""}


def typed(name: str, form: FormData) -> dict[str, str]:
    """The typed values, by field, to show them again."""
    return {field.name: str(form.get(field.name) or "") for field in FORMS[name] if field.kind != "files"}


def errors_by_field(
    name: str, viewer: Viewer, errors: Mapping[str, str], typed_before: Mapping[str, str]
) -> dict[str, str]:
    """The errors by field, in the order of the form: each sentence names its field."""
    of_fields: dict[str, str] = {}
    for place, words in errors.items():
        of_fields.setdefault(place.partition(".")[0], words)
    return {
        field.name: _error(field, viewer, of_fields[field.name], typed_before.get(field.name, ""))
        for field in FORMS[name]
        if field.name in of_fields
    }


def _error(field: Input, viewer: Viewer, words: str, typed_before: str) -> str:
    label = viewer.say(field.zh, field.en)
    if field.kind == "files" or typed_before.strip():
        return viewer.say(f"{label}：{words}", f"{label}: {words}")
    if field.kind == "select":
        return viewer.say(f"请选择“{label}”", f"Choose: {label}")
    return viewer.say(f"请填写“{label}”", f"Fill in: {label}")


def takes_files(name: str) -> bool:
    """Whether files may be sent with this command."""
    return any(field.kind == "files" for field in FORMS[name])


def fields(name: str, form: FormData, files: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of the command from the typed values, with the references of its files; empty fields are left out."""
    values: dict[str, Any] = {FIELD: list(files)} if files else {}
    for field in FORMS[name]:
        text = str(form.get(field.name) or "").strip()
        if field.kind == "yes":
            values[field.name] = bool(text)
        elif field.kind == "lines":
            values[field.name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif field.kind == "files":
            continue  # they go to intake
        elif field.name == "units":
            values[field.name] = [text] if text else []
        elif text or (field.name in form and name in _CUT):
            values[field.name] = text
    return values


@cache
def _properties(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The JSON Schema of each field of a command; for a field that may be null, the schema of its value."""
    properties = COMMANDS[name].model_json_schema()["properties"]
    return {field: next(iter(schema.get("anyOf", [])), schema) for field, schema in properties.items()}


def bounds(name: str, field: str) -> dict[str, Any]:
    """The limits that the browser checks before sending: those of the command's field."""
    schema = _properties(name).get(field, {})
    attributes = {"maxlength": schema.get("maxLength"), "min": schema.get("minimum"), "max": schema.get("maximum")}
    return {attribute: value for attribute, value in attributes.items() if value is not None}


def form_fields(name: str, viewer: Viewer, demand: Demand) -> list[dict[str, Any]]:
    """The fields as the template needs them."""
    return [
        {
            "name": field.name,
            "kind": field.kind,
            "label": viewer.say(field.zh, field.en),
            "hint": viewer.say(*field.hint),
            "required": field.required,
            "bounds": bounds(name, field.name),
            "options": field.options(viewer, demand) if field.options else [],
        }
        for field in FORMS[name]
        if field.name != "not_contacted" or demand.contacted_at is None
    ]
