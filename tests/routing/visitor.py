"""A person at the desk with a browser that only follows links and sends forms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.city import City


class _Page(HTMLParser):
    """The hidden fields of each form, by its action, and the text that people read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.posted: dict[str, dict[str, str]] = {}
        self.words: list[str] = []
        self._form = ""
        self._unread = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = attributes.get("action", "")
            fields = self.forms.setdefault(self._form, {})
            if attributes.get("method", "get").lower() == "post":
                self.posted[self._form] = fields
        elif tag == "input" and attributes.get("type") == "hidden":
            self.forms[self._form][attributes["name"]] = attributes.get("value", "")
        elif tag in ("script", "style", "title"):
            self._unread = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unread:
            self._unread = ""

    def handle_data(self, data: str) -> None:
        if not self._unread and data.strip():
            self.words.append(data.strip())


def words_of(html: str) -> list[str]:
    """All texts of a page."""
    return _Page(html).words


def forms_of(html: str) -> dict[str, dict[str, str]]:
    """The hidden fields of each form of a page that is sent by POST, by its action."""
    return _Page(html).posted


@dataclass(slots=True)
class Visitor:
    """Opens pages and sends their forms."""

    client: httpx.AsyncClient

    async def open(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def hidden(self, path: str, action: str = "") -> dict[str, str]:
        """The hidden fields of the form with this action on a page; of the page's own address by default."""
        return dict(_form(await self.open(path), action or path)[1])

    async def send(self, path: str, action: str = "", **typed: str | list[str]) -> httpx.Response:
        """Fill in a form of a page and send it to its action."""
        address, hidden = _form(await self.open(path), action or path)
        return await self.client.post(address, data=hidden | typed)


def _form(page: httpx.Response, action: str) -> tuple[str, dict[str, str]]:
    """The address and the hidden fields of the form with this action; a short action matches with any query
    and fragment."""
    forms = _Page(page.text).forms
    path = _path(action)
    address = action if action in forms else next(actions for actions in forms if _path(actions) == path)
    return address, forms[address]


def _path(action: str) -> str:
    return urlsplit(action).path


@asynccontextmanager
async def visitor(city: City, person: str = "") -> AsyncIterator[Visitor]:
    """A visitor signed in as this demo person, or signed out without one."""
    async with httpx.AsyncClient(base_url=city.url, follow_redirects=True, trust_env=False) as client:
        if person:
            answer = await client.post("/sign-in/demo", data={"person": person})
            assert answer.status_code == 200, answer.text
        yield Visitor(client)
