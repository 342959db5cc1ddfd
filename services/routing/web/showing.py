"""Makes the values of cases on pages: rows, groups by due time, timeline entries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from services.routing.cases.commands_api import CommandOutcome
from services.routing.cases.reading import Case
from services.routing.cases.timeline import TimelineEntry
from services.routing.cases.worklists import CaseSummary
from services.routing.web.case_words import preset_words, rule_words, triage_words
from services.routing.web.timeline_words import ENTRY_WORDS, LISTED_FIELDS
from services.routing.web.viewer import Viewer
from services.routing.web.words import EVIDENCE_KINDS, PERSONAL, STAGES
from shared.contracts.demand.facts import DemandPaused, EvidenceKind, Urgency
from shared.contracts.demand.state import OWED, Demand
from shared.web.due_words import DueKind, DueWords, due_words
from shared.web.parts import Entry, Link, Mark, RowGroup

GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "first": ("重点对象和特急", "Needs protection, or in great danger"),
    DueKind.OVERDUE: ("逾期", "Overdue"),
    DueKind.SOON: ("今明两天到期", "Due today and tomorrow"),
    DueKind.WEEK: ("本周到期", "Due this week"),
    DueKind.LATER: ("以后到期", "Due later"),
    DueKind.PAUSED: ("暂停计时", "Clock paused"),
    "none": ("没有期限", "No due time"),
}


def due_of(demand: Demand, viewer: Viewer, now: datetime) -> DueWords | None:
    """The time that a case has left; None if no answer is owed, or if no due time is set."""
    if demand.status not in OWED or (demand.due_at is None and demand.paused_at is None):
        return None
    between = viewer.pack.due_times.working_days_after
    due_at = demand.due_at or now
    return due_words(due_at, now, viewer.zone, between, paused=demand.paused_at is not None)


def row(case: CaseSummary, viewer: Viewer, now: datetime, back: str) -> dict[str, Any]:
    """The row of a case in the list whose URL is `back`."""
    return {
        "number": case.number,
        "href": viewer.case_href(case.number, back=back),
        "title": case.title or viewer.say("（无标题）", "(no title)"),
        "place": f"{viewer.place_name(case.division)} · {viewer.category_name(case.category)}",
        "marks": marks(case, viewer),
        "due": due_of(case, viewer, now),
        "status": case.status,
        "handler": viewer.unit_name(case.handler),
        "unit": viewer.unit_name(case.unit),
        "updated": when(case.updated_at, viewer, now),
        "signable": case.status == "routed" and case.unit == viewer.person.unit,
    }


def marks(case: CaseSummary, viewer: Viewer) -> list[Mark]:
    """The marks of a case that need attention, in few words."""
    urgency, from_citizen, past = _urgency(case, viewer), [], _past(case, viewer)
    if case.urges:
        from_citizen.append(viewer.say(f"催办{case.urges}次", f"urged {case.urges} times"))
    if case.has_new_words:
        from_citizen.append(viewer.say("群众有补充", "the citizen added"))
    if case.extension:
        past.append(viewer.say("申请延期中", "extension asked"))
    return [Mark(word) for word in (*urgency, *_own_part(case, viewer), *from_citizen, *past)]


def _own_part(case: CaseSummary, viewer: Viewer) -> list[str]:
    """What the viewer's unit still has to do as a helper."""
    unit = viewer.person.unit
    if unit not in case.assisting:
        return []
    part = next((part for part in case.assistance if part.unit == unit), None)
    if part and part.reported_at:
        return [viewer.say("协办已反馈", "your part: reported")]
    if part and part.accepted_at:
        return [viewer.say("协办待反馈", "your part: to be reported")]
    return [viewer.say("协办待签收", "your part: to be signed for")]


def marks_of(demand: Demand, viewer: Viewer) -> list[Mark]:
    """The marks that do not depend on the person: danger, people who need protection, how often it came back."""
    return [Mark(word) for word in (*_urgency(demand, viewer), *_past(demand, viewer))]


def _urgency(demand: Demand, viewer: Viewer) -> list[str]:
    words = []
    if demand.urgency is Urgency.CRITICAL:
        words.append(viewer.say("特急", "critical"))
    elif demand.urgency is Urgency.URGENT:
        words.append(viewer.say("紧急", "urgent"))
    if demand.vulnerable:
        words.append(viewer.say("重点对象", "needs protection"))
    return words


def _past(demand: Demand, viewer: Viewer) -> list[str]:
    words = []
    if demand.reopenings:
        words.append(viewer.say(f"第{demand.reopenings + 1}次办理", f"reopened {demand.reopenings} times"))
    if demand.returns:
        words.append(viewer.say(f"退单{demand.returns}次", f"returned {demand.returns} times"))
    return words


def outcome(outcome_of_case: CommandOutcome, viewer: Viewer, done: str, back: str) -> dict[str, Any]:
    """The outcome of a command for one of many cases; `done` says that it succeeded."""
    words = (
        done
        if outcome_of_case.refused is None
        else viewer.say(outcome_of_case.detail or "", outcome_of_case.detail_en or "")
    )
    href = viewer.case_href(outcome_of_case.number, back=back)
    return {"number": outcome_of_case.number, "href": href, "done": outcome_of_case.refused is None, "words": words}


