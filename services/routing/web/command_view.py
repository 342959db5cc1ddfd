"""What stands beside the form of a command: what the citizen asked for, and what was done so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.routing.cases.reading import Case
from services.routing.web.showing import entry, when
from services.routing.web.viewer import Viewer
from shared.contracts.demand import facts as f
from shared.web.parts import Entry

LATEST: Final = 5
_SAID: Final[Mapping[str, str]] = {
    f.DemandSupplemented.type: "text",
    f.DemandUrged.type: "reason",
    f.DemandReopened.type: "reason",
}
"""The field with the words of the citizen, by what told them."""
_DONE: Final = frozenset({
    f.DemandReturned.type, f.DemandContacted.type, f.DemandProgressed.type, f.DemandResolved.type,
    f.DemandPaused.type, f.DemandExtended.type, f.AssistanceReported.type, f.DemandNoted.type, f.EvidenceAttached.type,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CitizenWords:
    """What the citizen said at one time; `when` is empty of the demand itself."""

    words: str
    when: str = ""


def words_of_citizen(viewer: Viewer, case: Case, now: datetime) -> Sequence[CitizenWords]:
    """The demand, and what its citizen said since, oldest first."""
    said = [CitizenWords(case.text or case.demand.title)]
    for one in case.timeline:
        words = one.data.get(_SAID.get(one.type, ""))
        if words:
            said.append(CitizenWords(str(words), when(one.at, viewer, now)))
    return said


def done_so_far(viewer: Viewer, case: Case, now: datetime) -> Sequence[Entry]:
    """The latest steps of those who handled it, newest first."""
    done = [one for one in case.timeline if one.type in _DONE]
    return [entry(one, viewer, now) for one in reversed(done[-LATEST:])]
