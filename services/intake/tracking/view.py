"""Makes the documents that show a demand: everything for its citizen, the public part for channels with a sighting."""

from collections.abc import Sequence
from typing import Final, TypeVar

import orjson

from services.intake.publications.consent import consent_of
from services.intake.publications.queries import NOTHING, Published
from services.intake.tracking import documents as d
from services.intake.tracking.names import address, name
from services.intake.tracking.projection import is_open
from services.intake.tracking.queries import CitizenNote, CitizenStep, DemandDetails
from services.intake.tracking.status_words import STATUS_WORDS
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.publication import PublicationRules, PublicDemand, seen_by_public
from shared.jurisdiction.unit_names import unit_name as named_by_pack

S = TypeVar("S", bound=d.Step)
_TYPES: Final = {kind.wire_type(): kind.type for kind in (f.DemandSupplemented, f.DemandUrged, f.WithdrawalRequested)}


def progress(demand: Demand) -> d.Progress:
    """The progress of a demand, for the channel that took it in."""
    return d.Progress.model_validate(demand, from_attributes=True)


def seen(demand: Demand, publication: PublicationRules, published: Published = NOTHING) -> d.Progress:
    """What the public sees of a demand, for a channel that reported a sighting of it. Of a report (举报) it says only
    whether it is still open."""
    public = seen_by_public(
        publication, PublicDemand.of(demand, published.release, published.withheld, published.allowed)
    )
    return d.Progress(
        id=demand.id,
        number=public.number,
        status=public.status or (Status.SUBMITTED if is_open(demand.status) else Status.CLOSED),
        title=public.title or "",
        category=public.category,
        division=public.place or "",
        submitted_at=public.submitted_at,
        updated_at=public.updated_at or public.submitted_at,
        unit=public.unit,
        due_at=public.due_at,
        resolved_at=public.resolved_at,
        outcome=public.outcome,
    )


def followed(demand: Demand, pack: Pack | None, details: DemandDetails, publication: Published = NOTHING) -> d.Followed:
    """Everything about a demand. A code is shown instead of a name that no pack has."""
    category = pack.category(demand.category) if pack and demand.category else None
    steps = details.steps
    current_steps = since_reopening(steps)
    return d.Followed(
        **dict(progress(demand)),
        stands=STATUS_WORDS[demand.status],
        text=details.text,
        kind=demand.kind,
        category_name=name(pack, category.name) if pack and category else None,
        place=address(pack, demand.division) if pack else demand.division,
        unit_name=unit_name(pack, demand.unit),
        answer=_last(_steps(current_steps, pack, d.Answer, f.DemandResolved)),
        refusal=_last(_steps(current_steps, pack, d.Refusal, f.DemandDeclined)),
        merged=_last(_steps(current_steps, pack, d.Merged, f.DemandMerged)),
        listed=_last(_steps(current_steps, pack, d.Listing, f.DemandListed)),
        returns=_steps(steps, pack, d.Returned, f.DemandReturned),
        extensions=_steps(steps, pack, d.Extension, f.DemandExtended),
        pauses=_pauses(steps, pack),
        remarks=_steps(steps, pack, d.Remark, f.DemandContacted, f.DemandProgressed),
        spoken=[_spoke(note) for note in details.notes],
        supports=details.supports,
        rating=_last(_steps(current_steps, pack, d.Rated, f.DemandConfirmed)),
        reopenings=_steps(steps, pack, d.Reopening, f.DemandReopened),
        publication=_consent(demand, pack, publication),
    )


def _consent(demand: Demand, pack: Pack | None, publication: Published) -> d.PublicationStand | None:
    consent = consent_of(pack.publication.release if pack else None, demand, publication)
    return d.PublicationStand.model_validate(consent) if consent else None


def since_reopening(facts: Sequence[CitizenStep]) -> Sequence[CitizenStep]:
    """The facts after the last reopening; an answer before it no longer counts."""
    last = max((n for n, fact in enumerate(facts) if fact.type == f.DemandReopened.type), default=-1)
    return facts[last + 1 :]


def _steps(facts: Sequence[CitizenStep], pack: Pack | None, kind: type[S], *kinds: type[f.Fact]) -> list[S]:
    types = {counted.type for counted in kinds}
    return [_step(fact, pack, kind) for fact in facts if fact.type in types]


def _pauses(facts: Sequence[CitizenStep], pack: Pack | None) -> list[d.ClockPause]:
    """Each pause, with its end if it has one. A resumption without a pause is left out: when a demand is put on a list
    its clock stops without a pause of its own."""
    pauses: list[d.ClockPause] = []
    for fact in facts:
        if fact.type == f.DemandPaused.type:
            pause = _step(fact, pack, d.ClockPause)
            pauses.append(pause.model_copy(update={"reason_name": pause_reason(pack, pause.reason)}))
        elif fact.type == f.DemandResumed.type and pauses and pauses[-1].ended_at is None:
            pauses[-1] = pauses[-1].model_copy(update={"ended_at": fact.at})
    return pauses


def pause_reason(pack: Pack | None, code: str, language: str | None = None) -> str:
    """The jurisdiction's name of a reason to pause, in its first language unless `language` names another; the code if
    the jurisdiction has no such reason."""
    reason = next((r for r in pack.handling.pause.reasons if r.code == code), None) if pack else None
    if pack is None or reason is None:
        return code
    return str(getattr(reason.name, language)) if language else name(pack, reason.name)


def _step(step: CitizenStep, pack: Pack | None, kind: type[S]) -> S:
    payload = orjson.loads(step.payload)
    names = {"unit_name": unit_name(pack, step.unit)}
    if suggested := payload.get("suggested_unit"):
        names["suggested_unit_name"] = unit_name(pack, suggested)
    return kind.model_validate(payload | names | {"at": step.at, "unit": step.unit})


def _last(steps: Sequence[S]) -> S | None:
    return steps[-1] if steps else None


def unit_name(pack: Pack | None, unit: str | None) -> str | None:
    """The name of a unit; its id if the pack has no such unit."""
    return named_by_pack(pack, unit) if unit else unit


def _spoke(note: CitizenNote) -> d.Spoke:
    payload = orjson.loads(note.payload)
    return d.Spoke(
        id=note.id,
        type=_TYPES[note.type],
        at=note.at,
        text=payload.get("text") or payload.get("reason") or "",
        attachments=payload.get("attachments", ()),
    )
