"""The facts of a demand in their two groups, for projections that take or leave a whole group.

Listed by hand, so that a new fact is named here, and with that in each of these projections, on purpose.
"""

from collections.abc import Sequence
from typing import Final

from shared.contracts.demand import facts as f

ALL_STATUS_FACTS: Final[Sequence[type[f.Fact]]] = (
    f.DemandSubmitted, f.DemandTriaged, f.DemandRouted, f.DemandDeclined, f.DemandMerged, f.DemandAccepted,
    f.DemandReturned, f.DemandContacted, f.DemandProgressed, f.DemandExtended, f.DemandReclassified, f.DemandListed,
    f.DemandResolved, f.DemandWithdrawn, f.DemandConfirmed, f.DemandReopened, f.DemandClosed,
    f.DemandUnmerged, f.DemandAssigned, f.ExtensionRequested, f.ExtensionRefused, f.DemandPaused, f.DemandResumed,
    f.AssistanceRequested, f.AssistanceAccepted, f.AssistanceReported, f.AssistanceEnded, f.DemandPrioritized,
)  # fmt: skip
AFTER_SUBMISSION: Final = tuple(kind for kind in ALL_STATUS_FACTS if kind is not f.DemandSubmitted)
ALL_NOTES: Final[Sequence[type[f.Fact]]] = (
    f.DemandSupplemented, f.DemandUrged, f.DemandSupported, f.WithdrawalRequested, f.VerdictGiven, f.LinkRequested,
    f.HistoryContinued, f.CallBackFailed,
    f.DeadlineWarned, f.DeadlineMissed, f.DemandEscalated, f.NotificationSent, f.NotificationFailed,
    f.PersonalDataViewed, f.DemandNoted, f.EvidenceAttached, f.DemandClustered,
    f.DemandPublished, f.DemandUnpublished, f.PublicationRefused, f.PublicationAllowed,
)  # fmt: skip
AMONG_OFFICES: Final[Sequence[type[f.Fact]]] = (
    f.DemandAssigned, f.ExtensionRequested, f.ExtensionRefused, f.AssistanceRequested, f.AssistanceAccepted,
    f.AssistanceReported, f.AssistanceEnded, f.DemandPrioritized,
)  # fmt: skip
"""Status facts that neither the citizen nor the public is shown: what offices arrange among themselves."""
STAFF_NOTES: Final[Sequence[type[f.Fact]]] = (f.DemandNoted, f.EvidenceAttached, f.DemandClustered, f.CallBackFailed)
"""Notes for staff alone."""
PUBLICATION_NOTES: Final[Sequence[type[f.Fact]]] = (
    f.DemandPublished, f.DemandUnpublished, f.PublicationRefused, f.PublicationAllowed,
)  # fmt: skip
"""What may be published of a demand; whoever shows anything to the public takes all of them."""
