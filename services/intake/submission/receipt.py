"""The answer to a submission: the demand that it became, or already was."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.intake.submission.history import Became
from services.intake.submission.queries import Submission


class SubmissionReceipt(NamedTuple):
    """The demand that a request became, or already was."""

    id: UUID
    number: str
    submitted_at: datetime
    created: bool
    own: bool = True
    """Whether the channel that asks took it in, and did not only see it again."""
    became: Became = Became.KNOWN
    """Of recorded history, what became of it."""
    steps: int = 0
    """How many recorded steps are told because of this request."""


def fresh_one(new: Submission) -> SubmissionReceipt:
    """The answer to a request that was not known before."""
    return SubmissionReceipt(new.id, new.number, new.submitted_at, created=True, became=Became.NEW)
