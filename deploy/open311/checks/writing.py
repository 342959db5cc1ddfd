"""O-13, O-14, O-16: submitting requests; every request says that it is a test."""

from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from deploy.open311.answers import NotApplicable
from deploy.open311.server import TestedServer

TEST: Final = "Test of the Open311 interface, please ignore / Open311 接口测试，请忽略"
SAMPLES: Final = {"number": "1", "datetime": "2026-01-01T00:00:00Z"}


async def id_or_token(server: TestedServer) -> AsyncIterator[str]:
    """O-13."""
    answer = await server.post(await form(server))
    rows = answer.rows()
    if len(rows) != 1:
        yield f"{answer}: {len(rows)} requests, not one"
    for row in rows:
        given = [name for name in ("service_request_id", "token") if row.get(name)]
        if len(given) != 1:
            yield f"{answer}: {' and '.join(given) or 'neither service_request_id nor token'}"


async def encrypted(server: TestedServer) -> AsyncIterator[str]:
    """O-14."""
    address = urlsplit(server.url)
    if address.scheme != "https" and _is_here(address.hostname or ""):
        raise NotApplicable(f"{address.hostname} is this machine")
    if address.scheme != "https":
        yield f"{server.url} is not https"


async def required_attributes(server: TestedServer) -> AsyncIterator[str]:
    """O-16."""
    for service in await server.services():
        needed = await _required(server, service) if service.get("metadata") == "true" else []
        if needed:
            break
    else:
        raise NotApplicable("no service has a required attribute")
    code = needed[0].findtext("code", "")
    answer = await server.post({**await _about(server, service["service_code"]), **_answers(needed[1:])})
    if answer.status != 400:
        yield f"without attribute[{code}], {answer}, not 400"
    elif code not in answer.body.decode("utf-8", "replace"):
        yield f"{answer} does not name {code}: {answer.beginning}"


async def form(server: TestedServer) -> dict[str, str]:
    """A request that the server should accept: for its first service, at the place of an existing request."""
    services = await server.services()
    if not services:
        raise NotApplicable("no service is listed")
    return {**await _about(server, services[0]["service_code"]), **_answers(await _required(server, services[0]))}


async def _about(server: TestedServer, service_code: str) -> dict[str, str]:
    for request in await server.requests():
        if request.get("lat") and request.get("long"):
            place = {"lat": request["lat"], "long": request["long"]}
            break
    else:
        place = {"address_string": TEST}
    return {"service_code": service_code, "description": TEST, **place}


async def _required(server: TestedServer, service: dict[str, str]) -> list[Element]:
    if service.get("metadata") != "true":
        return []
    answer = await server.get(f"services/{service['service_code']}.xml")
    return [a for a in answer.xml().iter("attribute") if _is(a, "required") and _is(a, "variable")]


def _answers(attributes: list[Element]) -> dict[str, str]:
    return {f"attribute[{a.findtext('code')}]": _sample(a) for a in attributes}


def _sample(attribute: Element) -> str:
    choice = attribute.findtext("values/value/key")
    return choice or SAMPLES.get(attribute.findtext("datatype", ""), TEST)


def _is(attribute: Element, name: str) -> bool:
    return (attribute.findtext(name) or "").strip().lower() == "true"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
