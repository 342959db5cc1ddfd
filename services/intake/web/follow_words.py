"""Words of a demand's page in both languages: its status and what happens next."""

from collections.abc import Mapping
from typing import Final

from services.intake.publications.consent import PublicationStanding
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Demand, Status
from shared.web.page_language import Bilingual

_S = Status

STANDING: Final[Mapping[Status, Bilingual]] = {
    _S.NONE: Bilingual("已收到", "Received"),
    _S.SUBMITTED: Bilingual("已收到，正在确定由哪个单位办理", "Received; we are finding out who handles it"),
    _S.TRIAGE: Bilingual("已收到，正由工作人员确定由哪个单位办理", "Received; staff decide who handles it"),
    _S.ROUTED: Bilingual("已交由{unit}办理", "Given to {unit}"),
    _S.ACCEPTED: Bilingual("{unit}正在办理", "{unit} is working on it"),
    _S.RETURNED: Bilingual("应由其他单位办理，正在重新安排", "It belongs to somebody else and is being passed on"),
    _S.IN_PROGRESS: Bilingual("{unit}正在办理", "{unit} is working on it"),
    _S.LISTED: Bilingual("已列入项目，有进展会告诉您", "Part of a project; we will keep you informed"),
    _S.MERGED: Bilingual("与另一件相同的诉求一起办理", "Handled together with another demand about the same matter"),
    _S.RESOLVED: Bilingual("已有答复", "Answered"),
    _S.DECLINED: Bilingual("未能受理", "Not taken up"),
    _S.WITHDRAWN: Bilingual("已撤回", "Withdrawn"),
    _S.REOPENED: Bilingual("正在重新办理", "It is being handled again"),
    _S.CONFIRMED: Bilingual("已办理结束", "Closed"),
    _S.CLOSED: Bilingual("已办理结束", "Closed"),
}  # fmt: skip
SOMEBODY: Final = Bilingual("承办单位", "the responsible unit")
ENDED: Final = (_S.WITHDRAWN, _S.CONFIRMED, _S.CLOSED)
ANSWERED: Final = (_S.RESOLVED, _S.DECLINED)
_VERDICTS: Final = (Outcome.CONFIRMED, Outcome.DISPUTED)
_SEEKING: Final = (_S.NONE, _S.SUBMITTED, _S.TRIAGE, _S.RETURNED, _S.REOPENED)

_RATE: Final = Bilingual(
    "请在{until}前评价；到期未评价的，诉求自动结束。",
    "Please rate the answer by {until}; without a rating the demand is closed then.",
)
_DISAGREE: Final = Bilingual(
    "如有异议，请在{until}前申请重新办理；到期未申请的，诉求自动结束。",
    "If you disagree, ask again by {until}; the demand is closed then.",
)
_LAST_WORD: Final = Bilingual(
    "该诉求已多次重新办理，这是最终答复。",
    "The demand was handled again several times; this answer is final.",
)
_FINDING: Final = Bilingual(
    "接下来确定承办单位。定下来后，这里会显示由谁办理、何时答复，也会通知您。",
    "Next we find the unit that handles it. Then this page says who it is and until when; we will tell you.",
)
_WORKING: Final = Bilingual(
    "接下来由{unit}办理并答复。有答复时会通知您，也会显示在这里。",
    "Next {unit} works on it and answers. We will tell you, and the answer will stand here.",
)
_PAUSED: Final = Bilingual(
    "暂缓办理，原因见下方。恢复后继续办理，会通知您。",
    "It is put off; the reason is below. Work goes on afterwards, and we will tell you.",
)
_TOGETHER: Final = Bilingual(
    "那一件有答复时，您会同时收到。", "When that one is answered, you get the answer at the same time."
)
_RATED: Final = Bilingual(
    "您的评价已收到，谢谢您。如果问题仍在，请重新提交诉求。",
    "Your verdict has been received, thank you. If the problem is still there, raise it anew.",
)
_OVER: Final = Bilingual(
    "该诉求已结束，不能再评价。如果问题仍在，请重新提交诉求。",
    "It is closed and can no longer be rated. If the problem is still there, raise it anew.",
)
_WITHDRAWN: Final = Bilingual(
    "按您的要求，这件诉求不再办理。如果问题仍在，请重新提交诉求。",
    "As you asked, it is not handled any more. If the problem is still there, raise it anew.",
)
_YOURS: Final = Bilingual(
    "如果问题仍在，请您另行提交诉求。", "If the problem is still there, raise a demand of your own."
)
_WAIT: Final = Bilingual("有结果时会告诉您。", "We will tell you the result.")