def groups(cases: Sequence[CaseSummary], viewer: Viewer, now: datetime, back: str) -> list[RowGroup]:
    """Rows grouped by urgency of their due times, in the order of the list."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        shown = row(case, viewer, now, back)
        first = case.vulnerable or case.urgency is Urgency.CRITICAL
        group = "first" if first else (shown["due"].kind if shown["due"] else "none")
        groups.setdefault(group, []).append(shown)
    titles = {name: viewer.say(*words) for name, words in GROUPS.items()}
    return [RowGroup(rows, titles[name]) for name, rows in groups.items()]


def minute(at: datetime | None, viewer: Viewer) -> str:
    """A moment as a table or a paper has it: 2026-11-29 10:28."""
    return at.astimezone(viewer.zone).strftime("%Y-%m-%d %H:%M") if at else ""


def when(at: datetime | None, viewer: Viewer, now: datetime) -> str:
    """A moment in the words of a page: 今天 08:12, 11月29日 10:28."""
    if at is None:
        return ""
    local, here = at.astimezone(viewer.zone), now.astimezone(viewer.zone)
    days = (here.date() - local.date()).days
    if days == 0:
        return viewer.say(f"今天 {local:%H:%M}", f"today {local:%H:%M}")
    if days == 1:
        return viewer.say(f"昨天 {local:%H:%M}", f"yesterday {local:%H:%M}")
    if local.year == here.year:
        return viewer.say(f"{local.month}月{local.day}日 {local:%H:%M}", f"{local.day} {local:%b} {local:%H:%M}")
    return viewer.say(
        f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}",
        f"{local.day} {local:%b} {local.year} {local:%H:%M}",
    )


def entries(case: Case, viewer: Viewer, now: datetime) -> list[Entry]:
    """The entries of the timeline, newest first."""
    return [
        replace(entry(event, viewer, now), files=file_links(viewer, case, attachments_of(event)))
        for event in reversed(case.timeline)
    ]


def attachments_of(event: TimelineEntry) -> Sequence[str]:
    """The references of the files of an entry."""
    named = event.data.get("attachments")
    return [str(reference) for reference in named] if isinstance(named, list) else []


def file_links(viewer: Viewer, case: Case, references: Sequence[str]) -> list[Link]:
    """A link to each of these files of a case."""
    path = f"/desk/cases/{case.demand.number}/files"
    return [
        Link(f"{path}/{reference}", viewer.say(f"附件 {n}", f"File {n}"))
        for n, reference in enumerate(references, start=1)
    ]


def entry(event: TimelineEntry, viewer: Viewer, now: datetime) -> Entry:
    """One entry: who did what and when, and every text that belongs to it."""
    zh, en = ENTRY_WORDS.get(event.type, (event.type, event.type))
    who = [viewer.unit_name(str(event.data.get(name) or "")) for name in ("by", "unit")]
    due = event.data.get("due_at")
    until = ""
    if isinstance(due, str):
        until = viewer.say("期限：", "Due: ") + when(datetime.fromisoformat(due), viewer, now)
    return Entry(
        when=when(event.at, viewer, now),
        iso=event.at.isoformat(),
        who=" · ".join(filter(None, who)),
        what=viewer.say(zh, en),
        words="\n".join(_words(event, viewer)),
        until=until,
        strong=event.by != "routing",
    )


def _words(event: TimelineEntry, viewer: Viewer) -> Sequence[str]:
    lines = []
    for name, (zh, en) in LISTED_FIELDS.items():
        value = event.data.get(name)
        if value in (None, "", [], ()):
            continue
        label = viewer.say(zh, en)
        is_pause = name == "reason" and event.type == DemandPaused.type
        text = viewer.pause_name(str(value)) if is_pause else _text(name, value, viewer)
        lines.append(f"{label}{viewer.say('：', ': ')}{text}" if label else text)
    return lines


_NAMED: Final[Mapping[str, Callable[[str, Viewer], str]]] = {
    "rule": rule_words,
    "limit_source": preset_words,
    "reason": triage_words,
    "not_reached": lambda reason, viewer: viewer.not_reached_name(reason),
    "stage": lambda stage, viewer: viewer.say(*STAGES.get(stage, (stage, stage))),
}


_LISTS: Final[Mapping[str, Callable[[str, Viewer], str]]] = {
    **dict.fromkeys(("assisting", "units", "suggestions"), lambda unit, viewer: viewer.unit_name(unit)),
    "tags": lambda tag, viewer: viewer.tag_name(tag),
}


def _text(name: str, value: Any, viewer: Viewer) -> str:
    if name in ("suggested_unit", "to", "decider"):
        return viewer.unit_name(str(value))
    if name in _LISTS:
        return "、".join(_LISTS[name](str(item), viewer) for item in value)
    if name in _NAMED:
        return _NAMED[name](str(value), viewer)
    if name == "category":
        return viewer.category_name(str(value))
    if name == "kind":
        return viewer.say(*EVIDENCE_KINDS[EvidenceKind(value)])
    if name == "level":
        return viewer.list_name(str(value))
    if name == "fields":
        return "、".join(viewer.say(*PERSONAL.get(str(field), (str(field), str(field)))) for field in value)
    if isinstance(value, bool):
        return viewer.say("是" if value else "否", "yes" if value else "no")
    if isinstance(value, list):
        return "、".join(str(item) for item in value)
    return str(value)
