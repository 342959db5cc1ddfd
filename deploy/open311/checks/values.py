"""O-18 to O-21: the values in a server's responses."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from deploy.open311.answers import NotApplicable, ServerAnswer
from deploy.open311.server import JSON, XML, TestedServer

STATUSES: Final = ("open", "closed")
TYPES: Final = ("realtime", "batch", "blackbox")
ENDPOINT_TYPES: Final = ("production", "test")
LISTS: Final = ("services", "requests")
_DISCOVERY: Final = ("changeset", "contact", "key_service")
_ENDPOINT: Final = ("specification", "url", "changeset", "type", "formats")
_BOOLEANS: Final = {XML: ("true", "false"), JSON: (True, False)}
Row = Mapping[str, Any]


async def requests(server: TestedServer) -> AsyncIterator[str]:
    """O-18."""
    async for answer, _, row in _listed(server, "requests", "no request is listed in the last 90 days"):
        which = f"{answer}: request {row.get('service_request_id')}"
        if not row.get("service_request_id"):
            yield f"{answer}: a request without service_request_id"
        if not row.get("status"):
            yield f"{which} has no status"
        elif row["status"] not in STATUSES:
            yield f"{which}: status {row['status']!r} is none of {', '.join(STATUSES)}"


async def services(server: TestedServer) -> AsyncIterator[str]:
    """O-19."""
    async for answer, format, row in _listed(server, "services", "no service is listed"):
        which = f"{answer}: service {row.get('service_code')}"
        for name in ("service_code", "service_name"):
            if not row.get(name):
                yield f"{which} has no {name}"
        if not any(row.get("metadata") is allowed or row.get("metadata") == allowed for allowed in _BOOLEANS[format]):
            yield f"{which}: metadata {row.get('metadata')!r} is neither true nor false"
        if row.get("type") not in TYPES:
            yield f"{which}: type {row.get('type')!r} is none of {', '.join(TYPES)}"


async def nulls(server: TestedServer) -> AsyncIterator[str]:
    """O-20."""
    has_rows = False
    for name in LISTS:
        async for answer, _, row in _listed(server, name, None):
            has_rows = True
            which = f"{answer}: {row.get('service_request_id') or row.get('service_code')}"
            empty = [key for key, value in row.items() if value is None or (key == "service_code" and value == "")]
            if empty:
                yield f"{which}: {', '.join(empty)} is null or empty; leave it out"
    if not has_rows:
        raise NotApplicable("neither a service nor a request is listed")


async def discovery(server: TestedServer) -> AsyncIterator[str]:
    """O-21."""
    for format in (XML, JSON):
        answer = await server.discovery(format)
        if not answer.ok:
            continue
        for fault in _faults(_as_rows(answer, format)):
            yield f"{answer}: {fault}"


async def _listed(server: TestedServer, name: str, empty: str | None) -> AsyncIterator[tuple[ServerAnswer, str, Row]]:
    """All rows of a list in each format; raises `NotApplicable` with the reason `empty` if there are none."""
    is_shown = False
    for format in await server.formats():
        answer = await server.get(f"{name}.{format}")
        rows: list[Any] = [*answer.objects()] if format == JSON else [*answer.rows()]
        for row in rows:
            is_shown = True
            yield answer, format, row
    if empty and not is_shown:
        raise NotApplicable(empty)


def _as_rows(answer: ServerAnswer, format: str) -> tuple[Row, list[Row]]:
    """The fields of the document and of its endpoints; an empty list counts as missing."""
    if format == JSON:
        document = answer.json()
        if not isinstance(document, dict):
            return {}, []
        endpoints = document.get("endpoints")
        return document, [endpoint for endpoint in endpoints if isinstance(endpoint, dict)] if isinstance(
            endpoints, list
        ) else []
    root = answer.xml()
    rows = [
        {child.tag: (child.text or "").strip() or len(child) for child in endpoint}
        for endpoint in root.iter("endpoint")
    ]
    return {child.tag: (child.text or "").strip() for child in root}, [*rows]


def _faults(document: tuple[Row, list[Row]]) -> Iterator[str]:
    own, endpoints = document
    yield from (f"no {name}" for name in _DISCOVERY if not own.get(name))
    if not endpoints:
        yield "no endpoint"
    for endpoint in endpoints:
        yield from (f"an endpoint without {name}" for name in _ENDPOINT if not endpoint.get(name))
        if endpoint.get("type") and endpoint["type"] not in ENDPOINT_TYPES:
            yield f"type {endpoint['type']!r} is none of {', '.join(ENDPOINT_TYPES)}"
