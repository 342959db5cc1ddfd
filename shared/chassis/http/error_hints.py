"""Adds to a refusal the part of the request that must be changed, and an example of a valid value."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fastapi import Request

from shared.chassis.http.validation_errors import IDEMPOTENCY_KEY, example_of_body, example_of_parameter
from shared.contracts.examples import REQUEST_KEY
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused

_USUAL: Final[Mapping[Code, tuple[str, str | None]]] = {
    Code.INVALID: ("body", None),
    Code.TOO_LARGE: ("body", None),
    Code.UNREADABLE: ("body", None),
    Code.UNSUPPORTED: ("Content-Type", "application/json"),
    Code.WRONG_METHOD: ("method", "GET"),
    Code.UNAUTHENTICATED: ("Authorization", "Bearer eyJuYW1lIjoi…"),
    Code.FORBIDDEN: ("Authorization", "Bearer eyJuYW1lIjoi…"),
    Code.NOT_FOUND: ("path", "/docs"),
    Code.KEY_REUSED: (IDEMPOTENCY_KEY, REQUEST_KEY),
    Code.KEY_MISSING: (IDEMPOTENCY_KEY, REQUEST_KEY),
    Code.ILLEGAL_TRANSITION: ("status", None),
    Code.WRONG_TELLER: ("status", None),
    Code.CONFLICT: (IDEMPOTENCY_KEY, REQUEST_KEY),
    Code.STALE: ("If-Match", '"3"'),
    Code.LINK_EXPIRED: ("path", None),
    Code.ERASED: ("path", None),
    Code.CURSOR_GONE: ("after", None),
    Code.QUOTA_USED_UP: ("Retry-After", "5"),
    Code.UNAVAILABLE: ("Retry-After", "5"),
}
"""The part of the request to change, by the code of the refusal, and an example if there is one."""

_BY_PATH: Final = (Code.NOT_FOUND, Code.LINK_EXPIRED, Code.ERASED)


def hints(refused: Refused) -> tuple[FieldError, ...]:
    """The parts of the request that must be changed, with an example where one is known."""
    field, example = _USUAL[refused.code]
    if refused.retry_after is not None:
        example = str(refused.retry_after)
    if not refused.errors:
        return (FieldError(field, refused.zh or ANSWERS[refused.code].zh, refused.en, example),)
    return tuple(replace(e, example=example) if e.field == field and not e.example else e for e in refused.errors)


def with_route_example(refused: Refused, request: Request) -> Refused:
    """The refusal with an example from the route's documentation: of a readable body, or of the path parameter that
    was not found. Any other refusal is returned unchanged."""
    if refused.code is Code.UNREADABLE and not refused.errors:
        body = FieldError("body", refused.zh or ANSWERS[refused.code].zh, refused.en, example_of_body(request))
        return Refused(refused.code, refused.en, refused.zh, (body,), refused.retry_after)
    name = next(reversed(request.path_params), None)
    is_about_path = refused.code in _BY_PATH or (name == "token" and refused.code is Code.UNAUTHENTICATED)
    if refused.errors or name is None or not is_about_path:
        return refused
    example = None if refused.code is Code.ERASED else example_of_parameter(request, name)
    error = FieldError(name, refused.zh or ANSWERS[refused.code].zh, refused.en, example)
    return Refused(refused.code, refused.en, refused.zh, (error,), refused.retry_after)
