"""The facts of a demand in groups, for projections that handle or ignore a whole group.

The groups are written by hand, so that whoever adds a fact decides for each of these projections.
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
"""Status facts between offices, which neither the citizen nor the public sees."""
STAFF_NOTES: Final[Sequence[type[f.Fact]]] = (f.DemandNoted, f.EvidenceAttached, f.DemandClustered, f.CallBackFailed)
"""Notes that only staff sees."""
PUBLICATION_NOTES: Final[Sequence[type[f.Fact]]] = (
    f.DemandPublished, f.DemandUnpublished, f.PublicationRefused, f.PublicationAllowed,
)  # fmt: skip
"""Notes about the publication of a demand; every projection for the public must handle all of them."""
