"""Makes the values of a demand's page for the holder of its link: its status, the answer, and the actions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from services.intake.attachments.queries import Attachment
from services.intake.notes.domain import Withdraw, check_status
from services.intake.publications.consent import PublicationConsent, PublicationStanding, consent_of
from services.intake.publications.queries import Published
from services.intake.tracking.queries import CitizenStep, DemandDetails
from services.intake.tracking.view import since_reopening, unit_name
from services.intake.web import follow_words as w
from services.intake.web.follow_conversation import Conversation
from services.intake.web.visit import PageVisit
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import OWED, Demand, Status, is_confidential
from shared.contracts.refusals import Refused
from shared.identity.citizen_links import LinkHolder
from shared.jurisdiction.pack import Pack
from shared.web.due_words import DueKind, due_words
from shared.web.moment_words import day_words
from shared.web.page_language import Bilingual
from shared.web.words import CITIZEN_WORDS

URGED_AGAIN_AFTER: Final = timedelta(days=1)
"""Our choice: for so long after an urge the page says that the unit was urged, in the place of the button."""
ANSWERS: Final = (f.DemandResolved.type, f.DemandDeclined.type)
ACTIONS: Final = ("rate", "contest", "add", "urge", "urged", "withdraw", "support")
_AFTER: Final[Mapping[str, Status]] = {"rated": Status.CONFIRMED, "reopened": Status.REOPENED}
"""The status to which a rating leads, by the `done` of the URL after it."""


@dataclass(frozen=True, slots=True)
class FollowedDemand:
    """A demand with everything that was said about it, as the holder of a link may see it; `files` by reference, `path`
    is the path of the page."""

    demand: Demand
    pack: Pack
    holder: LinkHolder
    details: DemandDetails
    files: Mapping[str, Attachment]
    published: Published
    visit: PageVisit
    path: str
    at: datetime
    answer_version: int | None = None
    """The version of the demand whose answer the link asks to rate."""

    @property
    def is_supporter(self) -> bool:
        """Whether the holder is a supporter of the demand."""
        return self.holder is LinkHolder.SUPPORTER

    @property
    def is_hidden(self) -> bool:
        """Whether the texts are hidden from the holder: a report (举报) is shown only to the citizen who raised it."""
        return self.is_supporter and is_confidential(self.demand.kind)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the demand's jurisdiction."""
        return ZoneInfo(self.pack.timezone)

    def say(self, words: Bilingual) -> str:
        """The text in the language of the page."""
        return self.visit.say(words.zh, words.en)

    def unit(self) -> Bilingual:
        """The name of the unit that answers; of a report (举报) only the citizen is told."""
        if not self.demand.unit or self.is_hidden:
            return w.SOMEBODY
        name = unit_name(self.pack, self.demand.unit) or ""
        return Bilingual(name, name)

    def just_done(self, done: str) -> str:
        """What was just done; empty if the demand was answered again since, because an address may be opened later."""
        is_newer = self.answer_version is not None and self.demand.version > self.answer_version
        return "" if done in _AFTER and self.demand.status in w.ANSWERED and is_newer else done

    def status(self, done: str) -> Status:
        """The status, also if it comes from a rating that this service has not read yet."""
        if self.demand.outcome is f.Outcome.WITHDRAWN:
            return Status.WITHDRAWN
        return _AFTER.get(done, self.demand.status) if self.demand.status in w.ANSWERED else self.demand.status

    def standing(self, done: str) -> str:
        """The status in a sentence."""
        words = w.STANDING[self.status(done)]
        unit = self.unit()
        return self.visit.say(words.zh.format(unit=unit.zh), words.en.format(unit=unit.en))

    def due(self) -> dict[str, Any] | None:
        """The due time, as a day and as a count of days; None if no answer is owed."""
        demand = self.demand
        if demand.status not in OWED or demand.due_at is None:
            return None
        between = self.pack.due_times.working_days_after
        counted = due_words(demand.due_at, self.at, self.zone, between, paused=demand.paused_at is not None)
        if counted.kind is DueKind.PAUSED:
            zh, en, _ = CITIZEN_WORDS["paused"]
            counted = replace(counted, zh=zh, en=en)
        day = day_words(demand.due_at.astimezone(self.zone).date(), self.at.astimezone(self.zone).date())
        return {"badge": counted, "day": self.visit.say(*day), "overdue": counted.kind is DueKind.OVERDUE}

    def next_step(self, done: str) -> str:
        """Who acts now and what follows, in a sentence."""
        if self.is_supporter:
            return self.say(w.next_step_of_supporter(self.demand))
        if self.demand.status in w.ANSWERED and done in _AFTER:
            return self.say(w.AFTER_RATING[_AFTER[done]])
        until = Bilingual("", "")
        if self.demand.status in w.ANSWERED and self.demand.updated_at:
            # No later fact keeps this status, so the last update is the answer.
            ends = self.pack.rated_until(self.demand.updated_at).astimezone(self.zone).date()
            until = Bilingual(*day_words(ends, self.at.astimezone(self.zone).date()))
        return self.say(w.next_step(self.demand, self.unit(), until, is_final=not self.may_disagree))

    @property
    def may_disagree(self) -> bool:
        """Whether the citizen can still contest a refusal."""
        return self.pack.may_reopen(self.demand.reopenings)

    @property
    def answered(self) -> CitizenStep | None:
        """The fact with the present answer; None after a reopening."""
        if self.is_hidden:
            return None
        answers = [fact for fact in since_reopening(self.details.steps) if fact.type in ANSWERS]
        return answers[-1] if answers else None

    def answer(self) -> dict[str, Any] | None:
        """The texts of the present answer by the names of the fields, with its files."""
        if self.answered is None:
            return None
        payload = self.conversation.readable(self.answered)
        names = ("result", "summary", "reason", "instead", "legal_basis")
        words = {name: payload.get(name) or "" for name in names}
        if words["summary"] == words["result"]:
            words["summary"] = ""
        links = self.conversation.links(payload.get("attachments", ()))
        return words | {"files": links, "by": unit_name(self.pack, self.answered.unit) or ""}

    @property
    def conversation(self) -> Conversation:
        """The timeline that this holder may read."""
        files = {} if self.is_supporter else self.files
        return Conversation(
            self.pack, self.demand, self.details, files, self.visit, self.path, self.at, self.is_supporter
        )

    def actions(self, done: str) -> dict[str, bool]:
        """The names of the holder's possible actions; `done` is what was just done, because this service may not have
        read its fact yet."""
        demand = self.demand
        if self.is_supporter:
            return dict.fromkeys(ACTIONS, False)
        waits = demand.status in OWED or demand.status is Status.MERGED
        declined = demand.status is Status.DECLINED
        awaited = demand.status in w.ANSWERED and done not in _AFTER
        return {
            "rate": awaited and not declined,
            "contest": awaited and declined and self.may_disagree,
            "add": demand.status not in w.ENDED,
            "urge": waits and not self._urged_lately() and not self._is_withdrawing,
            "urged": waits and self._urged_lately() and not self._is_withdrawing,
            "withdraw": self._may_withdraw(),
            "support": waits and not self._is_withdrawing,
        }

    def publication(self, done: str) -> dict[str, Any] | None:
        """The state of the publication, and whether the citizen can refuse or agree now; None if the jurisdiction
        publishes nothing, or for holders who cannot decide. `done` as for `actions`."""
        nobody_decides = self.is_supporter or (self.status(done) is Status.WITHDRAWN and not self.published.release)
        stands = None if nobody_decides else consent_of(self.pack.publication.release, self.demand, self.published)
        if stands is None:
            return None
        if done == "keep-private":
            stands = PublicationConsent(PublicationStanding.REFUSED, may_agree=True, may_refuse=False)
        return {
            "stands": self.say(w.PUBLICATION[stands.state]),
            "may_refuse": stands.may_refuse,
            "may_agree": stands.may_agree,
            "is_public": stands.state is PublicationStanding.PUBLIC,
        }

    def _urged_lately(self) -> bool:
        urged = [note.at for note in self.details.notes if note.type == f.DemandUrged.wire_type()]
        return bool(urged) and self.at - urged[-1] < URGED_AGAIN_AFTER

    @property
    def _is_withdrawing(self) -> bool:
        return any(note.type == f.WithdrawalRequested.wire_type() for note in self.details.notes)

    def _may_withdraw(self) -> bool:
        try:
            check_status(Withdraw(), self.demand)
        except Refused:
            return False
        return not self._is_withdrawing

    def values(self, done: str) -> dict[str, Any]:
        """All values of the template."""
        demand, done = self.demand, self.just_done(done)
        entries = [] if self.is_hidden else self.conversation.entries(self.answered)
        return {
            "demand": demand,
            "title": "" if self.is_hidden else demand.title,
            "supporter": self.is_supporter,
            "status": "paused" if demand.paused_at and demand.status is not Status.LISTED else self.status(done),
            "standing": self.standing(done),
            "unit": self.say(self.unit()) if demand.status is Status.LISTED else "",
            "due": self.due(),
            "next_step": self.next_step(done),
            "answer": self.answer(),
            "declined": demand.status is Status.DECLINED,
            "entries": entries,
            "actions": self.actions(done),
            "publication": self.publication(done),
            "done": self.say(w.DONE[done]) if done in w.DONE else "",
        }


def visible_files(details: DemandDetails) -> list[str]:
    """The references of all files that the citizen may open: their own, and those of answers."""
    payloads = [orjson.loads(note.payload) for note in details.notes]
    payloads += [orjson.loads(note.payload) for note in details.steps if note.type == f.DemandResolved.type]
    return [*details.attachments, *(reference for payload in payloads for reference in payload.get("attachments", ()))]
