"""Makes the values beside the form of a command: what the citizen wrote, and what was done so far."""

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
"""The field that holds the citizen's text, by the type of the fact."""
_DONE: Final = frozenset({
    f.DemandReturned.type, f.DemandContacted.type, f.DemandProgressed.type, f.DemandResolved.type,
    f.DemandPaused.type, f.DemandExtended.type, f.AssistanceRequested.type, f.AssistanceReported.type,
    f.DemandNoted.type, f.EvidenceAttached.type,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CitizenWords:
    """What the citizen said at one time; `when` is empty for the demand itself."""

    words: str
    when: str = ""


def words_of_citizen(viewer: Viewer, case: Case, now: datetime) -> Sequence[CitizenWords]:
    """The demand, and what its citizen said since, oldest first."""
    words_so_far = [CitizenWords(case.text or case.demand.title)]
    for event in case.timeline:
        words = event.data.get(_SAID.get(event.type, ""))
        if words:
            words_so_far.append(CitizenWords(str(words), when(event.at, viewer, now)))
    return words_so_far


def done_so_far(viewer: Viewer, case: Case, now: datetime) -> Sequence[Entry]:
    """The latest steps of the units, newest first."""
    done = [event for event in case.timeline if event.type in _DONE]
    return [entry(event, viewer, now) for event in reversed(done[-LATEST:])]
