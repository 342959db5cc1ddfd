"""O-07 to O-09, O-15, O-17: which requests a server lists."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from deploy.open311.answers import ServerAnswer
from deploy.open311.server import JSON, UNKNOWN, TestedServer

DAYS: Final = 90
MOST: Final = 1000
TOLERANCE: Final = timedelta(days=1)
FILTERS: Final = ("service_request_id", "service_code", "start_date", "end_date", "status")


async def empty_is_absent(server: TestedServer) -> AsyncIterator[str]:
    """O-07."""
    before = _ids(await server.get("requests.xml"))
    answer = await server.get("requests.xml", **dict.fromkeys(FILTERS, ""))
    if not answer.ok:
        yield f"{answer}: {answer.beginning}"
        return
    if _ids(answer) != before and _ids(answer) != _ids(await server.again("requests.xml")):
        yield f"{len(before)} requests without arguments, {len(_ids(answer))} with empty ones"


async def default_window(server: TestedServer) -> AsyncIterator[str]:
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


async def longest_span(server: TestedServer) -> AsyncIterator[str]:
    """O-09."""
    answer = await server.get("requests.xml", start_date=server.ago(300), end_date=server.ago(200))
    if answer.status != 400:
        yield f"{answer}, not 400"
    short = await server.get("requests.xml", start_date=server.ago(DAYS), end_date=server.ago(0))
    if not short.ok:
        yield f"{DAYS} days are allowed, but {short}"


async def ids_override(server: TestedServer) -> AsyncIterator[str]:
    """O-15."""
    request = await server.known()
    listed = [row["service_request_id"] for row in await server.requests() if row.get("service_request_id")][:2]
    other = "closed" if request.get("status") == "open" else "open"
    answer = await server.get(
        "requests.xml",
        service_request_id=",".join(listed),
        status=other,
        start_date="1990-01-01T00:00:00Z",
        end_date="1990-01-02T00:00:00Z",
    )
    if not answer.ok:
        yield f"{answer}: {answer.beginning}"
    elif _ids(answer) != set(listed):
        yield f"{answer}: {len(_ids(answer))} requests, not the {len(listed)} that were named"


async def one_request(server: TestedServer) -> AsyncIterator[str]:
    """O-17."""
    for format in await server.formats():
        answer = await server.get(f"requests/{UNKNOWN}.{format}")
        if answer.status != 404:
            yield f"{answer}, not 404"
    request = await server.known()
    path = f"requests/{request['service_request_id']}"
    answer = await server.get(f"{path}.xml")
    if [row.get("service_request_id") for row in answer.rows()] != [request["service_request_id"]]:
        yield f"{answer}: no list with this one request: {answer.beginning}"
    if JSON in await server.formats() and len((await server.get(f"{path}.json")).objects()) != 1:
        yield f"{path}.json: not one request"


def _ids(answer: ServerAnswer) -> set[str]:
    return {row.get("service_request_id", "") for row in answer.rows()}


def _moment(written: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else None
