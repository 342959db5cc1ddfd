"""Keeps what finds similar demands in step with intake's own copy of every demand."""

from collections.abc import Sequence

from services.intake.similar import queries
from shared.chassis.page import Change
from shared.chassis.writes import Writes
from shared.contracts.demand import OWED, Demand, is_confidential
from shared.contracts.facts import DemandSubmitted, Fact


def remember(writes: Writes, changes: Sequence[Change[Demand, Fact]]) -> None:
    """In the transaction that saves the changes: note what was submitted, open and close what passed the line."""
    last = {change.envelope.key: change.after.status in OWED for change in changes}
    first = {change.envelope.key: change.before.status in OWED for change in reversed(changes)}
    submitted = {change.envelope.key: change.fact for change in changes if isinstance(change.fact, DemandSubmitted)}
    queries.note(writes, [key for key, told in submitted.items() if not is_confidential(told.kind)])
    turned = [(key, now) for key, now in last.items() if key not in submitted and first[key] != now]
    queries.turn(writes, turned)
