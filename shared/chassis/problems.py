"""Refusals and faults as problem documents in Chinese and English. Rule: RFC 9457."""

from collections.abc import Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from shared.chassis.database import PASSING
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused

log = structlog.get_logger()
RETRY_AFTER = "5"


def problem(refused: Refused, instance: str) -> Response:
    """The document for one refusal."""
    answer = ANSWERS[refused.code]
    body: dict[str, Any] = {
        "type": f"https://huying.example/problems/{refused.code}",
        "title": answer.zh,
        "title_en": answer.en,
        "status": answer.status,
        "detail": refused.zh or answer.zh,
        "detail_en": refused.en,
        "instance": instance,
    }
    if refused.errors:
        body["errors"] = [
            {"field": e.field, "detail": e.zh, "detail_en": e.en} | ({"example": e.example} if e.example else {})
            for e in refused.errors
        ]
    return Response(orjson.dumps(body), answer.status, retry_after(refused), "application/problem+json")


def retry_after(refused: Refused) -> dict[str, str]:
    """The header that says when to come back, where that helps."""
    if refused.retry_after is not None:
        return {"Retry-After": str(refused.retry_after)}
    return {"Retry-After": RETRY_AFTER} if refused.code is Code.UNAVAILABLE else {}


def install(app: FastAPI) -> None:
    """Answer every refusal and every fault of `app` with a problem document."""

    @app.exception_handler(Refused)
    async def refused(request: Request, fault: Refused) -> Response:
        return problem(fault, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, fault: RequestValidationError) -> Response:
        return problem(_invalid(fault.errors()), request.url.path)

    @app.exception_handler(HTTPException)
    async def http(request: Request, fault: HTTPException) -> Response:
        code = {404: Code.NOT_FOUND, 413: Code.TOO_LARGE, 401: Code.UNAUTHENTICATED}.get(
            fault.status_code, Code.UNREADABLE
        )
        if code is Code.UNREADABLE and fault.status_code != 400:
            body = {"type": "about:blank", "title": str(fault.detail), "status": fault.status_code}
            return Response(orjson.dumps(body), fault.status_code, fault.headers, "application/problem+json")
        return problem(Refused(code, str(fault.detail)), request.url.path)

    async def away(request: Request, fault: Exception) -> Response:
        log.warning("database away", path=request.url.path, cause=repr(fault))
        return problem(Refused(Code.UNAVAILABLE, "the database is away; nothing was taken"), request.url.path)

    for kind in PASSING:
        app.add_exception_handler(kind, away)


_RULES_ZH = {
    "missing": "必填",
    "string_too_short": "内容过短",
    "string_too_long": "内容过长",
    "string_type": "应为文字",
    "string_unicode": "含有无法识别的字符",
    "enum": "不在可选值之内",
    "extra_forbidden": "不认识此字段",
    "json_invalid": "不是有效的 JSON",
    "uuid_parsing": "不是有效的 UUID",
    "greater_than_equal": "数值过小",
    "less_than_equal": "数值过大",
    "timezone_aware": "时间缺少时区",
}


def field_errors(errors: Sequence[Any]) -> tuple[FieldError, ...]:
    """What Pydantic says of a body, in both languages."""
    return tuple(
        FieldError(
            field=".".join(str(part) for part in error["loc"] if part != "body") or "body",
            zh=error.get("ctx", {}).get("zh") or _RULES_ZH.get(error["type"], "格式不正确"),
            en=error["msg"],
            example=error.get("ctx", {}).get("example"),
        )
        for error in errors
    )


def _invalid(errors: Sequence[Any]) -> Refused:
    found = field_errors(errors)
    unreadable = any(error["type"] == "json_invalid" for error in errors)
    code = Code.UNREADABLE if unreadable else Code.INVALID
    zh = "；".join(f"{e.field}：{e.zh}" for e in found)
    return Refused(code, "; ".join(f"{e.field}: {e.en}" for e in found), zh, found)
