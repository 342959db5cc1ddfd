"""Lets one service here ask another without a network: its requests go to an app in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx


class Inside(httpx.AsyncBaseTransport):
    """Hands requests to `app`, which may be made after whoever asks it."""

    app: Any = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await httpx.ASGITransport(self.app, raise_app_exceptions=False).handle_async_request(request)


@contextmanager
def intake_inside() -> Iterator[Inside]:
    """While it is open, feedback is made to ask the app that is put into it who shows a key or a token."""
    transport = Inside()

    def client(url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=transport, base_url=url)

    with patch("services.feedback.webhooks.introspection.intake_client", client):
        yield transport
