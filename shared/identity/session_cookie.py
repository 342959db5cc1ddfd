"""The name of the cookie with a session's secret, and whether a browser has one."""

from typing import Annotated, Final

from fastapi import Depends, Request

from shared.chassis.http import response_headers

NAME: Final = "huying"
SECURE: Final = "__Host-"
"""Over https the name has this prefix, so that other hosts of the domain cannot set the cookie."""


def seems_signed_in(request: Request) -> bool:
    """For `Depends`: whether the browser has the cookie of a session, good or not. It is enough for a public page to
    show the link to the desk; the desk looks whether the session is good."""
    response_headers.add({"Vary": "Cookie"})
    return any(name in request.cookies for name in (NAME, f"{SECURE}{NAME}"))


IsStaff = Annotated[bool, Depends(seems_signed_in)]
