"""Routing decides what a member of staff may say about a demand."""

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
"""Commands by which another unit gets a case whose due time it keeps: no clock may stand there."""


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
    """The facts that follow from a command, naming no citizen; legality of the step is the table's business.

    `parent` is the case that a merge names, where there is one; `words` are what the citizen wrote, where rules may
    ask for them; `publication` is what is public of it, and `call_back` how the call-back stands, for
    commands on that. Raises `Refused`.
    """
    if call_back is not None:
        # Before the table of rights: a caller sees a case no longer once it is judged, and is to read why.
        calling.require_unjudged(call_back, pack)
    permit(demand, command, by, pack)
    if isinstance(command, c.PublishDemand | c.CorrectPublication):
        publishing.require_masked(command, masks)
    running: Sequence[StatusFact] = []
    if demand.paused_at is not None and type(command) in _ENDS_A_PAUSE:
        running = [resumed(demand, pack, at, by.name)]
        demand = replay(demand, [(fact, at) for fact in running])
    situation = Situation(demand, by, pack, at, parent, words, publication, call_back)
    return [*running, *_DECISIONS[type(command)](situation, masked(command, masks))]
