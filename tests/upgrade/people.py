"""Citizens and staff of a town, who go on while the processes under them are replaced."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from shared.chassis.base.tokens import Tokens
from tests.eventually import ended, eventually

STATION: Final = "station-440605011001"
MATTER: Final = {"title": "村口路面塌陷", "category": "road-damage", "division": "440605011001"}
LINK: Final = re.compile(r"https?://[^/\s]+/rate/([\w.~-]+)")
AT_ONCE: Final = 2
"""People who raise something at the same time."""
WITHIN: Final = 240
"""Seconds for a step, on a machine that is busy elsewhere."""
SLOW_DOWN: Final = frozenset({429, 503})


@dataclass(slots=True)
class Demand:
    """A demand as its citizen knows it."""

    id: str
    number: str
    code: str
    rounds: int = 0
    """How often it was answered."""


@dataclass(slots=True)
class People:
    """What they raised, and what went wrong for them. `urls` lead to the API of each service."""

    urls: Mapping[str, str]
    secret: str
    key: str
    messages: Path
    client: httpx.AsyncClient
    raised: list[Demand] = field(default_factory=list)
    closed: list[Demand] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """What was asked in vain, by request and answer; it was asked again and taken."""
    turns: Any = field(default_factory=lambda: count(1))

    async def raises(self) -> Demand:
        """Somebody raises a demand; it is routed when this returns."""
        headers = {"X-API-Key": self.key, "Idempotency-Key": str(uuid4())}
        body = MATTER | {"contact": {"phone": f"138{next(self.turns):08}"}}
        receipt = (await self._sent("POST", "intake", "/v1/demands", headers, body)).json()
        demand = Demand(receipt["id"], receipt["number"], receipt["code"])
        self.raised.append(demand)
        await self._stands(demand, "routed")
        return demand

    async def is_handled(self, demand: Demand) -> None:
        """The station signs for it, speaks with the citizen and answers."""
        demand.rounds += 1
        for command, fields in (("accept", {}), ("contact", {"note": "已电话联系"}), ("resolve", {"result": "修好了"})):
            key = {"Idempotency-Key": f"{demand.number}-{command}-{demand.rounds}"}
            path = f"/v1/cases/{demand.number}/{command}"
            await self._sent("POST", "routing", path, self._staff(STATION, "head") | key, fields)

    async def is_rated(self, demand: Demand, solved: bool) -> str:
        """The citizen opens the link of the message and judges; where the demand stands then."""

        async def links() -> list[str]:
            return [link for id, link in self._links() if id == demand.id]

        if demand.rounds == 1:
            (link, *_) = await eventually(links, bool, within=WITHIN)
        else:  # An hour has room for few messages to one citizen: the next link may come too late for a test.
            link = Tokens(self.secret).write("rate", {"demand": demand.id})
        await self._sent("GET", "feedback", f"/v1/ratings/{link}")
        verdict = {"rating": 5 if solved else 1, "solved": solved, "comment": "" if solved else "又塌了"}
        return str((await self._sent("POST", "feedback", f"/v1/ratings/{link}", {}, verdict)).json()["status"])

    async def goes_through(self, demand: Demand, is_disputed: bool = False) -> None:
        """From the station to the end; of one that is disputed twice."""
        await self.is_handled(demand)
        if is_disputed:
            assert await self.is_rated(demand, solved=False) == "reopened"
            await self._stands(demand, "routed")
            await self.is_handled(demand)
        assert await self.is_rated(demand, solved=True) == "closed"
        await self._looks_around(demand)
        self.closed.append(demand)

    async def finish(self, more: int) -> None:
        """Return when so many more demands have been closed."""
        wanted = len(self.closed) + more

        async def done() -> int:
            return len(self.closed)

        await eventually(done, lambda known: known >= wanted, within=2 * WITHIN)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They raise, handle and rate all the while; what was begun is ended before this ends."""
        stopping = asyncio.Event()
        lives = [asyncio.create_task(self._live(stopping, n)) for n in range(AT_ONCE)]
        watching = asyncio.ensure_future(asyncio.wait(lives, return_when=asyncio.FIRST_EXCEPTION))
        try:
            yield
            stopping.set()
            await asyncio.gather(*lives)
        finally:
            for life in lives:
                life.cancel()
            with suppress(asyncio.CancelledError):
                await ended(watching)

    async def _live(self, stopping: asyncio.Event, n: int) -> None:
        while not stopping.is_set():
            await self.goes_through(await self.raises(), is_disputed=n == 0)

    async def _looks_around(self, demand: Demand) -> None:
        """The citizen, the coordinator, a leader and anybody read."""
        code, coordinator = {"X-Demand-Code": demand.code}, self._staff("nh-coordinator", "dispatcher")
        seen = await self._sent("GET", "intake", f"/v1/demands/{demand.number}", {"X-API-Key": self.key} | code)
        assert seen.json()["number"] == demand.number
        await self._sent("GET", "routing", "/v1/cases?limit=20", coordinator)
        await self._sent("GET", "reporting", "/v1/figures/completion?jurisdiction=nanhai")
        await self._sent("GET", "reporting", "/board?jurisdiction=nanhai")

    async def _stands(self, demand: Demand, status: str) -> None:
        """Return when the coordinator sees it so; routing has not heard of it at first."""

        async def seen() -> str:
            headers = self._staff("nh-coordinator", "dispatcher")
            answer = await self._ask("GET", "routing", f"/v1/cases/{demand.number}", headers)
            return str(answer.json()["demand"]["status"]) if answer and answer.is_success else ""

        await eventually(seen, lambda known: known == status, within=WITHIN)

    def _links(self) -> list[tuple[str, str]]:
        """By the id of the demand, in the order of their messages."""
        lines = self.messages.read_text("utf-8").splitlines() if self.messages.exists() else []
        found = ((line["demand_id"], LINK.search(line["body"])) for line in map(json.loads, lines))
        return [(id, match[1]) for id, match in found if match]

    def _staff(self, unit: str, *roles: str) -> dict[str, str]:
        person = {"name": "陈", "unit": unit, "roles": list(roles)}
        return {"Authorization": f"Bearer {Tokens(self.secret).write('staff', person)}"}

    async def _sent(
        self, method: str, service: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> httpx.Response:
        """Asked again until it is taken, as a channel does; every answer before is written down."""

        async def asked() -> httpx.Response | None:
            answer = await self._ask(method, service, path, headers, body)
            if answer is not None and not answer.is_success:
                self.refused[f"{method} {service} {answer.status_code} {answer.text[:200]}"] += 1
            return answer

        answer = await eventually(asked, lambda found: found is not None and found.is_success, within=WITHIN)
        assert answer
        return answer

    async def _ask(
        self, method: str, service: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> httpx.Response | None:
        """The answer; None where there was none."""
        try:
            return await self.client.request(method, self.urls[service] + path, headers=headers, json=body)
        except httpx.TransportError as fault:
            self.refused[f"{method} {service} {fault!r}"] += 1
            return None
