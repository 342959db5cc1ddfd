"""The OpenAPI document: operations named as their functions, every refusal a problem document."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.refusals import ANSWERS, Code

V1: Final = "/v1/"
_FASTAPIS_OWN: Final = ("HTTPValidationError", "ValidationError")


class ProblemError(BaseModel):
    """One thing to change."""

    field: str
    detail: str
    detail_en: str
    example: str | None = Field(None, description="a value that would pass")


class Problem(BaseModel):
    """Why a request was refused, in Chinese and English. Rule: RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": f"https://huying.example/problems/{Code.INVALID}",
                    "title": ANSWERS[Code.INVALID].zh,
                    "title_en": ANSWERS[Code.INVALID].en,
                    "status": ANSWERS[Code.INVALID].status,
                    "detail": "title：必填",
                    "detail_en": "title: Field required",
                    "instance": "/v1/demands",
                    "errors": [{"field": "title", "detail": "必填", "detail_en": "Field required"}],
                }
            ]
        }
    )

    type: str = Field(description="ends with the code of the refusal, on which a program may rely")
    title: str
    status: int
    title_en: str = ""
    detail: str = ""
    detail_en: str = ""
    instance: str = Field("", description="the path that was asked")
    errors: list[ProblemError] = []


class Documented(FastAPI):
    """FastAPI whose document says what is answered: never its own validation errors."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            for path, operation in _operations(document):
                _answers(path, operation)
            _schemas(document)
        return super().openapi()


def operation_id(route: APIRoute) -> str:
    """The function's name, which is what a generated client calls its method."""
    return route.name


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation


def _answers(path: str, operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    if path.startswith(V1):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        operation["responses"]["default"] = {"description": "Refused, with the reason", "content": content}


def _schemas(document: dict[str, Any]) -> None:
    known = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPIS_OWN:
        known.pop(name, None)
    schema = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] = {**known, **schema.pop("$defs"), "Problem": schema}
