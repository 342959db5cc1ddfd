"""O-01 to O-06: the formats of responses, and their structure."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from deploy.open311.answers import NotApplicable, ServerAnswer
from deploy.open311.server import JSON, XML, TestedServer

MEDIA: Final = {XML: "text/xml; charset=utf-8", JSON: "application/json; charset=utf-8"}
ROOTS: Final = {"services.xml": "services", "requests.xml": "service_requests"}
# fmt: off
TAGS: Final = frozenset({
    "services", "service", "service_code", "service_name", "description", "metadata", "type", "keywords", "group",
    "service_definition", "attributes", "attribute", "variable", "code", "datatype", "required",
    "datatype_description", "order", "values", "value", "key", "name",
    "service_requests", "request", "service_request_id", "status", "status_notes", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id",
    "zipcode", "lat", "long", "media_url",
})
# fmt: on
DATES: Final = ("requested_datetime", "updated_datetime", "expected_datetime")
_DECLARATION: Final = re.compile(rb"^(\xef\xbb\xbf)?<\?xml [^>]*encoding=[\"']utf-8[\"']", re.IGNORECASE)
_DATE: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


async def offered(server: TestedServer) -> AsyncIterator[str]:
    """O-01."""
    for format in (XML, JSON):
        answer = await server.discovery(format)
        if not answer.ok:
            yield f"{answer}: no discovery beside the endpoint or above it"
    services = await server.get("services.xml")
    if not services.ok or services.xml().tag != "services":
        yield f"{services}: {services.beginning}"
    if JSON in await server.formats():
        answer = await server.get("services.json")
        if not answer.ok:
            yield f"discovery announces application/json, but {answer}"
        answer.json()


async def by_suffix(server: TestedServer) -> AsyncIterator[str]:
    """O-02."""
    for format in await server.formats():
        other = "application/json" if format == XML else "text/xml"
        answer = await server.get(f"services.{format}", accept=other)
        is_json = answer.body.lstrip()[:1] in (b"[", b"{")
        if not answer.ok or is_json != (format == JSON):
            yield f"with Accept: {other}, {answer}: {answer.beginning}"


async def media_types(server: TestedServer) -> AsyncIterator[str]:
    """O-03."""
    for format in await server.formats():
        for path in ("services", "requests"):
            answer = await server.get(f"{path}.{format}")
            if answer.content_type.lower().replace("; ", ";").replace('"', "") != MEDIA[format].replace("; ", ";"):
                yield f"{answer}, not {MEDIA[format]}"
            if format == XML and not _DECLARATION.match(answer.body):
                yield f"{answer}: no XML declaration with encoding utf-8: {answer.beginning}"


async def known_tags(server: TestedServer) -> AsyncIterator[str]:
    """O-04."""
    for answer in await _documents(server):
        tags = {element.tag for element in answer.xml().iter()}
        foreign = sorted(tag for tag in tags if tag not in TAGS)
        if foreign:
            yield f"{answer}: {', '.join(foreign[:5])}"


async def spark(server: TestedServer) -> AsyncIterator[str]:
    """O-05."""
    for path, root in ROOTS.items():
        answer = await server.get(path)
        if answer.xml().tag != root:
            yield f"{answer}: the root is {answer.xml().tag}, not {root}"
    if JSON not in await server.formats():
        raise NotApplicable("the server speaks no JSON")
    for path, name in (("services.json", "service_code"), ("requests.json", "service_request_id")):
        answer = await server.get(path)
        for entry in answer.objects():
            for wrong in _faults(entry, name):
                yield f"{answer}: {wrong}"
                break
    for wrong in await _definition(server):
        yield wrong


async def dates(server: TestedServer) -> AsyncIterator[str]:
    """O-06."""
    requests = await server.requests()
    if not requests:
        raise NotApplicable("no request is listed in the last 90 days")
    for request in requests:
        for name in DATES:
            if request.get(name) and not _DATE.match(request[name]):
                yield f"request {request.get('service_request_id')}: {name} {request[name]!r}"


def _faults(row: dict[str, Any], identity: str) -> Iterator[str]:
    if not isinstance(row.get(identity), str):
        yield f"{identity} is {row.get(identity)!r}, not a string"
    for name, value in row.items():
        if value == "":
            yield f"{name} is an empty string"


async def _definition(server: TestedServer) -> list[str]:
    try:
        service = await server.described()
    except NotApplicable:
        return []
    answer = await server.get(f"services/{service['service_code']}.json")
    definition = answer.json()
    attributes = definition.get("attributes") if isinstance(definition, dict) else None
    if not isinstance(attributes, list):
        return [f"{answer}: no bare object with an array of attributes: {answer.beginning}"]
    return [f"{answer}: values of {a.get('code')} are no array" for a in attributes if not _has_values(a)]


def _has_values(attribute: dict[str, Any]) -> bool:
    return attribute.get("values") is None or isinstance(attribute["values"], list)


async def _documents(server: TestedServer) -> list[ServerAnswer]:
    answers = [await server.get("services.xml"), await server.get("requests.xml")]
    try:
        service = await server.described()
    except NotApplicable:
        return answers
    return [*answers, await server.get(f"services/{service['service_code']}.xml")]
