"""Makes the public view of a demand in the fields of Open311; `publication` decides what is shown."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from services.intake.open311.documents import ServiceRequest
from services.intake.open311.extensions import Answered, Extended, ExtendedRequest, Note, RequestUpdate
from services.intake.open311.queries import ListingRow, UpdateRow
from services.intake.open311.services import DIVISION, KIND
from services.intake.open311.statuses import CONFIDENTIAL, SAID, georeport
from services.intake.publications.queries import NOTHING, Published
from services.intake.tracking.names import address, name
from services.intake.tracking.status_words import STATUS_WORDS
from shared.contracts.demand.facts import Location
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.publication import PublicDemand, PublicStep, seen_by_public


def plain(pack: Pack, listed: ListingRow, published: Published) -> ServiceRequest:
    """A demand with the fields of the specification only; fields that are not shown are None."""
    return _plain(pack, listed, seen_by_public(pack.publication, _known(listed, published)))


def extended(pack: Pack, listed: ListingRow, published: Published, steps: Sequence[UpdateRow]) -> ExtendedRequest:
    """A demand with the fields of `extensions=true`."""
    seen = seen_by_public(pack.publication, _known(listed, published, steps))
    answered = [Answered(code=KIND, value=seen.kind)]
    if seen.place:
        answered.insert(0, Answered(code=DIVISION, value=seen.place))
    detailed = SAID[seen.status].detailed if seen.status else None
    return ExtendedRequest(
        **dict(_plain(pack, listed, seen)),
        attributes=tuple(answered),
        extended_attributes=Extended(channel=seen.channel, title=seen.title, detailed_status=detailed),
        notes=tuple(Note(datetime=step.at, description=_words(step), type=step.status) for step in seen.steps),
    )


def updates(pack: Pack, steps: Iterable[UpdateRow], published: Mapping[UUID, Published]) -> list[RequestUpdate]:
    """Steps in FixMyStreet's terms, without those of reports (举报).

    An answer that is released after the demand was resolved is an update of its own: a client that asks for the last
    hours has read the first step before there was a text.
    """
    return [
        RequestUpdate(
            update_id=str(step.id),
            service_request_id=step.number,
            status=SAID[seen.status].fixmystreet,
            external_status_code=seen.status,
            updated_datetime=seen.at,
            description=_words(seen),
        )
        for step in steps
        for seen in _seen(pack, step, published.get(step.demand_id, NOTHING))
    ]


def _plain(pack: Pack, listed: ListingRow, seen: PublicDemand) -> ServiceRequest:
    category = pack.category(seen.category) if seen.category else None
    unit = pack.unit(seen.unit) if seen.unit else None
    return ServiceRequest(
        service_request_id=seen.number,
        # GeoReport requires a status; for a report it only says whether it is still open.
        status=georeport(listed.status),
        status_notes=seen.answer or (STATUS_WORDS[seen.status] if seen.status else CONFIDENTIAL),
        service_name=name(pack, category.name) if category else None,
        service_code=seen.category,
        description=_description(seen),
        agency_responsible=unit.name if unit else None,
        requested_datetime=seen.submitted_at or listed.submitted_at,
        updated_datetime=seen.updated_at,
        expected_datetime=seen.due_at,
        address=address(pack, seen.place) or None if seen.place else None,
        address_id=seen.place,
        lat=seen.point.lat if seen.point else None,
        long=seen.point.lon if seen.point else None,
    )


def _seen(pack: Pack, step: UpdateRow, published: Published) -> tuple[PublicStep, ...]:
    return _seen_release(pack, step, published) if step.is_release else _seen_step(pack, step, published)


def _seen_release(pack: Pack, step: UpdateRow, published: Published) -> tuple[PublicStep, ...]:
    """The released answer; empty if it no longer counts or was never released."""
    public_demand = PublicDemand(
        number=step.number,
        kind=step.kind,
        status=step.status,
        reopenings=published.reopenings,
        release=published.release,
        withheld=published.withheld,
    )
    seen = seen_by_public(pack.publication, public_demand)
    return (PublicStep(step.status, step.at, seen.answer),) if seen.release and seen.answer else ()


def _seen_step(pack: Pack, step: UpdateRow, published: Published) -> tuple[PublicStep, ...]:
    """One step; of several answers only the last one has the released text."""
    is_last = step.at == published.resolved_at
    public_demand = PublicDemand(
        number=step.number,
        kind=step.kind,
        status=step.status,
        reopenings=published.reopenings,
        steps=(PublicStep(step.status, step.at, step.summary if published.release is None else ""),),
        release=published.release if is_last else None,
        withheld=published.withheld,
    )
    return seen_by_public(pack.publication, public_demand).steps


def _known(listed: ListingRow, published: Published, steps: Iterable[UpdateRow] = ()) -> PublicDemand:
    point = None
    if listed.lat is not None and listed.lon is not None:
        point = Location(lat=listed.lat, lon=listed.lon)
    return PublicDemand(
        number=listed.number,
        kind=listed.kind,
        status=listed.status,
        category=listed.category,
        place=listed.division,
        point=point,
        unit=listed.unit,
        channel=listed.channel,
        title=listed.title,
        text=listed.text,
        answer=listed.summary,
        submitted_at=listed.submitted_at,
        updated_at=listed.updated_at,
        due_at=listed.due_at,
        reopenings=published.reopenings,
        steps=tuple(map(_step, steps)),
        release=published.release,
        withheld=published.withheld,
    )


def _step(step: UpdateRow) -> PublicStep:
    return PublicStep(step.status, step.at, step.summary)


def _description(seen: PublicDemand) -> str | None:
    if seen.title is None:
        return None
    text = seen.text or ""
    return text if text.startswith(seen.title) else f"{seen.title}\n\n{text}".strip()


def _words(step: PublicStep) -> str:
    return step.words or STATUS_WORDS[step.status]
