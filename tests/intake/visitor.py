"""A browser without JavaScript: follows links, fills in forms and presses buttons."""

import re
from html import unescape
from typing import Any, Final

import httpx

_FIELD: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Visitor:
    """Wraps a client with the visitor's cookies; `page` is the current page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.answer = httpx.Response(200)

    @property
    def page(self) -> str:
        """The text of the page, as people read it."""
        return unescape(self.answer.text)

    @property
    def path(self) -> str:
        """The path of the page."""
        return str(self.answer.url.path)

    async def open(self, path: str) -> httpx.Response:
        """Follow a link."""
        self.answer = await self.client.get(path, follow_redirects=True)
        return self.answer

    def form(self) -> dict[str, Any]:
        """The hidden fields of the form on the page."""
        markup = re.search(r'<form method="post".*?</form>', self.answer.text, re.DOTALL)
        assert markup, self.answer.text
        return {name: unescape(value) for name, value in _FIELD.findall(markup[0])}

    async def send(self, files: Any = None, **fields: Any) -> httpx.Response:
        """Fill in the form of the page and press the button that these fields name."""
        form = self.form()
        action = re.search(r'<form method="post" action="([^"]*)"', self.answer.text)
        assert action
        return await self.post(unescape(action[1]), form | fields, files)

    async def post(self, path: str, fields: dict[str, Any], files: Any = None) -> httpx.Response:
        """Send a form, and open the page after it."""
        self.answer = await self.client.post(path, data=fields, files=files, follow_redirects=True)
        return self.answer

    async def writes(self, words: str, files: Any = None) -> None:
        """The first step."""
        await self.open("/raise")
        await self.send(words=words, files=files)

    async def places(self, *codes: str) -> None:
        """The second one."""
        for code in codes:
            await self.send(division=code)

    async def raises(self, words: str, *codes: str, **contact: str) -> tuple[str, str]:
        """All steps with ordinary answers; the number and the code."""
        await self.writes(words)
        await self.places(*codes)
        await self.send(**contact)
        if self.path.endswith("/similar"):
            await self.send()
        await self.send()
        return self.receipt()

    def receipt(self) -> tuple[str, str]:
        """The number and the code, "" where there is none."""
        values = re.findall(r'<dd class="receipt">([^<]+)</dd>', self.answer.text)
        assert values, self.answer.text
        return values[0], values[1].replace(" ", "") if len(values) > 1 else ""
