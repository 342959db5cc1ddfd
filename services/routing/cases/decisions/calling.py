"""Decides on the commands of callers about a case that waits for its citizen's verdict; pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.routing.call_backs.domain import CallBackState, Judged, next_call
from services.routing.cases import commands as c
from services.routing.cases.decisions.situation import Situation, illegal, invalid
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.relations import can_be_called_about, had_part
from shared.jurisdiction.pack import Pack

NO_CALL: Final = CallBackState()
CALLS: Final = (c.StartCallBack, c.ReleaseCallBack, c.RecordCallBack)
"""The commands about a call-back."""
_CAME_BY: Final = {"link": ("短信链接", "the link of a message"), "call": ("电话回访", "a call")}


def started(case: Situation, command: c.StartCallBack) -> Sequence[f.Fact]:
    """A person takes the call-back. No fact is recorded: the lease of the call is stored beside the case."""
    _callable(case)
    return []


def released(case: Situation, command: c.ReleaseCallBack) -> Sequence[f.Fact]:
    """A person puts the call-back back. No fact is recorded. A lease that nobody or another person holds stays."""
    _callable(case)
    return []


def recorded(case: Situation, command: c.RecordCallBack) -> Sequence[f.Fact]:
    """The fact of a call: the citizen's verdict, or that the citizen was not reached. Raises `Refused`."""
    state = _callable(case)
    return [_verdict(case, command) if command.reached else _in_vain(case, command, state)]


def possible(demand: Demand, by: Person, pack: Pack) -> bool:
    """Whether a person of this unit may call the citizen now."""
    waits = demand.status is Status.RESOLVED and can_be_called_about(demand)
    return pack.callback.is_on and waits and not had_part(by.unit, demand)


def require_unjudged(state: CallBackState, pack: Pack) -> None:
    """Raise `Refused` if there is a verdict already; the message says who gave it, and when."""
    if state.judged is None:
        return
    judged = state.judged
    at = judged.at.astimezone(ZoneInfo(pack.timezone))
    zh_who, en_who = _who(judged)
    raise illegal(
        f"{en_who} on {at:%Y-%m-%d} at {at:%H:%M}, and only the first rating of an answer is valid: nothing was"
        " recorded",
        f"{zh_who}已于{at.month}月{at.day}日 {at:%H:%M} 评价，同一答复以先收到的评价为准，本次没有登记",
    )


def _who(judged: Judged) -> tuple[str, str]:
    if judged.entered_by:
        return f"工作人员 {judged.entered_by} ", f"{judged.entered_by} entered the citizen's rating"
    zh, en = _CAME_BY.get(judged.asked, (f"渠道（{judged.asked}）", f"a channel ({judged.asked})"))
    return f"群众通过{zh}", f"the citizen rated the answer by {en}"


def _callable(case: Situation) -> CallBackState:
    demand, state = case.demand, case.call_back or NO_CALL
    if had_part(case.by.unit, demand):
        raise illegal(
            "your unit handled this demand or helped with it: another unit must call the citizen",
            "本单位主办或协办过这件诉求，应由其他单位回访",
        )
    if not case.pack.callback.is_on:
        raise illegal("this jurisdiction does not call citizens back", "本辖区没有设置回访")
    if is_confidential(demand.kind):
        en = "citizens are not called about reports, because only the staff who handle a report may read it"
        raise illegal(en, "举报件不回访，内容只限承办人员")
    if demand.status is not Status.RESOLVED:
        raise illegal(
            f"the demand is {demand.status}: citizens are called only about an answer that waits for a rating",
            "该诉求现在不在待评价状态，不能回访",
        )
    if state.held_by_other(case.by, case.at):
        raise _busy(state, case.pack)
    return state


def _busy(state: CallBackState, pack: Pack) -> Refused:
    since, until = (_clock(at, pack) for at in (state.since, state.held_until))
    unit = pack.unit(state.caller_unit or "")
    name = f"{state.caller} ({unit.name})" if unit else state.caller
    en = f"{name} is calling this citizen since {since}; choose another one, or try again after {until}"
    return Refused(Code.CONFLICT, en, f"{name} 从 {since} 起正在回访这位群众，请换一件，或 {until} 后再试")


def _clock(at: datetime | None, pack: Pack) -> str:
    return f"{at.astimezone(ZoneInfo(pack.timezone)):%H:%M}" if at else ""


def _verdict(case: Situation, command: c.RecordCallBack) -> f.VerdictGiven:
    if command.solved is None:
        raise invalid("solved", "say whether the citizen says that it is solved", "请选择问题是否解决", "true")
    if command.rating is None and command.solved:
        raise invalid("rating", "say how satisfied the citizen is, 1 to 5", "请选择满意程度（1至5）", "4")
    case.pack.callback.require_tags(command.tags)
    return f.VerdictGiven(
        judged=case.demand.version,
        rating=command.rating,
        solved=command.solved,
        comment=command.comment,
        asked="call",
        entered_by=case.by.name,
        tags=tuple(dict.fromkeys(command.tags)),
    )


def _in_vain(case: Situation, command: c.RecordCallBack, state: CallBackState) -> f.CallBackFailed:
    known = [reason.code for reason in case.pack.callback.not_reached]
    if command.not_reached not in known:
        codes = ", ".join(known)
        raise invalid("not_reached", f"say why; reasons are: {codes}", f"请选择未接通的原因：{codes}", known[0])
    if command.again_at is not None and command.again_at <= case.at:
        raise invalid("again_at", "choose a time in the future", "请选择将来的时间")
    attempt = state.attempts + 1
    return f.CallBackFailed(
        by=case.by.name,
        unit=case.by.unit,
        judged=case.demand.version,
        attempt=attempt,
        not_reached=command.not_reached or known[0],
        note=command.note,
        next_at=next_call(case.demand, attempt, command.again_at, case.at, case.pack),
    )
