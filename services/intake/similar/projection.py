"""Keeps what finds similar demands in step with intake's own copy of every demand."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.similar import queries
from services.intake.similar.scoring import Candidate
from services.intake.similar.wording import worded
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandSubmitted, Fact
from shared.contracts.demand.state import OWED, Demand, is_confidential
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class SimilarityProjection:
    """In the transaction that saves the changes: notes what was submitted, opens and closes what passed the line."""

    packs: Jurisdictions

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[Demand, Fact]]) -> None:
        last = {change.envelope.key: change.after.status in OWED for change in changes}
        first = {change.envelope.key: change.before.status in OWED for change in reversed(changes)}
        submitted = {c.envelope.key: self._candidate(c, c.fact) for c in changes if isinstance(c.fact, DemandSubmitted)}
        queries.note(writes, [due for due in submitted.values() if due])
        turned = [(key, now) for key, now in last.items() if key not in submitted and first[key] != now]
        queries.turn(writes, turned)

    def _candidate(self, change: Change[Demand, Fact], told: DemandSubmitted) -> Candidate | None:
        """What the demand is about; None for one that is nobody else's business."""
        if is_confidential(told.kind):
            return None
        pack = self.packs.get(told.jurisdiction)
        above = pack.ancestors(told.division) if pack else ()
        bigrams = sorted(worded(told.title, told.text).bigrams)
        within = above or (told.division,)
        return Candidate(change.envelope.key, bigrams, within, told.location, change.envelope.time)
