"""Words of the rating page in both languages: why an answer cannot be rated now, and the levels of a rating."""

from typing import Final

from services.feedback.ratings.domain import AWAITED
from services.feedback.ratings.handler import AnsweredDemand
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Status
from shared.identity.citizen_links import LinkHolder
from shared.web.page_language import Bilingual

LEVELS: Final = (
    ("5", Bilingual("非常满意", "Very satisfied")),
    ("4", Bilingual("满意", "Satisfied")),
    ("3", Bilingual("基本满意", "Fairly satisfied")),
    ("2", Bilingual("不满意", "Dissatisfied")),
    ("1", Bilingual("非常不满意", "Very dissatisfied")),
)
"""GB/T 39734-2020."""
SOLVED: Final = (
    ("true", Bilingual("已解决", "Yes, it is solved")),
    ("false", Bilingual("未解决", "No, it is not solved")),
)
_ENDED: Final = (Status.WITHDRAWN, Status.CONFIRMED, Status.CLOSED)

_SUPPORTER: Final = Bilingual(
    "您也反映了这件诉求，由最先提出的人评价。", "You have this problem too; whoever raised it first rates the answer."
)
_NEWER: Final = Bilingual(
    "这个链接对应的答复之后，诉求又有了新的答复。请到诉求页面查看并评价新的答复。",
    "There is a newer answer than the one of this link. Read and rate it on the page of the demand.",
)
_LAST_WORD: Final = Bilingual(
    "该诉求已多次重新办理，这是最终答复，不能再申请。",
    "The demand was handled again several times; this answer is final.",
)
_AGAIN: Final = Bilingual(
    "您已要求重新办理，承办单位正在办理。有新的答复时再请您评价。",
    "You asked for it to be handled again, and the unit works on it. You rate the next answer.",
)
_EARLY: Final = Bilingual(
    "该诉求正在办理，答复后再请您评价。", "It is being handled; you rate the answer when there is one."
)
_RATED: Final = Bilingual(
    "您已评价过，谢谢您。评价不能更改。", "You have rated it, thank you. A rating cannot be changed."
)
_UNRATED: Final = Bilingual(
    "评价期已过，诉求已自动结束。如果问题仍在，请重新提交。",
    "The time to rate it is over, and it was closed. If the problem is still there, raise it anew.",
)
_WITHDRAWN: Final = Bilingual("该诉求已按您的要求撤回。", "The demand was withdrawn as you asked.")
_OVER: Final = Bilingual(
    "该诉求已结束，不能再评价。如果问题仍在，请重新提交。",
    "It is closed and can no longer be rated. If the problem is still there, raise it anew.",
)


def spent(shown: AnsweredDemand) -> Bilingual:
    """Why the answer cannot be rated with this link now."""
    demand = shown.demand
    if shown.holder is LinkHolder.SUPPORTER:
        return _SUPPORTER
    if demand.status in AWAITED:
        return _NEWER if shown.is_of_an_earlier_answer else _LAST_WORD
    if demand.status not in _ENDED:
        return _AGAIN if demand.reopenings else _EARLY
    if demand.outcome is Outcome.WITHDRAWN or demand.status is Status.WITHDRAWN:
        return _WITHDRAWN
    if demand.outcome is Outcome.UNRATED:
        return _UNRATED
    return _RATED if demand.rating is not None else _OVER
