"""Projects facts onto the index of similar demands."""

from collections.abc import Sequence

from services.intake.similar import queries
from services.intake.similar.scoring import Candidate
from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import OWED, Demand, is_confidential
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.masking.pieces import worded

Changes = Sequence[Change[Demand, f.Fact]]


def similarity_projection(packs: Jurisdictions) -> Projection[Demand, f.Fact, Change[Demand, f.Fact]]:
    """The projection: inserts submitted demands, and opens or closes them when an answer becomes owed or is no longer
    owed."""

    def write(writes: WriteBatch, changes: Changes) -> None:
        last = {change.envelope.key: change.after.status in OWED for change in changes}
        first = {change.envelope.key: change.before.status in OWED for change in reversed(changes)}
        submitted = {
            c.envelope.key: _candidate(packs, c, c.fact) for c in changes if isinstance(c.fact, f.DemandSubmitted)
        }
        queries.note(writes, [due for due in submitted.values() if due])
        turned = [(key, now) for key, now in last.items() if key not in submitted and first[key] != now]
        queries.set_open(writes, turned)

    return Projection(on=dict.fromkeys(ALL_STATUS_FACTS, change_itself), ignores=ALL_NOTES, write=write)


def _candidate(packs: Jurisdictions, change: Change[Demand, f.Fact], fact: f.DemandSubmitted) -> Candidate | None:
    """The row of a demand; None for a confidential one."""
    if is_confidential(fact.kind):
        return None
    pack = packs.get(fact.jurisdiction)
    ancestors = pack.ancestors(fact.division) if pack else ()
    bigrams = sorted(worded(fact.title, fact.text).bigrams)
    within = ancestors or (fact.division,)
    return Candidate(change.envelope.key, bigrams, within, fact.location, change.envelope.time)
