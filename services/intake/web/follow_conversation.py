"""Makes the timeline of a demand's page, oldest first: what its citizen said, and what units wrote to the citizen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from services.intake.attachments.queries import Attachment
from services.intake.tracking.queries import CitizenNote, CitizenStep, DemandDetails
from services.intake.tracking.view import pause_reason, unit_name
from services.intake.web.visit import PageVisit
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.jurisdiction.pack import Pack
from shared.web.moment_words import day_words, moment_words
from shared.web.parts import Entry, Link

TO_SUPPORTERS: Final = frozenset(
    kind.type
    for kind in (
        f.DemandProgressed, f.DemandExtended, f.DemandListed, f.DemandPaused, f.DemandResumed, f.DemandMerged,
        f.DemandResolved, f.DemandDeclined,
    )
)  # fmt: skip
"""The facts that a supporter is shown: nothing that was said between the citizen and the unit."""
LEVELS: Final = {
    5: ("非常满意", "very satisfied"), 4: ("满意", "satisfied"), 3: ("基本满意", "fairly satisfied"),
    2: ("不满意", "dissatisfied"), 1: ("非常不满意", "very dissatisfied"),
}  # fmt: skip
"""GB/T 39734-2020."""
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Makes the entries. `files` are those that may be opened, by reference; `path` is the page's own path.

    If a text was released for publication, a supporter reads that instead of the answer to the citizen.
    """

    pack: Pack
    demand: Demand
    details: DemandDetails
    files: Mapping[str, Attachment]
    visit: PageVisit
    path: str
    at: datetime
    supporter: bool

    def entries(self, answered: CitizenStep | None) -> list[Entry]:
        """All entries, or those that a supporter may read. The text of the present answer stands above the timeline."""
        if self.supporter:
            return [self._told(fact, fact is answered) for fact in self.details.steps if fact.type in TO_SUPPORTERS]
        dated = [(one.at, self._told(one, one is answered)) for one in self.details.steps]
        dated += [(one.at, self._spoken(one)) for one in self.details.notes]
        dated.sort(key=lambda pair: pair[0])
        return [*self._submitted(), *(entry for _, entry in dated)]

    def readable(self, fact: CitizenStep) -> dict[str, Any]:
        """The fields of a fact that this reader may read."""
        payload: dict[str, Any] = orjson.loads(fact.payload)
        if self.supporter:
            payload.pop("project", None)
            payload |= {"result": ""} if payload.get("summary") else {}
        return payload

    def links(self, references: Sequence[str]) -> list[Link]:
        """The links of the files with these references that still exist, with kind and size."""
        files = [file for reference in references if (file := self.files.get(reference))]
        return [
            Link(self.visit.to(f"{self.path}/files/{file.reference}"), self._file_words(file, n))
            for n, file in enumerate(files, 1)
        ]

    def _file_words(self, file: Attachment, n: int) -> str:
        picture = file.media_type.startswith("image/")
        kind = self.visit.say("图片", "Picture") if picture else self.visit.say("文件", "Document")
        size = f"{max(1, file.size // 1024)} KB" if file.size < 1_048_576 else f"{file.size / 1_048_576:.1f} MB"
        return f"{kind} {n}（{size}）" if self.visit.lang == "zh" else f"{kind} {n} ({size})"

    def _submitted(self) -> list[Entry]:
        if self.demand.submitted_at is None:
            return []
        what, who = self.visit.say("提交诉求", "raised the demand"), self.visit.say("您", "you")
        words = self.details.text or self.demand.title
        return [self._entry(self.demand.submitted_at, what, who, words, links=self.links(self.details.attachments))]

    def _spoken(self, note: CitizenNote) -> Entry:
        payload = orjson.loads(note.payload)
        words = payload.get("text") or payload.get("reason") or ""
        what = self.visit.say(*_SPOKEN[note.type])
        who = self.visit.say("您", "you")
        return self._entry(note.at, what, who, words, links=self.links(payload.get("attachments", ())))

    def _told(self, fact: CitizenStep, stands_above: bool) -> Entry:
        payload = self.readable(fact)
        tell = _TOLD[fact.type]
        by_citizen = fact.type in _BY_CITIZEN
        who = self.visit.say("您", "you") if by_citizen else unit_name(self.pack, fact.unit) or ""
        what, words, until = tell(self, payload)
        strong = fact.type in (f.DemandResolved.type, f.DemandDeclined.type)
        if stands_above:
            words = self.visit.say("全文见上方。", "All of it stands above.")
        links = [] if stands_above else self.links(payload.get("attachments", ()))
        # The unit that only just got the demand did not say this: the entry names it as the receiver.
        return self._entry(fact.at, what, "" if fact.type in _NAMELESS else who, words, until, strong, links)

    def _entry(
        self, at: datetime, what: str, who: str, words: str, until: str = "", strong: bool = False,
        links: Sequence[Link] = (),
    ) -> Entry:  # fmt: skip
        zone = ZoneInfo(self.pack.timezone)
        when = self.visit.say(*moment_words(at, self.at, zone))
        return Entry(when, at.astimezone(zone).isoformat(), what, who, words, until, strong, tuple(links))

    def day(self, iso: str | None) -> str:
        """The local day of a moment in wire format; empty if there is none."""
        if not iso:
            return ""
        zone = ZoneInfo(self.pack.timezone)
        day = datetime.fromisoformat(iso).astimezone(zone).date()
        return self.visit.say(*day_words(day, self.at.astimezone(zone).date()))

    def due(self, payload: Body) -> str:
        """The due time that a fact names, as a local day."""
        day = self.day(payload.get("due_at"))
        return self.visit.say(f"应在{day}前答复", f"An answer is due by {day}") if day else ""


