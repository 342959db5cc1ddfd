"""A browser at the pages of the portal: opens links, sends forms and follows redirects."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from shared.identity.citizen_links import CitizenLinks, LinkHolder
from tests.city import City
from tests.keys import KEYS

LINKS = CitizenLinks.at("", KEYS["secret"])
HIDDEN = re.compile(r'<input type="hidden" name="(csrf|key|seen)" value="([^"]*)">')


@dataclass(frozen=True, slots=True)
class PortalVisitor:
    """A browser without JavaScript."""

    client: httpx.AsyncClient

    async def see(self, path: str, **parameters: str) -> httpx.Response:
        """Open a page, following redirects."""
        return await self.client.get(path, params=parameters)

    async def send(self, page: str, path: str, files: Any = None, **fields: str) -> httpx.Response:
        """Send the form of a page to this path, with its hidden fields."""
        response = await self.see(page)
        hidden = dict(HIDDEN.findall(response.text))
        return await self.client.post(path, data=hidden | fields, files=files)


@asynccontextmanager
async def visiting(city: City) -> AsyncIterator[PortalVisitor]:
    """A new browser without cookies."""
    async with httpx.AsyncClient(base_url=city.url, follow_redirects=True, trust_env=False, timeout=60) as client:
        yield PortalVisitor(client)


async def link(city: City, number: str, holder: LinkHolder = LinkHolder.CITIZEN) -> str:
    """The path of the page of a demand, as a message contains it."""
    return LINKS.follow((await city.demand(number)).id, holder)
