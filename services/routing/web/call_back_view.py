"""Makes the values of the call-back pages: the case, the script, earlier tries, the form."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from services.routing.call_backs.domain import CallBackState, next_morning
from services.routing.call_backs.queries import CallBackCandidate
from services.routing.cases.reading import Case
from services.routing.web.showing import entry, marks_of, when
from services.routing.web.viewer import Viewer
from services.routing.web.words import LEVELS
from shared.contracts.demand import facts as f
from shared.web.due_words import due_words
from shared.web.parts import Entry, Mark

SOLVED: Final = (("true", ("已解决", "Solved")), ("false", ("未解决", "Not solved")))
FIELDS: Final = ("rating", "solved", "comment", "not_reached", "again_at", "note")
"""The text fields of the form, beside the tags."""
LATER_TODAY: Final = (timedelta(hours=1), timedelta(hours=3))


def row(waiting: CallBackCandidate, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """One row of the list."""
    demand, state = waiting.demand, waiting.state
    due = due_words(state.due_at, now, viewer.zone, viewer.pack.due_times.working_days_after) if state.due_at else None
    return {
        "number": demand.number,
        "href": viewer.to(f"/desk/call-backs/{demand.number}"),
        "title": demand.title or viewer.say("（无标题）", "(no title)"),
        "place": f"{viewer.place_name(demand.division)} · {viewer.category_name(demand.category)}",
        "unit": viewer.unit_name(demand.unit),
        "answered": when(demand.resolved_at, viewer, now),
        "due": due,
        "marks": [*marks_of(demand, viewer), *_tried(state, viewer)],
        "busy": busy(state, viewer, now),
    }


def _tried(state: CallBackState, viewer: Viewer) -> Sequence[Mark]:
    if not state.attempts:
        return ()
    reason = viewer.not_reached_name(state.not_reached)
    return [Mark(viewer.say(f"{state.attempts}次未接通：{reason}", f"not reached {state.attempts} times: {reason}"))]


def busy(state: CallBackState, viewer: Viewer, now: datetime) -> str:
    """Who calls this citizen now; empty if nobody else does."""
    if not state.held_by_other(viewer.person, now):
        return ""
    unit = viewer.unit_name(state.caller_unit)
    since = when(state.since, viewer, now)
    return viewer.say(f"{unit} {state.caller} {since} 起正在回访", f"{state.caller}, {unit}, calls since {since}")


def answer(case: Case) -> str:
    """The last answer to the citizen."""
    answers = [event.data.get("result") for event in case.timeline if event.type == f.DemandResolved.type]
    return str(answers[-1] or "") if answers else ""


def tries(case: Case, viewer: Viewer, now: datetime) -> Sequence[Entry]:
    """The failed calls, newest first."""
    failed_calls = [event for event in case.timeline if event.type == f.CallBackFailed.type]
    return [entry(event, viewer, now) for event in reversed(failed_calls)]


def form(viewer: Viewer, now: datetime, typed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The choices of the form, and what was typed."""
    rules, lang = viewer.pack.callback, viewer.lang
    return {
        "levels": [(value, viewer.say(*words)) for value, words in LEVELS],
        "solved": [(value, viewer.say(*words)) for value, words in SOLVED],
        "tags": [(tag.code, str(getattr(tag.name, lang))) for tag in rules.tags],
        "reasons": [
            ("", viewer.say("请选择", "Choose")),
            *((reason.code, str(getattr(reason.name, lang))) for reason in rules.not_reached),
        ],
        "next_calls": _again(viewer, now),
        "questions": [str(getattr(question, lang)) for question in rules.questions],
        "hours": rules.hours,
        "closed": not rules.is_open(now, viewer.zone),
        "tries_left": rules.tries,
        "typed": dict.fromkeys(FIELDS, "") | {"tags": []} | dict(typed or {}),
        "key": str(uuid4()),
    }


def _again(viewer: Viewer, now: datetime) -> list[tuple[str, str]]:
    """The choices of when to call again: the next working day, or later today within the calling hours."""
    morning = when(next_morning(now, viewer.pack), viewer, now)
    usual = viewer.say(f"下一个工作日（{morning}）", f"the next working day ({morning})")
    later = [at for span in LATER_TODAY if viewer.pack.callback.is_open(at := now + span, viewer.zone)]
    return [("", usual), *((at.isoformat(timespec="seconds"), when(at, viewer, now)) for at in later)]
