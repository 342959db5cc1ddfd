"""Refuses unknown query parameters: if a misspelt filter were ignored, the answer would hold everything."""

from typing import Any, Final
from weakref import WeakKeyDictionary

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from shared.chassis.http.error_format import ErrorFormat
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import shortened

ADDED_BY_OTHERS: Final = frozenset(
    {"from", "isappinstalled", "nsukey", "spm", "fbclid", "gclid", "utm_source", "utm_medium", "utm_campaign"}
)
"""Parameters that messengers and search engines add to shared links; pages ignore them."""


_KNOWN: Final[WeakKeyDictionary[Any, frozenset[str]]] = WeakKeyDictionary()
"""A cache of the accepted parameters, by the function of the route."""


class ForeignQuery(APIRoute):
    """A route that accepts any query parameters, such as the callback of a gateway."""


async def known_parameters(request: Request) -> None:
    """For `dependencies=`: raises `Refused` for an unknown parameter. Routes with their own format for refusals check
    their parameters themselves."""
    parameters = request.query_params
    route = request.scope.get("route")
    if not parameters or not isinstance(route, APIRoute) or isinstance(route, ForeignQuery):
        return
    if isinstance(route, ErrorFormat) and route.looks_at_parameters:
        return
    accepted = _accepted(route)
    ignored = frozenset() if route.include_in_schema else ADDED_BY_OTHERS
    unknown = [name for name in parameters if name not in accepted and name not in ignored]
    if unknown:
        raise _refused(unknown[0], sorted(accepted))


def _accepted(route: APIRoute) -> frozenset[str]:
    accepted = _KNOWN.get(route.endpoint)
    if accepted is None:
        fields = get_flat_params(route.dependant)
        accepted = frozenset(field.alias for field in fields if isinstance(field.field_info, Query))
        _KNOWN[route.endpoint] = accepted
    return accepted


def _refused(name: str, accepted: list[str]) -> Refused:
    name, names = shortened(name, 60), ", ".join(accepted)
    en = f"this address has no parameter {name!r}; it has {names}" if accepted else "this address has no parameters"
    zh = f"该地址不支持参数 {name!r}，可用参数：{names}" if accepted else "该地址不带参数"
    return Refused(Code.INVALID, en, zh, (FieldError(name, zh, en, next(iter(accepted), None)),))