AFTER_RATING: Final[Mapping[Status, Bilingual]] = {_S.CONFIRMED: _RATED, _S.REOPENED: _FINDING}


def next_step(demand: Demand, unit: Bilingual, until: Bilingual, is_final: bool) -> Bilingual:
    """What happens next, for the citizen; `until` is the last day on which a verdict is accepted."""
    match demand.status:
        case Status.RESOLVED:
            sentence = _RATE
        case Status.DECLINED:
            sentence = _LAST_WORD if is_final else _DISAGREE
        case Status.CONFIRMED | Status.CLOSED | Status.WITHDRAWN if demand.outcome is Outcome.WITHDRAWN:
            sentence = _WITHDRAWN
        case Status.CONFIRMED | Status.CLOSED | Status.WITHDRAWN:
            sentence = _RATED if demand.rating is not None and demand.outcome in (None, *_VERDICTS) else _OVER
        case Status.MERGED:
            sentence = _TOGETHER
        case _ if demand.paused_at:
            sentence = _PAUSED
        case _:
            sentence = _FINDING if demand.status in _SEEKING else _WORKING
    return Bilingual(sentence.zh.format(until=until.zh, unit=unit.zh), sentence.en.format(until=until.en, unit=unit.en))


def next_step_of_supporter(demand: Demand) -> Bilingual:
    """What happens next, for a supporter."""
    return _YOURS if demand.status in (*ANSWERED, *ENDED) else _WAIT


PUBLISHED: Final = Bilingual(
    "诉求和答复已公开，姓名、电话、门牌已隐去。",
    "The demand and the answer are published; names, phones and doors are hidden.",
)
MAY_BE_PUBLISHED: Final = Bilingual(
    "办结后，诉求和答复可能公开；姓名、电话、门牌会隐去。",
    "Once it is answered, the demand and the answer may be published; names, phones and doors are hidden.",
)
NOT_AGREED: Final = Bilingual("没有您的同意，内容不会公开。", "Without your consent its words are not published.")
NEVER_PUBLISHED: Final = Bilingual(
    "按您的要求，这件诉求的内容不公开。别人凭编号只能查到类别、地点和办理状态。",
    "As you asked, its words are not published. By its number others see category, place and status alone.",
)
PUBLICATION: Final = {
    PublicationStanding.PUBLIC: PUBLISHED,
    PublicationStanding.AGREED: MAY_BE_PUBLISHED,
    PublicationStanding.NOT_AGREED: NOT_AGREED,
    PublicationStanding.REFUSED: NEVER_PUBLISHED,
}


DONE: Final[Mapping[str, Bilingual]] = {
    "add": Bilingual("已收到您的补充，会转给承办单位。", "We have received what you added; it goes to the unit."),
    "urge": Bilingual("已催办，承办单位会看到。", "The unit sees that you ask it to hurry."),
    "withdraw": Bilingual("已收到您的撤回申请，办好后会通知您。", "Noted that you take it back; we will tell you."),
    "support": Bilingual("已登记，有结果时也会通知这位邻居。", "Noted. They will be told the result too."),
    "keep-private": Bilingual(
        "已记下：这件诉求的内容不公开。办理照常进行。",
        "Noted: the words of this demand are not published. It is handled as before.",
    ),
    "publish": Bilingual(
        "已记下：您同意公开。办结后审核公开，姓名、电话、门牌会隐去；随时可以改变主意。",
        "Noted that you agree. It may be published once it is answered, without names, phones and doors; you can change"
        " your mind at any time.",
    ),
    "stop": Bilingual(
        "已停止发送这件诉求的进展消息，您随时可以恢复。", "We stop sending news of this demand. You can start it again."
    ),
    "start": Bilingual("这件诉求的进展消息不再停止。", "News of this demand is no longer stopped."),
    "rated": Bilingual("谢谢您，评价已收到。", "Thank you, your rating has been received."),
    "reopened": Bilingual(
        "您的意见已转给办理单位，诉求重新办理，有结果会告诉您。",
        "Your words went to the unit. The demand is handled again, and we will tell you the result.",
    ),
}  # fmt: skip
"""What was just done, by the `done` parameter of the URL to which a form leads."""
