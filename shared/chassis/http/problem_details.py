"""Answers refusals and faults with problem documents in Chinese and English. Rule: RFC 9457."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match

from shared.chassis.database.pool import PASSING, is_away
from shared.chassis.http.error_hints import hints, with_route_example
from shared.chassis.http.validation_errors import MOST, validation_error
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused
from shared.contracts.text import shortened

log = structlog.get_logger()
Nowhere = Callable[[Request], Response]
RETRY_AFTER: Final = "5"
MEDIA_TYPE: Final = "application/problem+json"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST: Final = 4000
LONGEST_NAME: Final = 200
"""The most characters of a sentence, and of a name that the client sent: an answer must not be much longer than its
request."""
AWAY: Final = Refused(
    Code.UNAVAILABLE,
    "the database cannot be reached; the request was not accepted: try again with the same Idempotency-Key",
    "数据库暂时不可用，本次内容未受理，请稍后用相同的 Idempotency-Key 重试",
)

FAULT_ZH: Final = "系统内部错误，请稍后重试"
FAULT_EN: Final = "An error of this server; try again later"


def problem(refused: Refused, instance: str, headers: Mapping[str, str] | None = None) -> Response:
    """The document for one refusal."""
    answer = ANSWERS[refused.code]
    body: dict[str, Any] = {
        "type": f"https://huying.example/problems/{refused.code}",
        "title": answer.zh,
        "title_en": answer.en,
        "status": answer.status,
        "detail": shortened(refused.zh or answer.zh, LONGEST),
        "detail_en": shortened(refused.en, LONGEST),
        "instance": shortened(instance, LONGEST_NAME),
    }
    body["errors"] = [
        {
            "field": shortened(e.field, LONGEST_NAME),
            "detail": shortened(e.zh, LONGEST),
            "detail_en": shortened(e.en, LONGEST),
        }
        | ({"example": e.example} if e.example else {})
        for e in hints(refused)[:MOST]
    ]
    return Response(orjson.dumps(body), answer.status, {**(headers or {}), **_headers(refused)}, MEDIA_TYPE)


def _headers(refused: Refused) -> dict[str, str]:
    challenge = {"WWW-Authenticate": "ApiKey, Bearer"} if refused.code is Code.UNAUTHENTICATED else {}
    return challenge | retry_after(refused)


def retry_after(refused: Refused) -> dict[str, str]:
    """The header `Retry-After`, if trying again later can help; else no header."""
    if refused.retry_after is not None:
        return {"Retry-After": str(refused.retry_after)}
    return {"Retry-After": RETRY_AFTER} if refused.code is Code.UNAVAILABLE else {}


def install(app: FastAPI, nowhere: Nowhere | None = None) -> None:
    """Install handlers that answer every refusal and fault with a problem document. `nowhere` makes the 404 page for
    browsers."""

    @app.exception_handler(Refused)
    async def refused(request: Request, fault: Refused) -> Response:
        return problem(with_route_example(fault, request), request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, fault: RequestValidationError) -> Response:
        return problem(validation_error(request, fault.errors()), request.url.path)

    @app.exception_handler(HTTPException)
    async def http(request: Request, fault: HTTPException) -> Response:
        if fault.status_code != 404 or nowhere is None:
            return _http(request, fault)
        answer = nowhere(request) if _is_for_a_page(request) else _http(request, fault)
        answer.headers.add_vary_header("Accept")
        return answer

    async def other(request: Request, fault: Exception) -> Response:
        return problem_of(fault, request.url.path, route_of(request.scope))

    for kind in (*PASSING, Exception):
        app.add_exception_handler(kind, other)


def route_of(scope: Mapping[str, Any]) -> str:
    """The declared path of the route: the real path may hold a token, which must not be logged."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def problem_of(fault: Exception, instance: str, route: str) -> Response:
    """The problem document for any exception; an exception that is not a refusal is logged."""
    refused = refusal_of(fault, route)
    if refused:
        return problem(refused, instance)
    return _plain(500, instance, FAULT_ZH, FAULT_EN)


def refusal_of(fault: Exception, route: str) -> Refused | None:
    """The refusal with which an exception is answered; None for a fault of this server. Logs what operators must
    know."""
    if isinstance(fault, Refused):
        return fault
    if isinstance(fault, PASSING) and is_away(fault):
        log.warning("database away", route=route, cause=repr(fault))
        return AWAY
    if isinstance(fault, ClientDisconnect):
        return Refused(
            Code.UNREADABLE, "the connection was closed before the request was complete"
        )  # the client has gone and does not read it
    log.error("fault", route=route, cause=repr(fault))
    return None


def _is_for_a_page(request: Request) -> bool:
    """Whether a browser asks: browsers accept HTML first, API clients accept JSON or anything."""
    return request.method == "GET" and request.headers.get("accept", "").startswith("text/html")


def _http(request: Request, fault: HTTPException) -> Response:
    path = shortened(request.url.path, LONGEST_NAME)
    match fault.status_code:
        case 404:
            refused = Refused(
                Code.NOT_FOUND, f"there is nothing at {path}; see /docs", f"没有 {path} 这个地址，见 /docs"
            )
        case 405:
            methods = methods_of(request)
            allowed = ", ".join(methods)
            en, zh = f"{request.method} is not supported at this address; use {allowed}", f"请改用 {allowed}"
            method = FieldError("method", zh, en, next(iter(methods), None))
            return problem(Refused(Code.WRONG_METHOD, en, zh, (method,)), path, {"Allow": allowed})
        case 400 | 413 | 401:
            code = {400: Code.UNREADABLE, 413: Code.TOO_LARGE, 401: Code.UNAUTHENTICATED}[fault.status_code]
            refused = with_route_example(Refused(code, str(fault.detail)), request)
        case _:
            return _plain(fault.status_code, path, "请求无法处理", str(fault.detail), fault.headers)
    return problem(refused, path, fault.headers)


def methods_of(request: Request) -> list[str]:
    """The methods that the path of a request has. Each is a route of its own, and the exception knows only one of them.
    Rule: RFC 9110, 15.5.6."""
    routes: Sequence[BaseRoute] = request.app.routes
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    methods = [method for method, scope in scopes.items() if any(_fits(route, scope) for route in routes)]
    return [name for method in methods for name in ((method, "HEAD") if method == "GET" else (method,))]


def _fits(route: BaseRoute, scope: dict[str, Any]) -> bool:
    return route.matches(scope)[0] is Match.FULL


def _plain(status: int, instance: str, zh: str, en: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document without a refusal's code."""
    body = {"type": "about:blank", "title": zh, "title_en": en, "status": status, "detail": zh, "detail_en": en}
    return Response(orjson.dumps(body | {"instance": instance}), status, headers, MEDIA_TYPE)
