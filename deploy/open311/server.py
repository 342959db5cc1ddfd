"""The examined server: sends requests, caches responses, and knows whether writing is allowed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.open311.answers import NotApplicable, Row, ServerAnswer, Unreadable

XML, JSON = "xml", "json"
UNKNOWN: Final = "no-such-thing-311"
SPECIFICATION: Final = "GeoReport_v2"
_DISCOVERY: Final = ("/discovery.xml", "/discovery.json")


@dataclass(frozen=True, slots=True)
class Manner:
    """The options for requests to the server."""

    api_key: str | None = None
    jurisdiction: str | None = None
    writes: bool = False


@dataclass(slots=True)
class TestedServer:
    """One endpoint of GeoReport v2."""

    client: httpx.AsyncClient
    url: str
    manner: Manner
    now: datetime
    _known: dict[tuple[str, tuple[tuple[str, str], ...]], ServerAnswer] = field(default_factory=dict)

    @classmethod
    async def reach(cls, client: httpx.AsyncClient, url: str, manner: Manner, now: datetime) -> "TestedServer":
        """The server at an endpoint, or at the endpoint in a discovery document; raises if it is neither."""
        server = cls(client, url.rstrip("/"), manner, now)
        if url.endswith(_DISCOVERY):
            server.url = _endpoint(await server.fetch(url), manner.writes).rstrip("/")
        services = await server.get("services.xml")
        if not services.ok:
            raise Unreadable(f"{services}: {services.beginning}")
        return server

    async def fetch(self, url: str, params: dict[str, str] | None = None, accept: str = "*/*") -> ServerAnswer:
        """A GET of any URL."""
        response = await self.client.get(url, params=params or None, headers={"Accept": accept})
        return _answer(response)

    async def get(self, path: str, accept: str = "*/*", **parameters: str) -> ServerAnswer:
        """A GET below the endpoint, in the jurisdiction; responses are cached."""
        jurisdiction = {"jurisdiction_id": self.manner.jurisdiction} if self.manner.jurisdiction else {}
        params = jurisdiction | parameters
        key = (f"{path} {accept}", tuple(sorted(params.items())))
        if key not in self._known:
            self._known[key] = await self.fetch(f"{self.url}/{path}", params, accept)
        return self._known[key]

    async def again(self, path: str, **parameters: str) -> ServerAnswer:
        """The same without the cache."""
        self._known.clear()
        return await self.get(path, **parameters)

    async def post(self, form: dict[str, str], with_key: bool = True) -> ServerAnswer:
        """A POST of a request; raises `NotApplicable` unless writing is allowed."""
        if not self.manner.writes:
            raise NotApplicable("needs --write: it submits a request")
        jurisdiction = {"jurisdiction_id": self.manner.jurisdiction} if self.manner.jurisdiction else {}
        key = {"api_key": self.manner.api_key} if self.manner.api_key and with_key else {}
        self._known.clear()
        return _answer(await self.client.post(f"{self.url}/requests.xml", data=jurisdiction | key | form))

    async def discovery(self, format: str) -> ServerAnswer:
        """The discovery document, beside the endpoint or above it; if there is none, the last response."""
        above = self.url.rpartition("/")[0]
        answers = [await self.fetch(f"{place}/discovery.{format}") for place in (above, self.url)]
        return next((answer for answer in answers if answer.ok), answers[-1])

    async def formats(self) -> tuple[str, ...]:
        """The formats: XML, and JSON if discovery announces it or the list of services exists in JSON."""
        announced = b"application/json" in (await self.discovery(XML)).body
        return (XML, JSON) if announced or (await self.get("services.json")).ok else (XML,)

    async def services(self) -> list[Row]:
        """The list of services."""
        return (await self.get("services.xml")).rows()

    async def described(self) -> Row:
        """The first service with a definition; raises `NotApplicable` if none has one."""
        for service in await self.services():
            if service.get("metadata") == "true":
                return service
        raise NotApplicable("no service says metadata=true")

    async def requests(self, **parameters: str) -> list[Row]:
        """The list of requests."""
        return (await self.get("requests.xml", **parameters)).rows()

    async def known(self) -> Row:
        """An existing request; raises `NotApplicable` if none is listed."""
        for request in await self.requests():
            if request.get("service_request_id"):
                return request
        raise NotApplicable("no request is listed in the last 90 days")

    def ago(self, days: int) -> str:
        """A time before now, in the format of GeoReport."""
        return (self.now - timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(response: httpx.Response) -> ServerAnswer:
    request_line = f"{response.request.method} {urlsplit(str(response.request.url)).path.rpartition('/')[2]}"
    query = urlsplit(str(response.request.url)).query
    request_text = f"{request_line}?{query}" if query else request_line
    return ServerAnswer(request_text, response.status_code, response.headers.get("content-type", ""), response.content)


def _endpoint(discovery: ServerAnswer, writes: bool) -> str:
    """The endpoint of GeoReport v2: the production server, or the test server if requests will be written."""
    if discovery.asked.split("?")[0].endswith(".json"):
        contents = discovery.json()
        endpoints = contents.get("endpoints", []) if isinstance(contents, dict) else []
        described = [
            (endpoint.get("specification"), endpoint.get("url"), endpoint.get("type")) for endpoint in endpoints
        ]
    else:
        places = discovery.xml().iter("endpoint")
        described = [
            (endpoint.findtext("specification"), endpoint.findtext("url"), endpoint.findtext("type"))
            for endpoint in places
        ]
    served = {
        str(type): str(url)
        for specification, url, type in reversed(described)
        if url and SPECIFICATION in str(specification)
    }
    preferred = ("test", "production") if writes else ("production", "test")
    for type in (*preferred, *served):
        if type in served:
            return served[type]
    raise Unreadable(f"{discovery}: no endpoint for {SPECIFICATION}")
