"""Answers refusals and faults as GeoReport errors: a list of code and description, in the requested format."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from services.intake.open311.documents import Error
from services.intake.open311.rendering import Format, render_list
from shared.chassis.database.pool import PASSING, is_away
from shared.chassis.http.error_format import ErrorFormat
from shared.chassis.http.problem_details import retry_after, route_of
from shared.chassis.http.validation_zh import rule_en, rule_zh
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused

log = structlog.get_logger()
BAD_REQUEST: Final = 400
STATUSES: Final[Mapping[Code, int]] = {
    Code.NOT_FOUND: 404,
    Code.WRONG_METHOD: 405,
    Code.UNAUTHENTICATED: 403,
    Code.FORBIDDEN: 403,
    Code.TOO_LARGE: 413,
    Code.QUOTA_USED_UP: 429,
    Code.UNAVAILABLE: 503,
}
"""The HTTP statuses that GeoReport names; all other refusals are bad requests."""

AWAY: Final = Refused(
    Code.UNAVAILABLE,
    "the database cannot be reached; try again, with the same Idempotency-Key if you submit",
    "数据库暂时不可用，请稍后重试；提交时请使用相同的 Idempotency-Key",
)


class Open311Route(ErrorFormat):
    """A route whose every failure is an `errors` document."""

    @staticmethod
    def respond(refused: Refused, request: Request) -> Response:
        """The errors document of a refusal, in the format of the path."""
        return answer(refused, format_of(request))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, whose failures are answered in the format of the path."""
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as refused:
                return answer(refused, format_of(request))
            except RequestValidationError as fault:
                return answer(argument_refusal(fault.errors()), format_of(request))
            except HTTPException as fault:
                return answer(Refused(Code.UNREADABLE, str(fault.detail)), format_of(request))
            except PASSING as fault:
                if not is_away(fault):
                    raise
                log.warning("database away", route=route_of(request.scope), cause=repr(fault))
                return answer(AWAY, format_of(request))

        return respond


def format_of(request: Request) -> Format:
    """The format by the suffix of the path; XML, which every client reads, for any other suffix."""
    return Format.JSON if request.url.path.endswith(".json") else Format.XML


def answer(refused: Refused, format: Format) -> Response:
    """All errors of a refusal, with one HTTP status."""
    status = STATUSES.get(refused.code, BAD_REQUEST)
    response = render_list(Error, list(_errors(refused, status)), format, status)
    response.headers.update(retry_after(refused))
    return response


def _errors(refused: Refused, status: int) -> Iterator[Error]:
    zh = refused.zh or ANSWERS[refused.code].zh
    if not refused.errors:
        yield Error(code=str(status), description=f"{zh} / {refused.en}")
    for error in refused.errors:
        example = f" ({error.example})" if error.example else ""
        yield Error(code=str(status), description=f"{error.field}: {error.zh} / {error.en}{example}")


def invalid(*errors: FieldError) -> Refused:
    """The refusal of wrong arguments."""
    en = "; ".join(f"{error.field}: {error.en}" for error in errors)
    return Refused(Code.INVALID, en, "；".join(f"{error.field}：{error.zh}" for error in errors), errors)


def unknown(field: str, value: object, example: str) -> Refused:
    """The refusal of an unknown code or number."""
    en, zh = f"there is no {field} {str(value)!r}", f"没有 {field} {str(value)!r}"
    return Refused(Code.NOT_FOUND, en, zh, (FieldError(field, zh, en, example),))


def wrong_method(request: Request, methods: Sequence[str]) -> Response:
    """The answer if a path exists, but not for this method. Rule: RFC 9110, 15.5.6."""
    allowed = ", ".join(methods)
    en, zh = f"{request.method} is not supported at this address; use {allowed}", f"请改用 {allowed}"
    response = answer(
        Refused(Code.WRONG_METHOD, en, zh, (FieldError("method", zh, en, methods[0]),)), format_of(request)
    )
    response.headers["Allow"] = allowed
    return response


def argument_refusal(errors: Iterable[Any]) -> Refused:
    """The refusal of Pydantic's errors; it names each argument."""
    field_errors = tuple(_field_error(error) for error in errors)
    unknown = any(error.field == "format" for error in field_errors)
    if unknown:
        return Refused(Code.NOT_FOUND, "the path ends with .xml or .json", "路径应以 .xml 或 .json 结尾")
    return invalid(*field_errors)


def misfit_of(fault: ValidationError) -> Refused:
    """The same for the error of a model that was created in code."""
    return argument_refusal(fault.errors(include_url=False))


def _field_error(error: Mapping[str, Any]) -> FieldError:
    names = [part for part in error["loc"] if isinstance(part, str)]
    field = error.get("ctx", {}).get("field") or (names[-1] if names else "request")
    if error["type"] == "missing":
        return FieldError(field, "缺少此参数", "is missing")
    return FieldError(field, rule_zh(error), rule_en(error))
