"""Versions of the catalogue as pages show them: their stand, what differs, what a rehearsal found, what may be done."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.catalogue.differences import Change, Difference, differences
from services.routing.catalogue.domain import Action, State
from services.routing.catalogue.permissions import EDIT, PUBLISH, has_right
from services.routing.catalogue.reading import read_sheet
from services.routing.catalogue.rehearsal import TRIAGE, Load, Rehearsal
from services.routing.catalogue.view import (
    CatalogueAction,
    CatalogueFinding,
    CatalogueList,
    CatalogueSummary,
    CatalogueVersion,
)
from services.routing.web.case_words import preset_words
from services.routing.web.catalogue_words import ACTIONS, STATES, match_words, sent_words, unit_words
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Refused
from shared.jurisdiction.parts import Rule
from shared.web.parts import Command, Entry

_CHANGES: Final[Mapping[Change, tuple[str, str]]] = {
    Change.ADDED: ("新增", "Added"),
    Change.REMOVED: ("删除", "Removed"),
    Change.CHANGED: ("修改", "Changed"),
    Change.MOVED: ("换位", "Moved"),
}
ONCE_IN_FORCE: Final = frozenset({State.SUPERSEDED, State.ROLLED_BACK})


def address(viewer: Viewer, version: str, step: str = "") -> str:
    """The page of a version, or of what may be done with it."""
    return viewer.to(f"/desk/catalogue/{version}{f'/{step}' if step else ''}")


def rules_of(content: str) -> tuple[Rule, ...]:
    """The rules of a version; none where an earlier release kept what can no longer be read."""
    try:
        return read_sheet(content).part.rules
    except Refused:
        return ()


def usual_limits(content: str) -> str | None:
    """The preset of every rule that names none."""
    try:
        return read_sheet(content).part.limits
    except Refused:
        return None


def summary(one: CatalogueSummary, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """A version as a row."""
    zh, en, tone = STATES[one.state]
    return {
        "version": one.version,
        "href": address(viewer, one.version),
        "state": viewer.say(zh, en),
        "tone": tone,
        "note": one.note or (viewer.say("辖区包自带的目录", "the pack's own file") if one.origin == "file" else ""),
        "made_by": viewer.say("随辖区包提供", "with the pack") if one.origin == "file" else one.made_by,
        "made_at": when(one.made_at, viewer, now),
        "since": when(one.in_force_from, viewer, now),
        "findings": _counted(one, viewer),
    }


def _counted(one: CatalogueSummary, viewer: Viewer) -> str:
    if one.errors is None or one.warnings is None:
        return viewer.say("未检查", "not checked") if one.origin != "file" else ""
    return viewer.say(f"错误 {one.errors}，提醒 {one.warnings}", f"{one.errors} errors, {one.warnings} warnings")


def put_into_force(version: str, actions: Iterable[CatalogueAction], viewer: Viewer) -> str:
    """Who put a version into force last; empty of the pack's own file."""
    steps = (Action.PUBLISHED, Action.ROLLED_BACK_TO)
    done = next((one for one in actions if one.version == version and one.action in steps), None)
    return f"{done.name} · {viewer.unit_name(done.unit)}" if done else ""


def history(actions: Iterable[CatalogueAction], viewer: Viewer, now: datetime, named: bool = True) -> list[Entry]:
    """Who did what, the latest first; `named`: with the version."""
    entries = []
    for one in actions:
        what = viewer.say(*ACTIONS[one.action])
        since = when(one.in_force_from, viewer, now)
        entries.append(
            Entry(
                when=when(one.at, viewer, now),
                iso=one.at.isoformat(),
                what=f"{what} {one.version}" if named else what,
                who=f"{one.name} · {viewer.unit_name(one.unit)}",
                words=one.reason,
                until=viewer.say(f"生效时间：{since}", f"in force from {since}") if since else "",
                strong=one.action in (Action.PUBLISHED, Action.ROLLED_BACK_TO),
            )
        )
    return entries


def rules(content: str, viewer: Viewer) -> list[dict[str, str]]:
    """Every rule in words."""
    return [
        {"id": rule.id, "match": match_words(rule.match, viewer), "sent": sent_words(rule, viewer)}
        for rule in rules_of(content)
    ]


def changes(before: str, after: str, viewer: Viewer) -> list[dict[str, Any]]:
    """What differs between two versions, rule by rule, in words."""
    found = differences(rules_of(before), rules_of(after))
    return [
        {"id": one.rule, "change": viewer.say(*_CHANGES[one.change]), "lines": _lines(one, viewer)} for one in found
    ]


def limits_changed(before: str, after: str, viewer: Viewer) -> str:
    """That the usual limits of two versions differ; empty where they are the same."""
    old, new = usual_limits(before), usual_limits(after)
    if old == new:
        return ""
    return viewer.say("常规时限：", "Usual limits: ") + viewer.say(" → 改为 ", " → now ").join(
        preset_words(one, viewer) if one else "—" for one in (old, new)
    )


