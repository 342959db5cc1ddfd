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


def plain(pack: Pack, listing: ListingRow, published: Published) -> ServiceRequest:
    """A demand with the fields of the specification only; fields that are not shown are None."""
    return _plain(pack, listing, seen_by_public(pack.publication, _known(listing, published)))


def extended(pack: Pack, listing: ListingRow, published: Published, steps: Sequence[UpdateRow]) -> ExtendedRequest:
    """A demand with the fields of `extensions=true`."""
    public_demand = seen_by_public(pack.publication, _known(listing, published, steps))
    answered = [Answered(code=KIND, value=public_demand.kind)]
    if public_demand.place:
        answered.insert(0, Answered(code=DIVISION, value=public_demand.place))
    detailed = SAID[public_demand.status].detailed if public_demand.status else None
    return ExtendedRequest(
        **dict(_plain(pack, listing, public_demand)),
        attributes=tuple(answered),
        extended_attributes=Extended(
            channel=public_demand.channel, title=public_demand.title, detailed_status=detailed
        ),
        notes=tuple(Note(datetime=step.at, description=_words(step), type=step.status) for step in public_demand.steps),
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
            status=SAID[public_step.status].fixmystreet,
            external_status_code=public_step.status,
            updated_datetime=public_step.at,
            description=_words(public_step),
        )
        for step in steps
        for public_step in _seen(pack, step, published.get(step.demand_id, NOTHING))
    ]


def _plain(pack: Pack, listing: ListingRow, public_demand: PublicDemand) -> ServiceRequest:
    category = pack.category(public_demand.category) if public_demand.category else None
    unit = pack.unit(public_demand.unit) if public_demand.unit else None
    return ServiceRequest(
        service_request_id=public_demand.number,
        # GeoReport requires a status; for a report it only says whether it is still open.
        status=georeport(listing.status),
        status_notes=public_demand.answer
        or (STATUS_WORDS[public_demand.status] if public_demand.status else CONFIDENTIAL),
        service_name=name(pack, category.name) if category else None,
        service_code=public_demand.category,
        description=_description(public_demand),
        agency_responsible=unit.name if unit else None,
        requested_datetime=public_demand.submitted_at or listing.submitted_at,
        updated_datetime=public_demand.updated_at,
        expected_datetime=public_demand.due_at,
        address=address(pack, public_demand.place) or None if public_demand.place else None,
        address_id=public_demand.place,
        lat=public_demand.point.lat if public_demand.point else None,
        long=public_demand.point.lon if public_demand.point else None,
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
    visible = seen_by_public(pack.publication, public_demand)
    return (PublicStep(step.status, step.at, visible.answer),) if visible.release and visible.answer else ()


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


def _known(listing: ListingRow, published: Published, steps: Iterable[UpdateRow] = ()) -> PublicDemand:
    point = None
    if listing.lat is not None and listing.lon is not None:
        point = Location(lat=listing.lat, lon=listing.lon)
    return PublicDemand(
        number=listing.number,
        kind=listing.kind,
        status=listing.status,
        category=listing.category,
        place=listing.division,
        point=point,
        unit=listing.unit,
        channel=listing.channel,
        title=listing.title,
        text=listing.text,
        answer=listing.summary,
        submitted_at=listing.submitted_at,
        updated_at=listing.updated_at,
        due_at=listing.due_at,
        reopenings=published.reopenings,
        steps=tuple(map(_step, steps)),
        release=published.release,
        withheld=published.withheld,
    )


def _step(step: UpdateRow) -> PublicStep:
    return PublicStep(step.status, step.at, step.summary)


def _description(public_demand: PublicDemand) -> str | None:
    if public_demand.title is None:
        return None
    text = public_demand.text or ""
    return text if text.startswith(public_demand.title) else f"{public_demand.title}\n\n{text}".strip()


def _words(step: PublicStep) -> str:
    return step.words or STATUS_WORDS[step.status]