Line = tuple[str, str, str]
"""What happened, the text, and the due time since then."""


def _routed(page: Conversation, payload: Body) -> Line:
    unit = unit_name(page.pack, payload.get("unit")) or ""
    return page.visit.say(f"交由{unit}办理", f"given to {unit}"), "", page.due(payload)


def _returned(page: Conversation, payload: Body) -> Line:
    what = page.visit.say("应由其他单位办理，重新安排", "it belongs to somebody else and was passed on")
    return what, payload.get("reason") or "", ""


def _contacted(page: Conversation, payload: Body) -> Line:
    reached = payload.get("reached", True)
    what = (
        page.visit.say("与您联系", "spoke with you")
        if reached
        else page.visit.say("联系您未接通", "tried to reach you")
    )
    return what, payload.get("note") or "", ""


def _progressed(page: Conversation, payload: Body) -> Line:
    return page.visit.say("办理进展", "how the work goes"), payload.get("note") or "", ""


def _extended(page: Conversation, payload: Body) -> Line:
    return page.visit.say("答复时间延长", "the answer takes longer"), payload.get("reason") or "", page.due(payload)


def _listed(page: Conversation, payload: Body) -> Line:
    words = "\n".join(filter(None, (payload.get("project"), payload.get("reason"))))
    return page.visit.say("列入项目", "became part of a project"), words, ""


def _paused(page: Conversation, payload: Body) -> Line:
    reason = pause_reason(page.pack, payload["reason"], page.visit.lang) if payload.get("reason") else ""
    words = "\n".join(filter(None, (reason, payload.get("note"))))
    day = page.day(payload.get("until"))
    until = page.visit.say(f"最晚{day}恢复", f"Work goes on by {day}") if day else ""
    return page.visit.say("暂缓办理", "it was put off"), words, until


def _resumed(page: Conversation, payload: Body) -> Line:
    return page.visit.say("恢复办理", "work goes on"), "", page.due(payload)


def _merged(page: Conversation, payload: Body) -> Line:
    number = payload.get("parent_number") or ""
    return page.visit.say(f"与诉求 {number} 一起办理", f"handled together with {number}"), "", ""


def _unmerged(page: Conversation, payload: Body) -> Line:
    return page.visit.say("改为单独办理", "handled by itself again"), "", ""


def _resolved(page: Conversation, payload: Body) -> Line:
    return page.visit.say("答复", "answered"), payload.get("result") or payload.get("summary") or "", ""


def _declined(page: Conversation, payload: Body) -> Line:
    words = "\n".join(filter(None, (payload.get("reason"), payload.get("instead"), payload.get("legal_basis"))))
    return page.visit.say("未能受理", "not taken up"), words, ""


def _withdrawn(page: Conversation, payload: Body) -> Line:
    return page.visit.say("诉求已撤回", "the demand was withdrawn"), "", ""


def _confirmed(page: Conversation, payload: Body) -> Line:
    level = page.visit.say(*LEVELS[payload["rating"]])
    solved = page.visit.say(*(("已解决", "solved") if payload["solved"] else ("未解决", "not solved")))
    what = page.visit.say(f"评价：{level}，{solved}", f"rated it: {level}, {solved}")
    return what, payload.get("comment") or "", ""


def _reopened(page: Conversation, payload: Body) -> Line:
    return page.visit.say("要求重新办理", "asked for it to be handled again"), payload.get("reason") or "", ""


_TOLD: Final[Mapping[str, Callable[[Conversation, Body], Line]]] = {
    f.DemandRouted.type: _routed,
    f.DemandReturned.type: _returned,
    f.DemandContacted.type: _contacted,
    f.DemandProgressed.type: _progressed,
    f.DemandExtended.type: _extended,
    f.DemandListed.type: _listed,
    f.DemandPaused.type: _paused,
    f.DemandResumed.type: _resumed,
    f.DemandMerged.type: _merged,
    f.DemandUnmerged.type: _unmerged,
    f.DemandResolved.type: _resolved,
    f.DemandDeclined.type: _declined,
    f.DemandWithdrawn.type: _withdrawn,
    f.DemandConfirmed.type: _confirmed,
    f.DemandReopened.type: _reopened,
}
_BY_CITIZEN: Final = frozenset({f.DemandConfirmed.type, f.DemandReopened.type})
_NAMELESS: Final = frozenset({f.DemandRouted.type, f.DemandUnmerged.type, f.DemandWithdrawn.type, f.DemandMerged.type})
_SPOKEN: Final = {
    f.DemandSupplemented.wire_type(): ("补充情况", "added something"),
    f.DemandUrged.wire_type(): ("催办", "asked to hurry"),
    f.WithdrawalRequested.wire_type(): ("申请撤回", "asked to take it back"),
}
