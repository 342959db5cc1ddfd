"""Describes the steps of a demand that the public may see, in plain words; steps between offices are left out."""

from collections.abc import Sequence
from typing import Final

from services.reporting.figures.queries import FactSummary
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AMONG_OFFICES, PUBLICATION_NOTES, STAFF_NOTES

STEPS: Final[dict[type[f.Fact], tuple[str, str]]] = {
    f.DemandSubmitted: ("群众提出诉求", "Raised by a citizen"),
    f.DemandTriaged: ("等待派单员确定承办单位", "Waiting for a dispatcher to decide who answers"),
    f.DemandRouted: ("派给承办单位", "Sent to the responsible unit"),
    f.DemandDeclined: ("不予受理，已告知理由", "Declined, with the reason told"),
    f.DemandMerged: ("并入同类诉求一起办理", "Joined with another demand about the same"),
    f.DemandAccepted: ("承办单位签收", "The unit signed for it"),
    f.DemandReturned: ("承办单位退回，另行派单", "Returned by the unit; another is sought"),
    f.DemandContacted: ("承办单位联系了群众", "The unit spoke with the citizen"),
    f.DemandProgressed: ("办理有进展", "Work went on"),
    f.DemandExtended: ("经批准延长办理时限", "The due time was moved, with approval"),
    f.DemandReclassified: ("更正类别", "The category was corrected"),
    f.DemandListed: ("列入清单", "Put on a list of projects"),
    f.DemandUnmerged: ("不再并案，单独办理", "Handled by itself again"),
    f.DemandPaused: ("暂停计时", "The clock was stopped, with a reason"),
    f.DemandResumed: ("恢复计时", "The clock runs again"),
    f.DemandResolved: ("承办单位办结并答复", "The unit says that it is done"),
    f.DemandWithdrawn: ("群众撤回诉求", "Withdrawn by the citizen"),
    f.DemandConfirmed: ("群众作出评价", "The citizen gave a verdict"),
    f.DemandReopened: ("重新办理", "Reopened"),
    f.DemandClosed: ("结束", "Closed"),
    f.DemandSupplemented: ("群众补充情况", "The citizen added something"),
    f.DemandUrged: ("群众催办", "The citizen asked to hurry"),
    f.DemandSupported: ("其他群众也遇到了", "Another citizen has the same"),
    f.WithdrawalRequested: ("群众申请撤回", "The citizen asked to take it back"),
    f.DeadlineMissed: ("超过时限", "A due time passed"),
    f.DemandEscalated: ("提请上级督办", "A higher level was told"),
}
INTERNAL: Final = frozenset(
    {
        f.DeadlineWarned, f.VerdictGiven, f.LinkRequested, f.HistoryContinued, f.NotificationSent,
        f.NotificationFailed, f.PersonalDataViewed, *AMONG_OFFICES, *STAFF_NOTES,
        *PUBLICATION_NOTES,
    }
)  # fmt: skip
"""Facts that are not shown: accesses to personal data, messages, and steps between offices concern only the office and
the citizen. For continued history and verdicts other facts say the same."""

_NAMED: Final = {kind.type: words for kind, words in STEPS.items()}


def public(facts: Sequence[FactSummary]) -> list[FactSummary]:
    """The facts that the public may see of a demand that is no report."""
    return [fact for fact in facts if _name(fact) in _NAMED]


def words(fact: FactSummary, lang: str) -> str:
    """A short description of a fact."""
    return _NAMED[_name(fact)][lang == "en"]


def _name(fact: FactSummary) -> str:
    return fact.type.rpartition(".v")[0]
