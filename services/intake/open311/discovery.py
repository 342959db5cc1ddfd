"""What discovery says of this server."""

from dataclasses import dataclass
from typing import Final

from services.intake.open311.documents import Discovery, Endpoint

CHANGESET: Final = "2026-11-24T00:00:00Z"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the public reaches this server, whom to ask for a key, and whether demands are real here."""

    url: str
    contact: str
    type: str


def discovery(place: Place) -> Discovery:
    """The document at `/open311/discovery`."""
    endpoint = Endpoint(
        specification=SPECIFICATION,
        url=f"{place.url.rstrip('/')}/open311/v2",
        changeset=CHANGESET,
        type=place.type,
        formats=("text/xml", "application/json"),
    )
    return Discovery(changeset=CHANGESET, contact=place.contact, key_service=place.contact, endpoints=(endpoint,))
