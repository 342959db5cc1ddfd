"""HTTP clients for calls from one service to another, which pass the current trace on."""

import ssl
from functools import cache

import httpx

from shared.chassis.tracing import spans


def service_client(url: str, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """A client for the service at this URL; it ignores proxy settings."""
    hooks = {"request": [_add_trace]}
    return httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, verify=_authorities(), event_hooks=hooks)


@cache
def _authorities() -> ssl.SSLContext:
    """The trusted authorities. Each client would read their list again, which takes 20 ms of a processor."""
    return httpx.create_ssl_context(trust_env=False)


async def _add_trace(request: httpx.Request) -> None:
    if traceparent := spans.current().passed_on:
        request.headers["traceparent"] = traceparent
