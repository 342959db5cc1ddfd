"""Explains why a request does not fit its route, with examples from the route's documentation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request

from shared.chassis.http.validation_zh import as_text, example_of, field_errors
from shared.contracts.refusals import Code, FieldError, Refused

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
MOST: Final = 20
"""The most errors in one answer: an answer must not be many times as long as its request."""
Document = Mapping[str, Any]


def validation_error(request: Request, errors: Sequence[Any]) -> Refused:
    """The refusal that names all parts of the request to change (at most `MOST`)."""
    document = request.app.openapi()
    operation = _operation(request, document)
    if any(error["loc"][0] == "body" for error in errors) and (refused := _unsupported(request, operation)):
        return refused
    errors = _without_consequences(errors)
    field_errors = tuple(_explained(error, operation, document) for error in errors[:MOST])
    en = "; ".join(f"{e.field}: {e.en}" for e in field_errors)
    zh = "；".join(f"{e.field}：{e.zh}" for e in field_errors)
    if more := len(errors) - len(field_errors):
        en, zh = f"{en}; and {more} more", f"{zh}；另有 {more} 处"
    return Refused(_code(errors), en, zh, field_errors)


def _without_consequences(errors: Sequence[Any]) -> Sequence[Any]:
    """The errors without those of lists that are too short only because their items are wrong."""
    places = [tuple(error["loc"]) for error in errors]
    return [
        error
        for error, place in zip(errors, places, strict=True)
        if error["type"] != "too_short" or not any(other[:-1] == place for other in places)
    ]


def _code(errors: Sequence[Any]) -> Code:
    if any(error["type"] == "json_invalid" for error in errors):
        return Code.UNREADABLE
    keyless = any(error["type"] == "missing" and error["loc"] == ("header", IDEMPOTENCY_KEY) for error in errors)
    return Code.KEY_MISSING if keyless else Code.INVALID


def _operation(request: Request, document: Document) -> Document:
    path = getattr(request.scope.get("route"), "path", "")
    operation: Document = document["paths"].get(path, {}).get(request.method.lower(), {})
    return operation


def _explained(error: Mapping[str, Any], operation: Document, document: Document) -> FieldError:
    place, *path = error["loc"]
    (field_error,) = field_errors([error], _body(operation) if place == "body" else {}, document)
    if place == "body" or not path:
        return field_error
    example = field_error.example or _example(operation, path, document)
    if path[0] == IDEMPOTENCY_KEY:
        return FieldError(IDEMPOTENCY_KEY, f"{field_error.zh}：{_KEY_ZH}", f"{field_error.en}: {_KEY_EN}", example)
    return FieldError(field_error.field, field_error.zh, field_error.en, example)


def example_of_parameter(request: Request, name: str) -> str | None:
    """The example of a parameter in the documentation of the route."""
    document = request.app.openapi()
    return _example(_operation(request, document), [name], document)


def example_of_body(request: Request) -> str | None:
    """The example of the body in the documentation of the route."""
    document = request.app.openapi()
    return as_text(example_of(_body(_operation(request, document)), [], document))


def _example(operation: Document, path: Sequence[Any], document: Document) -> str | None:
    parameters = operation.get("parameters", ())
    parameter: Document = next((parameter for parameter in parameters if parameter["name"] == path[0]), {})
    return as_text(parameter.get("example") or example_of(parameter.get("schema", {}), path[1:], document))


_KEY_ZH: Final = "请在请求头 Idempotency-Key 中提供自定的唯一编号，重试时保持不变"
_KEY_EN: Final = (
    "send a text of your choice in this header: a new one for each request, and the same one if you repeat a request"
)


def _body(operation: Document) -> Document:
    content = operation.get("requestBody", {}).get("content", {})
    return next((media_type.get("schema", {}) for media_type in content.values()), {})


def _unsupported(request: Request, operation: Document) -> Refused | None:
    """The refusal of a body whose media type the route does not accept; None if it does."""
    accepted = list(operation.get("requestBody", {}).get("content", {}))
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not accepted or sent in accepted or sent.endswith("+json"):
        return None
    en, zh = f"send {' or '.join(accepted)}; it was {sent or 'missing'}", f"应为 {' 或 '.join(accepted)}"
    error = FieldError("Content-Type", zh, en, accepted[0])
    return Refused(Code.UNSUPPORTED, f"Content-Type: {en}", f"Content-Type：{zh}", (error,))
