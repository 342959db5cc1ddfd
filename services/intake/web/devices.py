"""The common parts of pages that a device stores: the script of their service worker, and how a device sends what
waited."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from shared.web.assets import catalogue


def worker_script(scope: str, *names: str) -> Response:
    """One script of these assets, for a service worker that handles every URL below `scope`."""
    script = b"\n".join(catalogue()[name].content for name in names)
    headers = {"Service-Worker-Allowed": scope, "Cache-Control": "no-cache"}
    return Response(script, media_type="text/javascript", headers=headers)


def is_program(request: Request) -> bool:
    """Whether a script sent the request, which wants JSON, and not a form."""
    return request.headers.get("accept") == "application/json"


def key_of(written: Any) -> UUID | None:
    """The id that a device gave to what it sends; None if there is none."""
    try:
        return UUID(str(written))
    except ValueError:
        return None
