"""Translates the status of a message centre into the outcome of a message."""

from typing import Final

from services.feedback.gateways.declared_sms import Smpp
from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown

_AGAIN: Final = frozenset({0x08, 0x45, 0x64})
"""System error, submit failed, temporary fault of an application: this message was not accepted, others may be."""
_LATER: Final = frozenset({0x04, 0x05, 0x0D, 0x0E, 0x0F, 0x14, 0x58})
"""Not bound, bound already, bind failed, wrong password or name, the centre's queue is full, too many a second."""
_NOBODY: Final = frozenset({0x0B, 0x50, 0x51})
"""No such number, or a kind of number that the centre does not serve: another gateway may reach the person."""


def outcome_of(status: int, declaration: Smpp) -> Outcome:
    """The outcome of a status of the centre; codes of the operator come first."""
    words = f"{status:#x}"
    if status in declaration.refused:
        return Rejected(words)
    if status in declaration.again:
        return TryAgain(words)
    if status in declaration.later:
        return RetryLater(words)
    if status in _LATER:
        return RetryLater(words)
    if status in _AGAIN:
        return TryAgain(words)
    return NotReached(words) if status in _NOBODY else Rejected(words)


def in_part(number: int, total: int, outcome: Outcome) -> Outcome:
    """The outcome of a message in parts: once its first part was accepted, it can no longer be said that it was not
    sent."""
    if number == 1 or isinstance(outcome, Sent):
        return outcome
    return Unknown(f"part {number} of {total} was not accepted: {outcome.reason}")
