"""O-07 to O-09, O-15, O-17: which requests are listed."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from deploy.open311.answers import Answer
from deploy.open311.server import JSON, UNKNOWN, Server

DAYS: Final = 90
MOST: Final = 1000
TOLERANCE: Final = timedelta(days=1)
FILTERS: Final = ("service_request_id", "service_code", "start_date", "end_date", "status")


async def empty_is_absent(server: Server) -> AsyncIterator[str]:
    """O-07."""
    before = _ids(await server.get("requests.xml"))
    told = await server.get("requests.xml", **dict.fromkeys(FILTERS, ""))
    if not told.ok:
        yield f"{told}: {told.beginning}"
        return
    if _ids(told) != before and _ids(told) != _ids(await server.again("requests.xml")):
        yield f"{len(before)} requests without arguments, {len(_ids(told))} with empty ones"


async def default_window(server: Server) -> AsyncIterator[str]:
    """O-08."""
    requests = await server.requests()
    if len(requests) > MOST:
        yield f"{len(requests)} requests at once"
    earliest = server.now - timedelta(days=DAYS) - TOLERANCE
    for request in requests:
        at = _moment(request.get("requested_datetime", ""))
        if at and at < earliest:
            yield f"request {request.get('service_request_id')} of {at.isoformat()}"
            return


async def longest_span(server: Server) -> AsyncIterator[str]:
    """O-09."""
    told = await server.get("requests.xml", start_date=server.ago(300), end_date=server.ago(200))
    if told.status != 400:
        yield f"{told}, not 400"
    short = await server.get("requests.xml", start_date=server.ago(DAYS), end_date=server.ago(0))
    if not short.ok:
        yield f"{DAYS} days are allowed, but {short}"


async def ids_override(server: Server) -> AsyncIterator[str]:
    """O-15."""
    request = await server.known()
    listed = [row["service_request_id"] for row in await server.requests() if row.get("service_request_id")][:2]
    other = "closed" if request.get("status") == "open" else "open"
    told = await server.get(
        "requests.xml",
        service_request_id=",".join(listed),
        status=other,
        start_date="1990-01-01T00:00:00Z",
        end_date="1990-01-02T00:00:00Z",
    )
    if not told.ok:
        yield f"{told}: {told.beginning}"
    elif _ids(told) != set(listed):
        yield f"{told}: {len(_ids(told))} requests, not the {len(listed)} that were named"


async def one_request(server: Server) -> AsyncIterator[str]:
    """O-17."""
    for format in await server.formats():
        told = await server.get(f"requests/{UNKNOWN}.{format}")
        if told.status != 404:
            yield f"{told}, not 404"
    request = await server.known()
    path = f"requests/{request['service_request_id']}"
    told = await server.get(f"{path}.xml")
    if [row.get("service_request_id") for row in told.rows()] != [request["service_request_id"]]:
        yield f"{told}: no list with this one request: {told.beginning}"
    if JSON in await server.formats() and len((await server.get(f"{path}.json")).objects()) != 1:
        yield f"{path}.json: not one request"


def _ids(told: Answer) -> set[str]:
    return {row.get("service_request_id", "") for row in told.rows()}


def _moment(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else None
