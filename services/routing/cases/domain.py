"""Decides which facts follow from a command of a member of staff; pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.call_backs.domain import CallBackState
from services.routing.cases import commands as c
from services.routing.cases.decisions import assistance, calling, dispatching, handling, publishing, timing
from services.routing.cases.decisions.situation import Situation
from services.routing.cases.limits import resumed
from services.routing.cases.permissions import permit
from services.routing.publications.domain import PublicationState
from shared.contracts.demand.facts import Fact, StatusFact
from shared.contracts.demand.lifecycle import replay
from shared.contracts.demand.state import Demand
from shared.contracts.wording import Masks, masked
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack
from shared.masking import MASKS

_DECISIONS: Final[Mapping[type[c.RoutingCommand], Callable[[Situation, Any], Sequence[Fact]]]] = {
    c.AcceptDemand: handling.accepted,
    c.AssignDemand: handling.assigned,
    c.ReturnDemand: handling.returned,
    c.TransferDemand: handling.transferred,
    c.MoveUpDemand: handling.moved_up,
    c.DeclineDemand: handling.declined,
    c.ContactCitizen: handling.contacted,
    c.ProgressDemand: handling.progressed,
    c.WriteNote: handling.noted,
    c.AttachEvidence: handling.attached,
    c.ListDemand: handling.listed,
    c.ResolveDemand: handling.answered,
    c.RequestExtension: timing.extension_requested,
    c.GrantExtension: timing.extension_granted,
    c.RefuseExtension: timing.extension_refused,
    c.ExtendDemand: timing.extended,
    c.PauseDemand: timing.paused,
    c.ResumeDemand: timing.continued,
    c.RequestAssistance: assistance.assistance_requested,
    c.AcceptAssistance: assistance.assistance_accepted,
    c.ReportAssistance: assistance.assistance_reported,
    c.EndAssistance: assistance.assistance_ended,
    c.RouteDemand: dispatching.routed,
    c.ReclassifyDemand: dispatching.reclassified,
    c.PrioritizeDemand: dispatching.prioritized,
    c.MergeDemand: dispatching.merged,
    c.UnmergeDemand: dispatching.unmerged,
    c.PublishDemand: publishing.published,
    c.CorrectPublication: publishing.corrected,
    c.WithdrawPublication: publishing.taken_back,
    c.StartCallBack: calling.started,
    c.ReleaseCallBack: calling.released,
    c.RecordCallBack: calling.recorded,
}

_ENDS_A_PAUSE: Final = frozenset({c.ReturnDemand, c.TransferDemand, c.MoveUpDemand, c.RouteDemand, c.MergeDemand})
"""Commands that give a case to another unit while its due time stays. If the case is paused they end the pause first,
because the clock of the new unit must run."""


def decide(
    demand: Demand,
    command: c.RoutingCommand,
    by: Person,
    pack: Pack,
    at: datetime,
    parent: Demand | None = None,
    words: str | None = None,
    masks: Masks = MASKS,
    publication: PublicationState | None = None,
    call_back: CallBackState | None = None,
) -> Sequence[Fact]:
    """The facts that follow from a command, with personal data masked; raises `Refused`.

    Whether each fact may follow the present status is checked later, by the lifecycle table. `parent` is the case that
    a merge names, if it exists; `words` are the title and text of the citizen, for commands that route anew;
    `publication` and `call_back` are given for commands about these.
    """
    if call_back is not None:
        # Checked before the table of rights: after the verdict a caller may no longer read the case, and the table
        # would refuse without saying that there is a verdict.
        calling.require_unjudged(call_back, pack)
    permit(demand, command, by, pack)
    if isinstance(command, c.PublishDemand | c.CorrectPublication):
        publishing.require_masked(command, masks)
    end_of_pause: Sequence[StatusFact] = []
    if demand.paused_at is not None and type(command) in _ENDS_A_PAUSE:
        end_of_pause = [resumed(demand, pack, at, by.name)]
        demand = replay(demand, [(fact, at) for fact in end_of_pause])
    situation = Situation(demand, by, pack, at, parent, words, publication, call_back)
    return [*end_of_pause, *_DECISIONS[type(command)](situation, masked(command, masks))]
