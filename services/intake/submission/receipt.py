"""The answer to a submission: the new demand, or the demand of the earlier request that it repeats."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.intake.submission.history import Became
from services.intake.submission.queries import Submission


class SubmissionReceipt(NamedTuple):
    """The new demand of a request, or the demand of the earlier request that it repeats."""

    id: UUID
    number: str
    submitted_at: datetime
    created: bool
    own: bool = True
    """Whether the asking channel took the demand in; false if it only reported a sighting of it."""
    became: Became = Became.KNOWN
    """The result of importing recorded history."""
    steps: int = 0
    """How many recorded steps this request added to the demand."""


def receipt_of_new(new: Submission) -> SubmissionReceipt:
    """The answer to a request that created a new demand."""
    return SubmissionReceipt(new.id, new.number, new.submitted_at, created=True, became=Became.NEW)
