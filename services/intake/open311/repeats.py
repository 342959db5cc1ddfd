"""What stands in a URL more than once: a list goes on, anything else must be said once."""

from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response

from services.intake.open311.errors import Open311Route, invalid
from services.intake.open311.selection import LISTS, AskedRequests
from shared.contracts.refusals import FieldError, Refused

SCALARS: Final = {*AskedRequests.model_fields, "jurisdiction_id"} - LISTS


class AskingRoute(Open311Route):
    """A route that reads its arguments from the URL; FastAPI would count the last of several and drop the others."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which sees every argument once."""
        handle = super().get_route_handler()

        async def asked(request: Request) -> Response:
            try:
                once = gathered(request)
            except Refused as refused:
                return self.tell(refused, request)
            return await handle(once)

        return asked


def gathered(request: Request) -> Request:
    """The request with its lists joined; raises `Refused` for other arguments that differ from themselves."""
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
