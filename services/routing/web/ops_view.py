"""Makes the values of the page of operations from the reports of the services; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.chassis.base.findings import Finding, Severity, Words, duration_words, worst_first
from shared.chassis.process.doctor_checks import RegisteredProcess
from shared.chassis.process.service_checks import ServiceReport, merged

EVERY: Final = 20
"""The page reloads after so many seconds."""
PLACES: Final[Mapping[str, tuple[str, Words]]] = {
    "messages": ("/desk/messages", Words("Open the messages", "打开消息列表")),
    "triage": ("/desk/triage", Words("Open the triage", "打开待派单")),
    "overdue": ("/desk/overview", Words("Open the overview", "打开总览")),
    "dead-letters": ("/ops/dead-letters", Words("Open the dead letters", "打开死信列表")),
    "catalogues": ("/desk/catalogue", Words("Open the catalogue", "打开派单目录")),
}
"""The page about the subject of a check, if there is one."""
_COUNTS: Final[Mapping[Severity, tuple[str, str]]] = {
    Severity.BROKEN: ("项故障", "broken"),
    Severity.WARNING: ("项需注意", "to look at"),
    Severity.NOT_LOOKED_AT: ("项未能检查", "not checked"),
}
_TAGS: Final[Mapping[Severity, tuple[str, str]]] = {
    Severity.BROKEN: ("故障", "broken"),
    Severity.WARNING: ("注意", "look at it"),
    Severity.NOT_LOOKED_AT: ("未检查", "not checked"),
}
_TONES: Final = {Severity.BROKEN: "overdue", Severity.WARNING: "soon", Severity.NOT_LOOKED_AT: "paused"}


def operations(reports: Sequence[ServiceReport], viewer: Viewer, at: datetime) -> dict[str, Any]:
    """The values of the page."""
    findings = worst_first(merged(finding for report in reports for finding in report.findings))
    wrong = [finding for finding in findings if finding.severity is not Severity.OK]
    processes = {process.full_name: process for report in reports for process in report.processes}
    return {
        "headline": _headline(wrong, viewer),
        "tone": "wrong" if any(one.severity is Severity.BROKEN for one in wrong) else "warning" if wrong else "good",
        "wrong": [_shown(finding, viewer) for finding in wrong],
        "well": [_line(finding, viewer) for finding in findings if finding.severity is Severity.OK],
        "processes": [_process(process, viewer, at) for process in _silent_first(processes.values())],
        "updated": f"{at.astimezone(viewer.zone):%H:%M:%S}",
        "every": EVERY,
    }


def _headline(wrong: Sequence[Finding], viewer: Viewer) -> str:
    if not wrong:
        return viewer.say("一切正常", "All is well")
    counts = {severity: sum(finding.severity is severity for finding in wrong) for severity in _COUNTS}
    parts = [f"{count:,} {viewer.say(*_COUNTS[severity])}" for severity, count in counts.items() if count]
    return viewer.say("，", ", ").join(parts)


def _shown(finding: Finding, viewer: Viewer) -> dict[str, Any]:
    place, words = PLACES.get(finding.check, ("", Words("", "")))
    return {
        "tag": viewer.say(*_TAGS[finding.severity]),
        "tone": _TONES[finding.severity],
        "what": _in(finding.what, viewer),
        "wrong": _in(finding.wrong, viewer),
        "step": _in(finding.step, viewer),
        "href": viewer.to(place, **_whose(finding)) if place else "",
        "link": _in(words, viewer),
    }


def _whose(finding: Finding) -> dict[str, str]:
    """Dead letters are shown service by service."""
    return {"service": finding.what.en} if finding.check == "dead-letters" else {}


def _line(finding: Finding, viewer: Viewer) -> str:
    return finding.in_chinese() if viewer.lang == "zh" else str(finding)


def _in(words: Words, viewer: Viewer) -> str:
    return viewer.say(words.zh, words.en)


def _silent_first(processes: Iterable[RegisteredProcess]) -> list[RegisteredProcess]:
    return sorted(processes, key=lambda process: (not process.is_silent, process.name, process.instance))


def _process(process: RegisteredProcess, viewer: Viewer, at: datetime) -> dict[str, Any]:
    tone, state = _state(process, viewer)
    standing = process.standing_seconds or 0
    return {
        "name": process.name,
        "instance": process.place,
        "tone": tone,
        "state": state,
        "seen": viewer.say(f"{process.seen_seconds:.0f} 秒前", f"{process.seen_seconds:.0f} s ago"),
        "lag": "—" if process.lag is None else f"{process.lag:,}",
        "standing": _in(duration_words(standing), viewer) if process.lag and standing else "—",
        "version": process.version,
        "since": when(process.started_at, viewer, at),
    }


def _state(process: RegisteredProcess, viewer: Viewer) -> tuple[str, str]:
    if process.is_silent:
        return "overdue", viewer.say("没有消息", "silent")
    if process.not_alive:
        return "overdue", viewer.say("已卡住", "stuck")
    if process.not_ready:
        return "soon", viewer.say("未就绪", "not ready")
    return "done", viewer.say("正常", "well")
