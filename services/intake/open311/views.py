"""A demand as the public may see it: masked words, no person, and a reported offence without its words."""

from collections.abc import Iterable, Sequence

from services.intake.open311.documents import ServiceRequest
from services.intake.open311.extensions import Answered, Extended, ExtendedRequest, Note, RequestUpdate
from services.intake.open311.queries import Listing, Step
from services.intake.open311.services import DIVISION, KIND, address, name
from services.intake.open311.statuses import SAID, georeport
from shared.contracts.demand import is_confidential
from shared.jurisdiction.pack import Pack


def plain(pack: Pack, listed: Listing) -> ServiceRequest:
    """The fields of the specification and no other."""
    category = pack.category(listed.category) if listed.category else None
    unit = pack.unit(listed.unit) if listed.unit else None
    return ServiceRequest(
        service_request_id=listed.number,
        status=georeport(listed.status),
        status_notes=listed.summary or SAID[listed.status].words,
        service_name=name(pack, category.name) if category else None,
        service_code=listed.category,
        description=_description(listed),
        agency_responsible=unit.name if unit else None,
        requested_datetime=listed.submitted_at,
        updated_datetime=listed.updated_at,
        expected_datetime=listed.due_at,
        address=address(pack, listed.division),
        address_id=listed.division,
        lat=listed.lat,
        long=listed.lon,
    )


def extended(pack: Pack, listed: Listing, steps: Sequence[Step]) -> ExtendedRequest:
    """The same with what `extensions=true` asks for."""
    title = None if is_confidential(listed.kind) else listed.title
    detailed = SAID[listed.status].detailed
    return ExtendedRequest(
        **dict(plain(pack, listed)),
        attributes=(Answered(code=DIVISION, value=listed.division), Answered(code=KIND, value=listed.kind)),
        extended_attributes=Extended(channel=listed.channel, title=title, detailed_status=detailed),
        notes=tuple(Note(datetime=step.at, description=_words(step), type=step.status) for step in steps),
    )


def updates(steps: Iterable[Step]) -> list[RequestUpdate]:
    """Steps in FixMyStreet's words."""
    return [
        RequestUpdate(
            update_id=str(step.id),
            service_request_id=step.number,
            status=SAID[step.status].fixmystreet,
            updated_datetime=step.at,
            description=_words(step),
        )
        for step in steps
    ]


def _description(listed: Listing) -> str | None:
    if is_confidential(listed.kind):
        return None
    if listed.text.startswith(listed.title):
        return listed.text
    return f"{listed.title}\n\n{listed.text}".strip()


def _words(step: Step) -> str:
    return step.summary or SAID[step.status].words
