"""Decides on the commands that change the due time of a case: extensions and pauses; pure."""

from collections.abc import Sequence
from datetime import datetime

from services.routing.cases import commands as c
from services.routing.cases.decisions.situation import Situation, illegal, invalid
from services.routing.cases.limits import limits_of, pause_end, resumed
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, ExtensionRequest
from shared.identity.person import Person
from shared.jurisdiction.handling import PauseReason
from shared.jurisdiction.pack import Pack


def extension_requested(case: Situation, command: c.RequestExtension) -> Sequence[f.Fact]:
    """The lead unit asks for an extension: before the due time, and within the limits of the pack. Raises `Refused`."""
    if case.demand.extension is not None:
        raise illegal("an extension was requested and waits for a decision", "已有一份延期申请待审批")
    due_at = extended_due(case, command.working_days)
    fact = f.ExtensionRequested(
        by=case.by.name,
        unit=case.by.unit,
        working_days=command.working_days,
        due_at=due_at,
        reason=command.reason,
        decider=decider_of(case.demand, case.pack),
    )
    return [fact]


def decider_of(demand: Demand, pack: Pack) -> str:
    """The unit that decides on an extension for which the lead unit asks."""
    units_above = pack.units_above(demand.unit or "")
    return units_above[0] if units_above else pack.coordinator


def decider_name(case: Situation) -> str:
    """The name of the unit above, for the text of a refusal."""
    decider = decider_of(case.demand, case.pack)
    unit = case.pack.unit(decider)
    return unit.name if unit else decider


def extension_granted(case: Situation, command: c.GrantExtension) -> Sequence[f.Fact]:
    """The extension is granted, with the days that were asked for or fewer. Raises `Refused`."""
    extension = _pending_extension(case)
    days = command.working_days or extension.working_days
    if days > extension.working_days:
        raise invalid(
            "working_days",
            f"{extension.working_days} were requested: grant at most as many",
            f"申请延长 {extension.working_days} 个工作日，不能批准更多",
            str(extension.working_days),
        )
    # From the due time as it is now: a pause since then has moved it.
    due_at = case.pack.due_at(case.demand.due_at, days) if case.demand.due_at else extension.due_at
    unit = case.pack.unit(case.by.unit)
    fact = f.DemandExtended(
        due_at=due_at,
        reason=extension.reason,
        approved_by=f"{unit.name} {case.by.name}" if unit else case.by.name,
        by=case.by.name,
        working_days=days,
    )
    return [fact]


def extension_refused(case: Situation, command: c.RefuseExtension) -> Sequence[f.Fact]:
    """The extension is refused, and the due time stays. Raises `Refused` if nobody asked for one."""
    _pending_extension(case)
    return [f.ExtensionRefused(by=case.by.name, reason=command.reason)]


def _pending_extension(case: Situation) -> ExtensionRequest:
    if case.demand.extension is None:
        raise illegal("no extension was requested", "没有待审批的延期申请")
    return case.demand.extension


def extended(case: Situation, command: c.ExtendDemand) -> Sequence[f.Fact]:
    """The coordinator extends the due time without a request of the unit. Raises `Refused`."""
    due_at = extended_due(case, command.working_days)
    fact = f.DemandExtended(
        due_at=due_at,
        reason=command.reason,
        approved_by=command.approved_by,
        by=case.by.name,
        working_days=command.working_days,
    )
    return [fact]


def extended_due(case: Situation, days: int) -> datetime:
    """The due time after so many more working days; raises `Refused` if the pack does not allow it."""
    demand, pack = case.demand, case.pack
    if demand.due_at is None:
        raise illegal("the demand has no due time to extend", "该诉求没有办理期限，无需延期")
    if demand.paused_at is not None:
        raise illegal("the clock is paused: an extension is not needed", "该诉求已暂停计时，无需延期")
    if case.at > demand.due_at and pack.handling.extension.ask_before_due:
        day = pack.local_day(demand.due_at)
        raise illegal(f"it was due on {day}: too late to extend", f"已于{day}到期，不能再延期")
    if demand.extensions >= pack.max_extensions:
        en = (
            f"the due time was extended {demand.extensions} times; this jurisdiction allows {pack.max_extensions}"
            " extensions"
        )
        raise illegal(en, f"已延期 {demand.extensions} 次，最多 {pack.max_extensions} 次")
    most = longest_extension(demand, pack)
    if most is not None and days > most:
        raise invalid("working_days", f"at most {most} working days", f"最多延长 {most} 个工作日", str(most))
    return pack.due_at(demand.due_at, days)


def longest_extension(demand: Demand, pack: Pack) -> int | None:
    """The most working days of one extension: those of the pack, else as many as the limit had; None: no limit."""
    limit = limits_of(demand, pack).resolve
    return pack.max_extension_days or (limit.working_days if limit else None)


def may_pause_for(reason: PauseReason, by: Person, demand: Demand, pack: Pack) -> bool:
    """Whether this person may pause the clock for this reason, or the unit above decides."""
    return reason.decider is None or not by.unit == demand.unit != pack.coordinator


def paused(case: Situation, command: c.PauseDemand) -> Sequence[f.Fact]:
    """The clock is paused, for a reason of the pack and not longer than it allows. Raises `Refused`."""
    if case.demand.paused_at is not None:
        raise illegal("the clock is already paused", "该诉求已暂停计时")
    reasons = {reason.code: reason for reason in case.pack.handling.pause.reasons}
    reason = reasons.get(command.reason)
    if reason is None:
        codes = ", ".join(reasons)
        raise invalid("reason", f"reasons are: {codes}", f"暂停原因只能是：{codes}", next(iter(reasons), None))
    if not may_pause_for(reason, case.by, case.demand, case.pack):
        raise invalid(
            "reason",
            f"the unit above decides on the pause {reason.code!r}: write a note, or ask {decider_name(case)}",
            f"“{reason.name.zh}”须由上级单位（{decider_name(case)}）决定，请联系上级单位办理暂停",
        )
    if reason.max_days is not None and command.days is not None and command.days > reason.max_days:
        raise invalid("days", f"at most {reason.max_days} days", f"最多暂停 {reason.max_days} 天", str(reason.max_days))
    days = command.days or reason.max_days
    until = pause_end(case.at, days) if days else None
    return [f.DemandPaused(by=case.by.name, reason=reason.code, note=command.note, until=until)]


def continued(case: Situation, command: c.ResumeDemand) -> Sequence[f.Fact]:
    """The clock runs again; the due times are moved by the length of the pause. Raises `Refused`."""
    if case.demand.paused_at is None:
        raise illegal("the clock is not paused", "该诉求没有暂停计时")
    return [resumed(case.demand, case.pack, case.at, case.by.name, command.note)]
