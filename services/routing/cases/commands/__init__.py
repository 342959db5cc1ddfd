"""Lists the commands that staff may give to a case, by the name that stands in the URL and in the table of rights."""

from collections.abc import Mapping
from typing import Final

from services.routing.cases.commands.assistance import (
    AcceptAssistance,
    EndAssistance,
    ReportAssistance,
    RequestAssistance,
)
from services.routing.cases.commands.base import StaffCommand
from services.routing.cases.commands.calling import RecordCallBack, ReleaseCallBack, StartCallBack
from services.routing.cases.commands.dispatching import (
    MergeDemand,
    PrioritizeDemand,
    ReclassifyDemand,
    RouteDemand,
    UnmergeDemand,
)
from services.routing.cases.commands.handling import (
    AcceptDemand,
    AssignDemand,
    AttachEvidence,
    ContactCitizen,
    DeclineDemand,
    ListDemand,
    MoveUpDemand,
    ProgressDemand,
    ResolveDemand,
    ReturnDemand,
    TransferDemand,
    WriteNote,
)
from services.routing.cases.commands.publishing import CorrectPublication, PublishDemand, WithdrawPublication
from services.routing.cases.commands.timing import (
    ExtendDemand,
    GrantExtension,
    PauseDemand,
    RefuseExtension,
    RequestExtension,
    ResumeDemand,
)

RoutingCommand = (
    AcceptDemand
    | AssignDemand
    | ReturnDemand
    | TransferDemand
    | MoveUpDemand
    | DeclineDemand
    | ContactCitizen
    | ProgressDemand
    | WriteNote
    | AttachEvidence
    | ListDemand
    | ResolveDemand
    | RequestExtension
    | GrantExtension
    | RefuseExtension
    | ExtendDemand
    | PauseDemand
    | ResumeDemand
    | RequestAssistance
    | AcceptAssistance
    | ReportAssistance
    | EndAssistance
    | RouteDemand
    | ReclassifyDemand
    | PrioritizeDemand
    | MergeDemand
    | UnmergeDemand
    | PublishDemand
    | CorrectPublication
    | WithdrawPublication
    | StartCallBack
    | ReleaseCallBack
    | RecordCallBack
)

COMMANDS: Final[Mapping[str, type[RoutingCommand]]] = {
    "accept": AcceptDemand,
    "assign": AssignDemand,
    "return": ReturnDemand,
    "transfer": TransferDemand,
    "move-up": MoveUpDemand,
    "decline": DeclineDemand,
    "contact": ContactCitizen,
    "progress": ProgressDemand,
    "note": WriteNote,
    "attach": AttachEvidence,
    "list": ListDemand,
    "resolve": ResolveDemand,
    "request-extension": RequestExtension,
    "grant-extension": GrantExtension,
    "refuse-extension": RefuseExtension,
    "extend": ExtendDemand,
    "pause": PauseDemand,
    "resume": ResumeDemand,
    "request-assistance": RequestAssistance,
    "accept-assistance": AcceptAssistance,
    "report-assistance": ReportAssistance,
    "end-assistance": EndAssistance,
    "route": RouteDemand,
    "reclassify": ReclassifyDemand,
    "prioritize": PrioritizeDemand,
    "merge": MergeDemand,
    "unmerge": UnmergeDemand,
    "publish": PublishDemand,
    "correct-publication": CorrectPublication,
    "withdraw-publication": WithdrawPublication,
    "start-call-back": StartCallBack,
    "release-call-back": ReleaseCallBack,
    "record-call-back": RecordCallBack,
}
NAMES: Final[Mapping[type[RoutingCommand], str]] = {kind: name for name, kind in COMMANDS.items()}

__all__ = [
    "COMMANDS",
    "NAMES",
    "AcceptAssistance",
    "AcceptDemand",
    "AssignDemand",
    "AttachEvidence",
    "ContactCitizen",
    "CorrectPublication",
    "DeclineDemand",
    "EndAssistance",
    "ExtendDemand",
    "GrantExtension",
    "ListDemand",
    "MergeDemand",
    "MoveUpDemand",
    "PauseDemand",
    "PrioritizeDemand",
    "ProgressDemand",
    "PublishDemand",
    "ReclassifyDemand",
    "RecordCallBack",
    "RefuseExtension",
    "ReleaseCallBack",
    "ReportAssistance",
    "RequestAssistance",
    "RequestExtension",
    "ResolveDemand",
    "ResumeDemand",
    "ReturnDemand",
    "RouteDemand",
    "RoutingCommand",
    "StaffCommand",
    "StartCallBack",
    "TransferDemand",
    "UnmergeDemand",
    "WithdrawPublication",
    "WriteNote",
]
