"""Checks the health of a process over HTTP, and that it belongs to this deployment."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpx

from shared.chassis.http.probe_headers import DEPLOYMENT

TIMEOUT: Final = 5.0
MISSING: Final = "does not answer"


@cache
def trusted() -> ssl.SSLContext:
    """The trusted certificate authorities. Loaded once, because that takes longer than all requests of a client."""
    return httpx.create_ssl_context(trust_env=False)


def client(timeout: float | httpx.Timeout = TIMEOUT) -> httpx.AsyncClient:
    """An HTTP client for health requests, which uses no proxy."""
    return httpx.AsyncClient(verify=trusted(), timeout=timeout, trust_env=False)


@dataclass(frozen=True, slots=True)
class Health:
    """The URL of a process's health server; `deployment` is the id that its answers must have, or empty."""

    url: str
    deployment: str = ""

    async def wrong(self, path: str) -> str | None:
        """In words what is wrong by the answer to `/livez` or `/readyz`; None when nothing is."""
        try:
            async with client(TIMEOUT) as asking:
                answer = await asking.get(f"{self.url}{path}")
        except httpx.TimeoutException:
            return f"{self.url}{path} {MISSING} within {TIMEOUT:.0f} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
            return f"{self.url}{path} {MISSING} ({str(fault) or type(fault).__name__})"
        if self.deployment and answer.headers.get(DEPLOYMENT, "") != self.deployment:
            return f"{self.url} is answered by another program, not by this deployment"
        reasons = "; ".join(answer.text[:500].splitlines())
        return None if answer.is_success else f"{path} says {answer.status_code}: {reasons}"


async def first_unhealthy(places: Sequence[Health], path: str) -> str | None:
    """What is wrong at the first place that is not healthy; None if all are."""
    for place in places:
        if problem := await place.wrong(path):
            return problem
    return None
