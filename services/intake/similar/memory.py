"""Keeps what is needed to find similar demands in step with intake's own copy of every demand."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.similar import queries
from services.intake.similar.scoring import Candidate
from services.intake.similar.wording import worded
from shared.chassis.page import Change
from shared.chassis.writes import Writes
from shared.contracts.demand import OWED, Demand, is_confidential
from shared.contracts.facts import DemandSubmitted, Fact
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class Memory:
    """Called with the changes of a batch, in the transaction that saves them."""

    packs: Jurisdictions

    def __call__(self, writes: Writes, changes: Sequence[Change[Demand, Fact]]) -> None:
        """Add what was submitted; open and close what passed the line."""
        last = {change.envelope.key: change.after.status in OWED for change in changes}
        first = {change.envelope.key: change.before.status in OWED for change in reversed(changes)}
        fresh = [
            self._candidate(change.fact, change.after)
            for change in changes
            if isinstance(change.fact, DemandSubmitted) and not is_confidential(change.fact.kind)
        ]
        queries.put(writes, [(candidate, last[candidate.id]) for candidate in fresh])
        known = {candidate.id for candidate in fresh}
        turned = [(key, now) for key, now in last.items() if key not in known and first[key] != now]
        queries.turn(writes, turned)

    def _candidate(self, told: DemandSubmitted, demand: Demand) -> Candidate:
        pack = self.packs.get(told.jurisdiction)
        above = pack.ancestors(told.division) if pack else ()
        bigrams = sorted(worded(told.title, told.text).bigrams)
        assert demand.submitted_at, "a submitted demand has a time"
        return Candidate(demand.id, bigrams, above or (told.division,), told.location, demand.submitted_at)
