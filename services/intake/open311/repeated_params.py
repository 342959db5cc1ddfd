"""Checks the parameters of a URL: each must be known, and one that is repeated must be a list or have equal values."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from services.intake.open311.errors import Open311Route, invalid
from services.intake.open311.query_params import LISTS, AskedRequests
from shared.contracts.refusals import FieldError, Refused

SCALARS: Final = {*AskedRequests.model_fields, "jurisdiction_id"} - LISTS
NAMED: Final = 5
SHOWN: Final = 64
"""A refusal repeats at most so many unknown names, and so much of each."""

WITHOUT_EFFECT: Final = frozenset({"api_key", "locale", "extensions"})
"""Parameters that real clients send to every path and that would change nothing in an answer.

FixMyStreet and mySociety's open311-adapter send `api_key` with GETs; CitySDK's clients send `locale`; those of Chicago
and Boston send `extensions`. Filters that are not served (`lat`, `long`, `radius`, `agency_responsible`) are refused: a
client that relies on them would take the whole city for a neighbourhood.
"""


class AskingRoute(Open311Route):
    """A route that checks its URL parameters. FastAPI would use the last of several and drop the others."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which gets each parameter once."""
        handle = super().get_route_handler()
        known = frozenset(_names(self.dependant))

        async def asked(request: Request) -> Response:
            try:
                _check_names(request, known)
                once = gathered(request)
            except Refused as refused:
                return self.respond(refused, request)
            return await handle(once)

        return asked


def _names(dependant: Dependant) -> Iterator[str]:
    """The parameters of a route and of its dependencies; those of a model one by one."""
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from model.model_fields
        else:
            yield field.alias
    for part in dependant.dependencies:
        yield from _names(part)


def _check_names(request: Request, known: frozenset[str]) -> None:
    """Raise `Refused` for unknown parameters; an empty one counts as absent."""
    names = dict.fromkeys(name for name, value in request.query_params.multi_items() if value)
    strange = [name for name in names if name not in known | WITHOUT_EFFECT]
    if strange:
        name_list = ", ".join(sorted(known))
        en, zh = f"is not known here; known: {name_list}", f"没有此参数，可用：{name_list}"
        raise invalid(*(FieldError(name[:SHOWN], zh, en) for name in strange[:NAMED]))


def gathered(request: Request) -> Request:
    """The request with repeated list parameters joined; raises `Refused` for other parameters that have different
    values."""
    items, given = request.query_params.multi_items(), defaultdict[str, list[str]](list)
    for name, value in items:
        if value:
            given[name].append(value)
    if len(given) == len(items):
        return request
    if twice := [name for name in given if name in SCALARS and len(set(given[name])) > 1]:
        raise invalid(*(FieldError(name, "只能给出一次", "may be given once only", given[name][0]) for name in twice))
    joined = {name: ",".join(values) if name in LISTS else values[-1] for name, values in given.items()}
    return Request({**request.scope, "query_string": urlencode(joined).encode()}, request.receive)
