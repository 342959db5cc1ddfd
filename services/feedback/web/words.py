"""Where a demand stands, in people's words: Chinese first, English beside it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from services.feedback.ratings.domain import AWAITED
from services.feedback.ratings.handler import Shown
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Status
from shared.identity.citizen_links import Holder

_S = Status


class Said(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


_STANDING: Final[Mapping[Status, Said]] = {
    _S.NONE:        Said("已收到", "received"),
    _S.SUBMITTED:   Said("已收到，正在确定由哪个单位办理", "received; we are finding out who handles it"),
    _S.TRIAGE:      Said("已收到，正由工作人员确定由哪个单位办理", "received; staff decide who handles it"),
    _S.ROUTED:      Said("已交由{unit}办理", "given to {unit}"),
    _S.ACCEPTED:    Said("{unit}正在办理", "{unit} is working on it"),
    _S.RETURNED:    Said("应由其他单位办理，正在重新安排", "it belongs to somebody else and is being passed on"),
    _S.IN_PROGRESS: Said("{unit}正在办理", "{unit} is working on it"),
    _S.LISTED:      Said("已列入项目，有进展会告诉您", "part of a project; we will keep you informed"),
    _S.MERGED:      Said("与另一件相同的诉求一起办理", "handled together with another demand about the same matter"),
    _S.RESOLVED:    Said("已有答复", "answered"),
    _S.DECLINED:    Said("未能受理", "not taken up"),
    _S.WITHDRAWN:   Said("已撤回", "withdrawn"),
    _S.REOPENED:    Said("已重新办理", "open again"),
    _S.CONFIRMED:   Said("已办理结束", "closed"),
    _S.CLOSED:      Said("已办理结束", "closed"),
}  # fmt: skip
_ENDED: Final = (_S.WITHDRAWN, _S.CONFIRMED, _S.CLOSED)
_VERDICTS: Final = (Outcome.CONFIRMED, Outcome.DISPUTED)
_SOMEBODY: Final = Said("承办单位", "the responsible unit")

_RATE: Final = Said(
    "请在{until}前评价；到期未评价的，诉求自动结束。",
    "Please rate the answer by {until}; without a rating the demand is closed then.",
)
_DISAGREE: Final = Said(
    "如有异议，请在{until}前在本页申请重新办理；到期未申请的，诉求自动结束。",
    "If you disagree, ask again on this page by {until}; the demand is closed then.",
)
_LAST_WORD: Final = Said(
    "该诉求已多次重新办理，这是最终答复。",
    "The demand was handled again several times; this answer is final.",
)
_IN_WORK: Final = Said(
    "有补充、催办或者要撤回的，请通过您提交诉求的渠道提出，并报上编号。有答复时会告诉您。",
    "To add something, to ask to hurry or to take it back, use the channel by which you raised it and give its number."
    " We will tell you when there is an answer.",
)
_RATED: Final = Said(
    "您的评价已收到，谢谢您。如果问题仍在，请重新提交诉求。",
    "Your verdict has been received, thank you. If the problem is still there, raise it anew.",
)
_OVER: Final = Said(
    "该诉求已结束，不能再评价。如果问题仍在，请重新提交诉求。",
    "It is closed and can no longer be rated. If the problem is still there, raise it anew.",
)
_YOURS: Final = Said("如果问题仍在，请您另行提交诉求。", "If the problem is still there, raise a demand of your own.")
_WAIT: Final = Said("有结果时会告诉您。", "We will tell you the result.")


def standing(shown: Shown) -> Said:
    """Where it stands now; who handles a report (举报) is told to nobody but whoever raised it."""
    unit = shown.pack.unit(shown.demand.unit) if shown.demand.unit else None
    said = _STANDING[shown.demand.status]
    zh, en = (unit.name, unit.name) if unit and not shown.is_hidden else _SOMEBODY
    return Said(said.zh.format(unit=zh), said.en.format(unit=en))


def next_steps(shown: Shown, until: str) -> Said:
    """What whoever holds the link can do now; `until` is the last day on which a verdict is taken."""
    demand = shown.demand
    if shown.holder is Holder.SUPPORTER:
        return _WAIT if demand.status not in (*AWAITED, *_ENDED) else _YOURS
    match demand.status:
        case Status.RESOLVED:
            said = _RATE
        case Status.DECLINED:
            said = _DISAGREE if shown.may_rate else _LAST_WORD
        case Status.CONFIRMED | Status.CLOSED | Status.WITHDRAWN:
            said = _RATED if demand.rating is not None and demand.outcome in (None, *_VERDICTS) else _OVER
        case _:
            said = _IN_WORK
    return Said(said.zh.format(until=until), said.en.format(until=until))