def _lines(one: Difference, viewer: Viewer) -> list[str]:
    if one.before and one.after and one.change is Change.CHANGED:
        pairs = (
            (viewer.say("条件", "Asks"), match_words(one.before.match, viewer), match_words(one.after.match, viewer)),
            (viewer.say("派给", "Goes to"), sent_words(one.before, viewer), sent_words(one.after, viewer)),
        )
        arrow = viewer.say(" → 改为 ", " → now ")
        return [f"{label}{viewer.say('：', ': ')}{old}{arrow}{new}" for label, old, new in pairs if old != new]
    rule = one.after or one.before
    lines = [f"{match_words(rule.match, viewer)} → {sent_words(rule, viewer)}"] if rule else []
    if one.change in (Change.ADDED, Change.MOVED):
        place = (
            viewer.say(f"排在 {one.above} 之后", f"stands after {one.above}")
            if one.above
            else viewer.say("排在最前", "stands first")
        )
        lines.append(place)
    return lines


def finding(one: CatalogueFinding, viewer: Viewer) -> dict[str, Any]:
    """What a check found, in words."""
    return {"line": one.line, "words": viewer.say(one.message_zh or one.message, one.message), "tone": one.severity}


def rehearsal(found: Rehearsal, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """What a rehearsal found, in words."""
    zh = f"最近 {found.demands:,} 件诉求中，有 {found.elsewhere:,} 件会派到别的单位。"
    en = f"{found.elsewhere:,} of the latest {found.demands:,} would go elsewhere."
    late_zh = f"其中 {found.late:,} 件原来按时、改后会逾期。" if found.late else "没有诉求因此逾期。"
    late_en = f"{found.late:,} that were in time would have been late." if found.late else "None would have been late."
    oldest = when(found.oldest, viewer, now)
    return {
        "words": viewer.say(zh, en),
        "late_words": viewer.say(late_zh, late_en) if found.demands else "",
        "since": viewer.say(f"最早的一件：{oldest}", f"The oldest: {oldest}") if oldest else "",
        "examples": [
            {
                "number": one.number,
                "title": one.title,
                "href": viewer.to(f"/desk/cases/{one.number}"),
                "before": unit_words(one.unit_before, viewer),
                "after": unit_words(one.unit_after, viewer),
                "rules": f"{one.rule_before or '—'} → {one.rule_after or '—'}",
            }
            for one in found.examples
        ],
        "loads": [_load(one, viewer) for one in sorted(found.loads, key=lambda one: one.before - one.after)],
        "late": [
            {
                "number": one.number,
                "title": one.title,
                "href": viewer.to(f"/desk/cases/{one.number}"),
                "due": when(one.due_after, viewer, now),
                "ended": when(one.ended_at, viewer, now),
            }
            for one in found.late_examples
        ],
    }


def _load(one: Load, viewer: Viewer) -> dict[str, Any]:
    more = one.after - one.before
    percent = viewer.say("原来没有", "none before") if one.percent is None else f"{one.percent:+g} %"
    name = unit_words(one.unit, viewer) if one.unit == TRIAGE else one.name
    return {"name": name, "before": one.before, "after": one.after, "more": f"{more:+,}", "percent": percent}


def commands(one: CatalogueVersion, versions: CatalogueList, viewer: Viewer) -> list[Command]:
    """What this person may do with a version now; what stands out comes first."""
    found: list[Command] = []
    edits = has_right(viewer.person, viewer.pack, EDIT)
    publishes = has_right(viewer.person, viewer.pack, PUBLISH)
    fresh = one.rehearsed_on == versions.in_force

    def at(step: str) -> str:
        return address(viewer, one.version, step)

    if publishes and one.state is State.REHEARSED and fresh:
        found.append(Command(viewer.say("发布……", "Publish …"), href=at("publish"), primary=True))
    if edits and one.state in (State.CHECKED, State.REHEARSED):
        hint = viewer.say("用最近 10,000 件诉求比对，不影响诉求", "Compares the latest 10,000 demands; changes none")
        first = one.state is State.CHECKED or not fresh
        words = viewer.say("预演", "Rehearse") if one.rehearsal is None else viewer.say("重新预演", "Rehearse again")
        found.append(Command(words, action=at("rehearse"), hint=hint if first else "", primary=first))
    if edits and one.state is State.DRAFT and one.errors is None:
        found.append(Command(viewer.say("检查", "Check"), action=at("check"), primary=True))
    if publishes and one.state is State.SCHEDULED:
        found.append(Command(viewer.say("取消发布", "Cancel the publication"), action=at("cancel")))
    if publishes and one.state in ONCE_IN_FORCE:
        found.append(Command(viewer.say("恢复为现行……", "Put back into force …"), href=at("roll-back"), danger=True))
    if publishes and one.version == versions.in_force and versions.before:
        href = address(viewer, versions.before, "roll-back")
        found.append(Command(viewer.say("回滚到上一版本……", "Roll back …"), href=href, danger=True))
    if edits:
        href = viewer.to("/desk/catalogue/new", **{"from": one.version})
        found.append(Command(viewer.say("以此为底稿修改", "Change it as a new draft"), href=href))
    return found


def numbered(content: str, line: int) -> str:
    """A line of what was typed, counted from one."""
    lines: Sequence[str] = content.split("\n")
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
