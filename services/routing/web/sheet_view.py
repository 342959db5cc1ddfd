"""The order of a case as a paper (承办单): what it is, what the citizen wrote, what was done, what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.routing.cases.reading import Case
from services.routing.cases.timeline import TimelineEntry
from services.routing.web.case_view import verdicts
from services.routing.web.catalogue_words import CHANNELS
from services.routing.web.command_view import CitizenWords, words_of_citizen
from services.routing.web.form_options import urgencies
from services.routing.web.showing import minute
from services.routing.web.timeline_words import ENTRY_WORDS, LISTED_FIELDS
from services.routing.web.viewer import Viewer
from services.routing.web.words import KINDS
from shared.contracts.demand import facts as f
from shared.web.parts import SummaryRow

_STEPS: Final = frozenset({f.DemandContacted.type, f.DemandProgressed.type, f.AssistanceReported.type})
"""The facts about the work that are printed; others concern only the office."""
_ANSWERS: Final = (f.DemandResolved.type, f.DemandDeclined.type)
_STARTS_ANEW: Final = f.DemandReopened.type


@dataclass(frozen=True, slots=True)
class SheetStep:
    """One step: what was done, by whom and when."""

    when: str
    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The parts of the paper; what is empty is left out of it."""

    rows: Sequence[SummaryRow]
    words: Sequence[CitizenWords]
    steps: Sequence[SheetStep]
    result: str
    answered: str
    verdicts: Sequence[SummaryRow]
    signatures: Sequence[str]
    printed: str


def sheet(viewer: Viewer, case: Case, now: datetime) -> Sheet:
    """The paper of a case as it stands now."""
    answer = _answer(case)
    return Sheet(
        rows=_rows(viewer, case),
        words=words_of_citizen(viewer, case, now),
        steps=[_step(entry, viewer) for entry in case.timeline if entry.type in _STEPS],
        result=_result(answer, viewer) if answer else "",
        answered=_told(answer, viewer) if answer else "",
        verdicts=verdicts(viewer, case),
        signatures=[
            viewer.say("经办人", "Handler"),
            viewer.say("审核人", "Checked by"),
            viewer.say("签发人（单位盖章）", "Issued by (seal of the unit)"),
        ],
        printed=f"{minute(now, viewer)} · {viewer.person.name}",
    )


def _rows(viewer: Viewer, case: Case) -> list[SummaryRow]:
    demand = case.demand
    urgency = dict(urgencies(viewer, demand)).get(str(demand.urgency), "")
    rows = [
        (viewer.say("编号", "Number"), demand.number),
        (viewer.say("来源编号", "Number at its source"), demand.external_id or ""),
        (viewer.say("提出时间", "Raised"), minute(demand.submitted_at, viewer)),
        (viewer.say("受理渠道", "Channel"), viewer.say(*CHANNELS[demand.channel_kind])),
        (viewer.say("承办单位", "Unit"), viewer.unit_name(demand.unit)),
        (viewer.say("经办人", "Handler"), viewer.unit_name(demand.handler)),
        (viewer.say("派单时间", "Assigned"), minute(demand.routed_at, viewer)),
        (viewer.say("签收时间", "Signed for"), minute(demand.accepted_at, viewer)),
        (viewer.say("办结期限", "Answer due by"), minute(demand.due_at, viewer)),
        (viewer.say("办结时间", "Answered"), minute(demand.resolved_at, viewer)),
        (viewer.say("协办单位", "Helpers"), viewer.say("、", ", ").join(map(viewer.unit_name, demand.assisting))),
        (viewer.say("地点", "Place"), viewer.place_name(demand.division)),
        (viewer.say("类别", "Category"), viewer.category_name(demand.category)),
        (viewer.say("类型", "Kind"), viewer.say(*KINDS[demand.kind])),
        (viewer.say("紧急程度", "Urgency"), urgency),
        (viewer.say("办理次数", "Times handled"), str(demand.reopenings + 1) if demand.reopenings else ""),
    ]
    return [SummaryRow(label, words) for label, words in rows if words]


def _answer(case: Case) -> TimelineEntry | None:
    """The answer that stands: none where the citizen had the case reopened since."""
    ends = [entry for entry in case.timeline if entry.type in (*_ANSWERS, _STARTS_ANEW)]
    return ends[-1] if ends and ends[-1].type in _ANSWERS else None


def _result(answer: TimelineEntry, viewer: Viewer) -> str:
    """The answer; of a demand that was declined why, on what grounds, and where the citizen can go instead."""
    if answer.type == f.DemandResolved.type:
        return str(answer.data.get("result") or "")
    words = {"reason": ENTRY_WORDS[answer.type]} | {name: LISTED_FIELDS[name] for name in ("legal_basis", "instead")}
    told = [(viewer.say(*label), answer.data.get(name)) for name, label in words.items()]
    return "\n".join(f"{label}{viewer.say('：', ': ')}{text}" for label, text in told if text)


def _step(entry: TimelineEntry, viewer: Viewer) -> SheetStep:
    words = str(entry.data.get("note") or "")
    if not words and entry.type == f.DemandContacted.type:
        words = viewer.say("已联系群众", "spoke with the citizen")
    return SheetStep(minute(entry.at, viewer), viewer.unit_name(str(entry.data.get("by") or "")), words)


def _told(entry: TimelineEntry, viewer: Viewer) -> str:
    return f"{viewer.unit_name(str(entry.data.get('by') or ''))} · {minute(entry.at, viewer)}"
