"""Routes of HTML pages, whose refusals and faults are shown as HTML pages too."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.chassis.http.error_format import ErrorFormat
from shared.chassis.http.problem_details import AWAY, FAULT_EN, FAULT_ZH, refusal_of, route_of
from shared.contracts.refusals import ANSWERS, Code, Refused

INCOMPLETE: Final = Refused(
    Code.INVALID, "the address or the form is not complete: go back and try again", "地址或表单有误，请返回重试"
)
_BUSY: Final = (
    "系统繁忙，请过一分钟再试。如果您刚才在提交，这次没有提交成功",
    "the system is busy: try again in a minute. If you were sending something, it was not taken",
)
_UNREADABLE: Final = frozenset({400, 413})


class ErrorText(NamedTuple):
    """The status and the texts of an error page; title and words are each in Chinese and English."""

    status: int
    title: tuple[str, str]
    words: tuple[str, str]


def error_text(refused: Refused | None) -> ErrorText:
    """What an error page says about a refusal; None means a fault of this server."""
    if refused is None:
        return ErrorText(500, ("系统出错了", "Something went wrong"), (FAULT_ZH, FAULT_EN))
    answer = ANSWERS[refused.code]
    words = _BUSY if refused is AWAY else (refused.zh or answer.zh, refused.en)
    return ErrorText(answer.status, (answer.zh, answer.en), words)


class PageRoute(ErrorFormat):
    """A route of an HTML page; a subclass makes the page for a refusal or a fault."""

    looks_at_parameters = False

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> Response:
        """The page for a refusal. None means a fault of this server, which was logged."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The route's handler, with refusals and faults turned into pages."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError as fault:
                return self.respond(_broken_rule(fault) or INCOMPLETE, request)
            except HTTPException as fault:
                if fault.status_code not in _UNREADABLE:
                    raise  # a redirect, for example to the sign-in page
                return self.respond(INCOMPLETE, request)
            except Exception as fault:  # noqa: BLE001 (people must see a page, not a JSON document)
                return self.respond(refusal_of(fault, route_of(request.scope)), request)

        return handle


def _broken_rule(fault: RequestValidationError) -> Refused | None:
    """The refusal in the words of the first rule of ours that the request breaks; None if it only breaks rules that
    have no words for people, such as a pattern."""
    for error in fault.errors():
        words = error.get("ctx", {})
        if "zh" in words and "en" in words:
            field = error["loc"][-1]
            return Refused(Code.INVALID, f"{field}: {words['en']}", f"{field}：{words['zh']}")
    return None
