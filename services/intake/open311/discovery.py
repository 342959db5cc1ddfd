"""What discovery says of this server."""

from dataclasses import dataclass
from typing import Final

from services.intake.open311.documents import Discovery, Endpoint

CHANGESET: Final = "2026-11-24T00:00:00Z"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the public reaches this server, whom to ask for a key, and whether demands are real here.

    `other_url` is the server of the other type, where there is one: the test beside the production, or the reverse.
    """

    url: str
    contact: str
    type: str
    other_url: str = ""


def discovery(place: Place) -> Discovery:
    """The document at `/open311/discovery`; production comes first, since many clients take the first endpoint."""
    urls = {place.type: place.url}
    if place.other_url:
        urls["production" if place.type == "test" else "test"] = place.other_url
    endpoints = tuple(
        Endpoint(
            specification=SPECIFICATION,
            url=f"{urls[type].rstrip('/')}/open311/v2",
            changeset=CHANGESET,
            type=type,
            formats=("text/xml", "application/json"),
        )
        for type in ("production", "test")
        if type in urls
    )
    return Discovery(changeset=CHANGESET, contact=place.contact, key_service=place.contact, endpoints=endpoints)
