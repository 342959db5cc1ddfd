"""Says above the form of a command what the rules allow for this case, so that nobody finds out by a refusal."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from services.routing.cases.decisions.timing import decider_of, longest_extension, may_pause_for
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.contracts.demand.state import Demand

Rules = Callable[[Viewer, Demand, datetime], list[str]]


def rules_of(name: str, viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    """The sentences above the form of the command `name`; none for most commands."""
    return _RULES[name](viewer, demand, now) if name in _RULES else []


def _due(viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    due = when(demand.due_at, viewer, now)
    return [viewer.say(f"现在的办结期限：{due}", f"Due now: {due}")] if due else []


def _longest(viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    most, times = longest_extension(demand, viewer.pack), viewer.pack.max_extensions
    lines = _due(viewer, demand, now)
    if most is not None:
        lines.append(viewer.say(f"一次最多延长 {most} 个工作日", f"At most {most} working days at a time"))
    left = times - demand.extensions
    lines.append(viewer.say(f"还可延期 {left} 次（共 {times} 次）", f"Extensions left: {left} of {times}"))
    return lines


def _asking(viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    decider = viewer.unit_name(decider_of(demand, viewer.pack))
    decides = viewer.say(f"由{decider}审批，批准前期限不变", f"Decided by {decider}; until then the due time stays")
    return [*_longest(viewer, demand, now), decides]


def _asked(viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    request = demand.extension
    if request is None:
        return []
    until, days = when(request.due_at, viewer, now), request.working_days
    asked = viewer.say(
        f"{request.by}申请延长 {days} 个工作日，到 {until}", f"{request.by} asks for {days} working days, until {until}"
    )
    reason = viewer.say(f"申请理由：{request.reason}", f"The reason: {request.reason}")
    return [asked, reason, *_due(viewer, demand, now)]


def _pausing(viewer: Viewer, demand: Demand, now: datetime) -> list[str]:
    above = [
        str(getattr(reason.name, viewer.lang))
        for reason in viewer.pack.handling.pause.reasons
        if not may_pause_for(reason, viewer.person, demand, viewer.pack)
    ]
    if not above:
        return _due(viewer, demand, now)
    reasons, unit = viewer.say("、", ", ").join(above), viewer.unit_name(decider_of(demand, viewer.pack))
    asks = viewer.say(
        f"“{reasons}”由{unit}决定，请联系上级单位办理", f"For “{reasons}” ask {unit}, which decides on it"
    )
    return [*_due(viewer, demand, now), asks]


_RULES: Final[Mapping[str, Rules]] = {
    "request-extension": _asking,
    "extend": _longest,
    "grant-extension": _asked,
    "refuse-extension": _asked,
    "pause": _pausing,
    "resolve": _due,
}
