"""HTTP clients for calls from one service to another, which pass the current trace on."""

import httpx

from shared.chassis.tracing import spans


def service_client(url: str, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """A client for the service at this URL; it ignores proxy settings."""
    return httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, event_hooks={"request": [_add_trace]})


async def _add_trace(request: httpx.Request) -> None:
    if traceparent := spans.current().passed_on:
        request.headers["traceparent"] = traceparent
