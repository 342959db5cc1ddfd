"""Connections to another service, whose requests pass the trace on that is at work."""

import httpx

from shared.chassis.tracing import spans


def service_client(url: str, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """For the service at this address; no proxy is asked."""
    return httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False, event_hooks={"request": [_pass_trace_on]})


async def _pass_trace_on(request: httpx.Request) -> None:
    if traceparent := spans.current().passed_on:
        request.headers["traceparent"] = traceparent
