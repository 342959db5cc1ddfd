"""Routes of pages, whose refusals and faults are pages too: people must not be shown a document for programs."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.chassis.http.error_format import ErrorFormat
from shared.chassis.http.problem_details import refusal_of, route_of
from shared.contracts.refusals import Code, Refused

INCOMPLETE: Final = Refused(
    Code.INVALID, "the address or the form is not complete: go back and try again", "地址或表单有误，请返回重试"
)
_UNREADABLE: Final = frozenset({400, 413})


class PageRoute(ErrorFormat):
    """A page whose refusals and faults are pages too; a subclass says how they look."""

    looks_at_parameters = False

    @staticmethod
    def tell(refused: Refused | None, request: Request) -> Response:
        """The page for a refusal; None stands for a fault of this server, which is logged."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, around which refusals and faults are shown."""
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError:
                return self.tell(INCOMPLETE, request)
            except HTTPException as fault:
                if fault.status_code not in _UNREADABLE:
                    raise  # a redirect, such as the way to the sign-in
                return self.tell(INCOMPLETE, request)
            except Exception as fault:  # noqa: BLE001 (people must not be shown a document for programs)
                return self.tell(refusal_of(fault, route_of(request.scope)), request)

        return shown
