"""Makes the values of the catalogue's pages: states, rehearsals and possible actions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.catalogue.domain import Action, State
from services.routing.catalogue.permissions import EDIT, PUBLISH, has_right
from services.routing.catalogue.rehearsal import TRIAGE, Load, Rehearsal
from services.routing.catalogue.view import (
    CatalogueAction,
    CatalogueFinding,
    CatalogueList,
    CatalogueSummary,
    CatalogueVersion,
)
from services.routing.web.catalogue_words import ACTIONS, STATES, unit_words
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.web.parts import CommandButton, Entry

ONCE_IN_FORCE: Final = frozenset({State.SUPERSEDED, State.ROLLED_BACK})


def address(viewer: Viewer, version: str, step: str = "") -> str:
    """The URL of a version, or of an action on it."""
    return viewer.to(f"/desk/catalogue/{version}{f'/{step}' if step else ''}")


def summary(catalogue: CatalogueSummary, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """The row of a version."""
    zh, en, tone = STATES[catalogue.state]
    return {
        "version": catalogue.version,
        "href": address(viewer, catalogue.version),
        "state": viewer.say(zh, en),
        "tone": tone,
        "note": catalogue.note
        or (viewer.say("辖区包自带的目录", "the pack's own file") if catalogue.origin == "file" else ""),
        "made_by": viewer.say("随辖区包提供", "with the pack") if catalogue.origin == "file" else catalogue.made_by,
        "made_at": when(catalogue.made_at, viewer, now),
        "since": when(catalogue.in_force_from, viewer, now),
        "findings": _counted(catalogue, viewer),
    }


def _counted(catalogue: CatalogueSummary, viewer: Viewer) -> str:
    if catalogue.errors is None or catalogue.warnings is None:
        return viewer.say("未检查", "not checked") if catalogue.origin != "file" else ""
    return viewer.say(
        f"错误 {catalogue.errors}，提醒 {catalogue.warnings}",
        f"{catalogue.errors} errors, {catalogue.warnings} warnings",
    )


def put_into_force(version: str, actions: Iterable[CatalogueAction], viewer: Viewer) -> str:
    """Who last put a version into force; empty for the pack's own file."""
    steps = (Action.PUBLISHED, Action.ROLLED_BACK_TO)
    done = next((action for action in actions if action.version == version and action.action in steps), None)
    return f"{done.name} · {viewer.unit_name(done.unit)}" if done else ""


def history(actions: Iterable[CatalogueAction], viewer: Viewer, now: datetime, named: bool = True) -> list[Entry]:
    """The actions, the latest first; with `named` they name the version."""
    entries = []
    for action in actions:
        words = viewer.say(*ACTIONS[action.action])
        since = when(action.in_force_from, viewer, now)
        entries.append(
            Entry(
                when=when(action.at, viewer, now),
                iso=action.at.isoformat(),
                what=f"{words} {action.version}" if named else words,
                who=f"{action.name} · {viewer.unit_name(action.unit)}",
                words=action.reason,
                until=viewer.say(f"生效时间：{since}", f"in force from {since}") if since else "",
                strong=action.action in (Action.PUBLISHED, Action.ROLLED_BACK_TO),
            )
        )
    return entries


def finding(wrong: CatalogueFinding, viewer: Viewer) -> dict[str, Any]:
    """A finding of a check, in words."""
    return {
        "line": wrong.line,
        "words": viewer.say(wrong.message_zh or wrong.message, wrong.message),
        "tone": wrong.severity,
    }


