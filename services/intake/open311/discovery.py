"""Makes the discovery document of this server."""

from dataclasses import dataclass
from typing import Final

from services.intake.open311.documents import Discovery, Endpoint

CHANGESET: Final = "2026-11-24T00:00:00Z"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """The public URL of this server, the contact for API keys, and whether its demands are real. `other_url` is the
    server of the other type, if there is one: the test server of a production server, or the reverse."""

    url: str
    contact: str
    type: str
    other_url: str = ""


def discovery(place: ServerDescription) -> Discovery:
    """The document at `/open311/discovery`. Production comes first, because many clients use the first endpoint."""
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
