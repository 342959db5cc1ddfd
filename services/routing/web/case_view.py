"""Makes the parts of a case's page: facts about it, due times, helpers, clock, and possible commands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.routing.cases.clock import Held
from services.routing.cases.reading import Case, Related
from services.routing.web import command_forms
from services.routing.web.case_words import rule_words
from services.routing.web.intake_reader import Revealed
from services.routing.web.showing import attachments_of, file_links, when
from services.routing.web.viewer import Viewer
from services.routing.web.words import HOLDERS, HOPS, KINDS, LEVELS, PERSONAL
from shared.identity.rights import COMMANDS
from shared.web.parts import CommandButton, Link, SummaryRow

MINUTE, HOUR, DAY = 60, 3600, 86_400


def about(viewer: Viewer, case: Case) -> list[SummaryRow]:
    """The place, category and unit of the case, and why it is there."""
    demand = case.demand
    point = f"{case.location.lat:.4f}, {case.location.lon:.4f}" if case.location else ""
    team = viewer.pack.team_of(demand.division)
    rows = [
        (viewer.say("地点", "Place"), viewer.place_name(demand.division)),
        (viewer.say("坐标", "Coordinates"), point),
        (viewer.say("来源编号", "Number at its source"), demand.external_id or ""),
        (viewer.say("类别", "Category"), viewer.category_name(demand.category)),
        (viewer.say("类型", "Kind"), viewer.say(*KINDS[demand.kind])),
        (viewer.say("承办单位", "Unit"), viewer.unit_name(demand.unit)),
        (viewer.say("经办人", "Handler"), viewer.unit_name(demand.handler)),
        (viewer.say("驻点团队", "Stationed team"), team.name if team else ""),
        (viewer.say("为什么派到这里", "Why it is here"), rule_words(demand.rule or "", viewer)),
        (viewer.say("并入", "Merged into"), demand.parent_number or ""),
    ]
    return [SummaryRow(label, words) for label, words in rows if words]


def references(case: Case) -> list[str]:
    """The references of the files of the demand and of those that citizens and units added since."""
    later = (reference for entry in case.timeline for reference in attachments_of(entry))
    return list(dict.fromkeys((*case.attachments, *later)))


def files(viewer: Viewer, case: Case) -> list[Link]:
    """A link to each file of the demand; files that were added since stand in the timeline."""
    return file_links(viewer, case, case.attachments)


def times(viewer: Viewer, case: Case, now: datetime) -> list[SummaryRow]:
    """The due times, and when each stage was done."""
    demand = case.demand
    reasons = {reason.code: str(getattr(reason.name, viewer.lang)) for reason in viewer.pack.handling.pause.reasons}
    rows = [
        (viewer.say("提出", "Raised"), demand.submitted_at),
        (viewer.say("签收期限", "To be signed for by"), demand.sign_due_at if not demand.accepted_at else None),
        (viewer.say("签收", "Signed for"), demand.accepted_at),
        (viewer.say("联系期限", "To be contacted by"), demand.contact_due_at if not demand.contacted_at else None),
        (viewer.say("首次联系", "First contact"), demand.contacted_at),
        (viewer.say("办结期限", "Answer due by"), demand.due_at),
        (viewer.say("申请延至", "Asked for until"), demand.extension.due_at if demand.extension else None),
        (viewer.say("暂停自", "Paused since"), demand.paused_at),
        (viewer.say("自动恢复", "Runs again"), demand.paused_until),
    ]
    shown = [SummaryRow(label, when(at, viewer, now)) for label, at in rows if at]
    if demand.pause_reason:
        words = reasons.get(demand.pause_reason) or viewer.say("已挂账", "listed")
        shown.append(SummaryRow(viewer.say("暂停原因", "Why paused"), words))
    return shown


def verdicts(viewer: Viewer, case: Case) -> list[SummaryRow]:
    """The first and the last verdict of the citizen (首次评价, 最终评价)."""
    demand = case.demand
    if demand.first_solved is None and demand.solved is None:
        return []
    rows = [(viewer.say("首次评价", "First verdict"), _verdict(demand.first_rating, demand.first_solved, viewer))]
    if demand.solved is not None:
        rows.append((viewer.say("最近评价", "Last verdict"), _verdict(demand.rating, demand.solved, viewer)))
    return [SummaryRow(label, words) for label, words in rows if words]


def _verdict(rating: int | None, solved: bool | None, viewer: Viewer) -> str:
    if solved is None:
        return ""
    known = viewer.say("已解决", "solved") if solved else viewer.say("未解决", "not solved")
    words = dict(LEVELS).get(str(rating))
    return f"{viewer.say(*words)} · {known}" if words else known


def helpers(viewer: Viewer, case: Case, now: datetime) -> list[SummaryRow]:
    """The progress of each assisting unit."""
    parts = {part.unit: part for part in case.demand.assistance}
    shown = []
    for unit in case.demand.assisting:
        part = parts.get(unit)
        if part and part.reported_at:
            words = viewer.say("已反馈 ", "reported ") + when(part.reported_at, viewer, now)
        elif part and part.accepted_at:
            words = viewer.say("已签收 ", "signed for ") + when(part.accepted_at, viewer, now)
        else:
            words = viewer.say("未签收", "not signed for")
        shown.append(SummaryRow(viewer.unit_name(unit), words))
    return shown


def clock(viewer: Viewer, case: Case, now: datetime) -> list[SummaryRow]:
    """Whose clock runs now, and how long each holder had the demand."""
    if case.clock is None:
        return []
    rows = [SummaryRow(_holder(hop, viewer), _spent(hop, viewer)) for hop in case.clock.held]
    running = case.clock.running
    if running is not None:
        label = viewer.say("现在", "Now")
        words = viewer.unit_name(running.unit) or viewer.say(*HOLDERS[running.holder])
        rows.insert(0, SummaryRow(label, f"{words} · {viewer.say(*HOPS[running.hop])}"))
    return rows


def _holder(held: Held, viewer: Viewer) -> str:
    return viewer.unit_name(held.unit) or viewer.say(*HOLDERS[held.holder])


def _spent(held: Held, viewer: Viewer) -> str:
    words = length(held.seconds, viewer)
    if held.paused_seconds:
        words += viewer.say(
            f"，另暂停{length(held.paused_seconds, viewer)}", f", paused {length(held.paused_seconds, viewer)}"
        )
    return words


def length(seconds: int, viewer: Viewer) -> str:
    """A duration in its two largest units."""
    if seconds < HOUR:
        minutes = max(1, seconds // MINUTE)
        return viewer.say(f"{minutes}分钟", f"{minutes} min")
    if seconds < DAY:
        hours, rest = divmod(seconds, HOUR)
        return viewer.say(f"{hours}小时{rest // MINUTE}分钟", f"{hours} h {rest // MINUTE} min")
    days, rest = divmod(seconds, DAY)
    return viewer.say(f"{days}天{rest // HOUR}小时", f"{days} d {rest // HOUR} h")


def tools(viewer: Viewer, case: Case, back: str, may_reveal: bool) -> list[Link]:
    """The links that every case has: the contact of the citizen, merging, and the printed order."""
    number, offered = case.demand.number, []
    if may_reveal:
        offered.append(Link("#contact", viewer.say("查看联系方式", "How to call the citizen")))
    if "merge" in case.commands:
        offered.append(Link(viewer.case_href(number, "merge", back), viewer.say("并单", "Merge")))
    offered.append(Link(viewer.case_href(number, "sheet", back), viewer.say("打印、导出", "Print or export")))
    return offered


def commands(viewer: Viewer, case: Case, back: str) -> list[CommandButton]:
    """The commands that may be given now; the usual ones come first, and the first of them is highlighted."""
    names = [name for name in case.commands if name in command_forms.FORMS]
    usual = [name for name in command_forms.usual_commands(case.demand) if name in names]
    primary = usual[0] if usual else None
    rest = [name for name in names if name not in usual]
    ordered = [*usual, *sorted(rest, key=lambda name: name in command_forms.DANGEROUS)]
    number = case.demand.number
    hidden = {"seen": str(case.demand.version), "key": str(uuid4()), "entries": str(len(case.timeline))}
    return [
        CommandButton(
            words=viewer.say(COMMANDS[name].zh, capital(COMMANDS[name].en)),
            href="" if name in command_forms.AT_ONCE else viewer.case_href(number, name, back),
            action=viewer.case_href(number, name, back),
            fields=hidden,
            primary=name == primary,
            danger=name in command_forms.DANGEROUS,
        )
        for name in ordered
    ]


def capital(words: str) -> str:
    """The text with a capital letter, as a heading."""
    return words[:1].upper() + words[1:]


def related(related_case: Related, viewer: Viewer, back: str) -> dict[str, Any]:
    """Another case, with a link to it."""
    href = viewer.case_href(related_case.number, back=back)
    return {"href": href, "number": related_case.number, "title": related_case.title, "status": related_case.status}


def similar(viewer: Viewer, case: Case, back: str) -> list[Mapping[str, Any]]:
    """Open cases of the same matter in the same place, each with the way to merge this one into it."""
    may_merge = "merge" in case.commands
    return [
        related(one, viewer, back)
        | {"merge": viewer.case_href(case.demand.number, "merge", back, into=one.number) if may_merge else ""}
        for one in case.similar
    ]


def contact_shown(viewer: Viewer, revealed: Revealed, back: str) -> dict[str, Any]:
    """What the contact card shows of a citizen; the other demands lead back to `back`."""
    return {
        "personal": {viewer.say(*PERSONAL.get(name, (name, name))): value for name, value in revealed.named.items()},
        "earlier": [Link(viewer.case_href(number, back=back), number) for number in revealed.earlier],
    }