def rehearsal(result: Rehearsal, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """The result of a rehearsal, in words."""
    zh = f"最近 {result.demands:,} 件诉求中，有 {result.elsewhere:,} 件会派到别的单位。"
    en = f"{result.elsewhere:,} of the latest {result.demands:,} would go elsewhere."
    late_zh = f"其中 {result.late:,} 件原来按时、改后会逾期。" if result.late else "没有诉求因此逾期。"
    late_en = (
        f"{result.late:,} that were in time would have been late." if result.late else "None would have been late."
    )
    oldest = when(result.oldest, viewer, now)
    return {
        "words": viewer.say(zh, en),
        "late_words": viewer.say(late_zh, late_en) if result.demands else "",
        "since": viewer.say(f"最早的一件：{oldest}", f"The oldest: {oldest}") if oldest else "",
        "examples": [
            {
                "number": demand.number,
                "title": demand.title,
                "href": viewer.to(f"/desk/cases/{demand.number}"),
                "before": unit_words(demand.unit_before, viewer),
                "after": unit_words(demand.unit_after, viewer),
                "rules": f"{demand.rule_before or '—'} → {demand.rule_after or '—'}",
            }
            for demand in result.examples
        ],
        "loads": [
            _load(demand, viewer) for demand in sorted(result.loads, key=lambda demand: demand.before - demand.after)
        ],
        "late": [
            {
                "number": demand.number,
                "title": demand.title,
                "href": viewer.to(f"/desk/cases/{demand.number}"),
                "due": when(demand.due_after, viewer, now),
                "ended": when(demand.ended_at, viewer, now),
            }
            for demand in result.late_examples
        ],
    }


def _load(load: Load, viewer: Viewer) -> dict[str, Any]:
    more = load.after - load.before
    percent = viewer.say("原来没有", "none before") if load.percent is None else f"{load.percent:+g} %"
    name = unit_words(load.unit, viewer) if load.unit == TRIAGE else load.name
    return {"name": name, "before": load.before, "after": load.after, "more": f"{more:+,}", "percent": percent}


def commands(catalogue: CatalogueVersion, versions: CatalogueList, viewer: Viewer) -> list[CommandButton]:
    """The actions that this person may take on a version now; the highlighted one comes first."""
    offered: list[CommandButton] = []
    edits = has_right(viewer.person, viewer.pack, EDIT)
    publishes = has_right(viewer.person, viewer.pack, PUBLISH)
    fresh = catalogue.rehearsed_on == versions.in_force

    def at(step: str) -> str:
        return address(viewer, catalogue.version, step)

    if publishes and catalogue.state is State.REHEARSED and fresh:
        offered.append(CommandButton(viewer.say("发布……", "Publish …"), href=at("publish"), primary=True))
    if edits and catalogue.state in (State.CHECKED, State.REHEARSED):
        hint = viewer.say("用最近 10,000 件诉求比对，不影响诉求", "Compares the latest 10,000 demands; changes none")
        first = catalogue.state is State.CHECKED or not fresh
        words = (
            viewer.say("预演", "Rehearse") if catalogue.rehearsal is None else viewer.say("重新预演", "Rehearse again")
        )
        offered.append(CommandButton(words, action=at("rehearse"), hint=hint if first else "", primary=first))
    if edits and catalogue.state is State.DRAFT and catalogue.errors is None:
        offered.append(CommandButton(viewer.say("检查", "Check"), action=at("check"), primary=True))
    if publishes and catalogue.state is State.SCHEDULED:
        offered.append(CommandButton(viewer.say("取消发布", "Cancel the publication"), action=at("cancel")))
    if publishes and catalogue.state in ONCE_IN_FORCE:
        offered.append(
            CommandButton(viewer.say("恢复为现行……", "Put back into force …"), href=at("roll-back"), danger=True)
        )
    if publishes and catalogue.version == versions.in_force and versions.before:
        href = address(viewer, versions.before, "roll-back")
        offered.append(CommandButton(viewer.say("回滚到上一版本……", "Roll back …"), href=href, danger=True))
    if edits:
        href = viewer.to("/desk/catalogue/new", **{"from": catalogue.version})
        offered.append(CommandButton(viewer.say("以此为底稿修改", "Change it as a new draft"), href=href))
    return offered


def numbered(content: str, line: int) -> str:
    """A line of the typed text, counted from one."""
    lines: Sequence[str] = content.split("\n")
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
