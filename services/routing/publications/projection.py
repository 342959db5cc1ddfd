"""Projects facts onto the publications of cases, and plans the releases that the rules of a pack make by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.routing.publications import queries
from services.routing.publications.queries import PUBLICATION
from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.timers import forget
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS, PUBLICATION_NOTES
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.release import ReleaseRules, release_bar

Whole = Change[Demand, f.Fact]
_ANSWERED: Final = (Status.RESOLVED, Status.CONFIRMED, Status.CLOSED)
_MOVES: Final[Sequence[type[f.Fact]]] = (f.DemandResolved, f.DemandReopened, *PUBLICATION_NOTES)


@dataclass(frozen=True, slots=True)
class ReleaseCourse:
    """How a batch changes the publication of one demand; `proposed_at` is None if no answer waits for release after
    it."""

    demand: Demand
    fact: f.DemandPublished | f.DemandUnpublished | None = None
    refusals: int = 0
    allowed: int | None = None
    """How many refusals of publication the citizen took back by agreeing; None if the batch has no agreement."""
    proposed_at: datetime | None = None
    proposal: str | None = None
    """The text of the answer that would be released; None if the batch has no answer."""
    needs_consent: bool = False
    """Whether the proposed answer may be released only if the citizen agrees after the submission."""
    due_at: datetime | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the batch has a refusal that it does not take back."""
        return self.refusals > (self.allowed or 0)

    def row(self) -> tuple[object, ...]:
        """The row of `publication`."""
        public = self.fact if isinstance(self.fact, f.DemandPublished) else None
        words = (public.title, public.text, public.answer) if public else (None, None, None)
        edition = self.fact.edition if self.fact else 0
        demand = self.demand
        return (
            demand.id, demand.jurisdiction, demand.unit, edition, public is not None, *words,
            self.is_refused, self.refusals, self.allowed, self.proposed_at, self.proposal, self.needs_consent,
        )  # fmt: skip


def publication_projection(packs: Jurisdictions) -> Projection[Demand, f.Fact, Whole]:
    """The projection of publications, by the rules of these packs."""

    def write(writes: WriteBatch, changes: Sequence[Whole]) -> None:
        courses = _courses(changes, packs)
        queries.put(writes, [course.row() for course in courses.values()])
        due = [(key, course.due_at) for key, course in courses.items() if course.due_at]
        forget(writes, PUBLICATION, [key for key, course in courses.items() if not course.due_at])
        if due:
            queries.plan_releases(writes.after.after, due)

    ignored = [kind for kind in (*ALL_STATUS_FACTS, *ALL_NOTES) if kind not in _MOVES]
    return Projection(on=dict.fromkeys(_MOVES, change_itself), ignores=ignored, write=write)


def _courses(changes: Sequence[Whole], packs: Jurisdictions) -> dict[UUID, ReleaseCourse]:
    courses: dict[UUID, ReleaseCourse] = {}
    for change in changes:
        key, fact, at = change.envelope.key, change.fact, change.envelope.time
        course = replace(courses.get(key, ReleaseCourse(change.after)), demand=change.after)
        ended = replace(course, proposed_at=None, due_at=None)
        match fact:
            case f.DemandPublished() | f.DemandUnpublished():
                courses[key] = replace(ended, fact=fact)
            case f.PublicationRefused():
                courses[key] = replace(ended, refusals=course.refusals + 1)
            case f.PublicationAllowed():
                courses[key] = _allowed(replace(ended, allowed=max(fact.refusals, course.allowed or 0)), at, packs)
            case f.DemandResolved():
                courses[key] = _proposed(ended, fact, at, packs)
            case _:
                courses[key] = ended
    return courses


def _proposed(course: ReleaseCourse, fact: f.DemandResolved, at: datetime, packs: Jurisdictions) -> ReleaseCourse:
    """The answer of a demand that may be published now waits for its release."""
    rules = _rules(course.demand, packs)
    if rules is None:
        return course
    words = fact.summary or ("" if rules.public_text_required else fact.result)
    course = replace(course, proposal=words)
    if not words and rules.public_text_required and not rules.reviewed:
        return course
    needs_consent = release_bar(rules, course.demand) is not None
    return replace(course, proposed_at=at, needs_consent=needs_consent, due_at=_due_at(rules, at))


def _allowed(course: ReleaseCourse, at: datetime, packs: Jurisdictions) -> ReleaseCourse:
    """After an agreement the present answer waits for its release, as if the citizen had always agreed."""
    demand, rules = course.demand, _rules(course.demand, packs)
    if rules is None or demand.resolved_at is None or demand.status not in _ANSWERED:
        return course
    return replace(course, proposed_at=at, needs_consent=False, due_at=_due_at(rules, at))


def _rules(demand: Demand, packs: Jurisdictions) -> ReleaseRules | None:
    """The rules by which a demand may be released once its citizen agrees; None if it may never be released."""
    pack = packs.of_division(demand.division)
    rules = pack.publication.release if pack else None
    return None if demand.imported or release_bar(rules, demand, allowed=True) else rules


def _due_at(rules: ReleaseRules, at: datetime) -> datetime | None:
    return None if rules.reviewed else rules.release_at(at)
