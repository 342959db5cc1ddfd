"""Completes the OpenAPI document of an application: introduction, groups, summaries in two languages, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, Field

from shared.contracts.refusals import ANSWERS

SUMMARY: Final = 100
"""The characters of a summary that fit into a line of `/docs`."""


class Wrong(BaseModel):
    """One thing to change: where, by which rule, and a value that would pass."""

    field: str = Field(examples=["location.lat"])
    detail: str = Field(examples=["不得大于 90"])
    detail_en: str = Field(examples=["Input should be less than or equal to 90"])
    example: str | None = None


class Problem(BaseModel):
    """A refusal in Chinese and English (RFC 9457)."""

    type: str = Field(examples=["https://huying.example/problems/invalid-input"])
    title: str
    title_en: str
    status: int = Field(ge=400, le=599)
    detail: str
    detail_en: str
    instance: str
    errors: list[Wrong] = []


_NAME: Final = "Problem"
_CONTENT: Final = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{_NAME}"}}}
_TEXT: Final = {"schema": {"type": "string"}}


def _named(low: int, high: int) -> str:
    rows = [f"- {a.status} `{code}` {a.zh} / {a.en}" for code, a in ANSWERS.items() if low <= a.status < high]
    return "\n".join(["Refused; the end of `type` is the reason:", "", *sorted(rows)])


_HEADERS: Final = {name: _TEXT for name in ("Retry-After", "RateLimit-Policy", "RateLimit")}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": _named(400, 500), "content": _CONTENT, "headers": _HEADERS},
    "5XX": {"description": _named(500, 600), "content": _CONTENT},
}
"""For `responses=`: every route may refuse, and every refusal is a problem document."""


@dataclass(frozen=True, slots=True)
class ApiText:
    """Texts of the OpenAPI document that are not docstrings: the introduction, the groups by tag, and the Chinese
    summaries by operation id."""

    introduction: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    operations_zh: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: "ApiText") -> "ApiText":
        return ApiText(
            self.introduction or other.introduction,
            {**self.groups, **other.groups},
            {**self.operations_zh, **other.operations_zh},
        )


def document(app: FastAPI, words: ApiText) -> None:
    """Add the schema of problem documents, summaries in both languages, and the introduction to `app.openapi()`."""
    build = app.openapi

    def built() -> dict[str, Any]:
        schema = build()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if _NAME not in schemas:
            schemas |= _schemas()
            _summarize(schema, words)
        return schema

    app.openapi = built  # type: ignore[method-assign]


def _summarize(document: dict[str, Any], words: ApiText) -> None:
    operations = [operation for path in document.get("paths", {}).values() for operation in path.values()]
    for operation in operations:
        english = _first_sentence(operation.get("description", ""))
        parts = (words.operations_zh.get(operation["operationId"]), english)
        operation["summary"] = " · ".join(filter(None, parts)) or operation.get("summary", "")
    tags = dict.fromkeys(tag for operation in operations for tag in operation.get("tags", ()))
    document["tags"] = [{"name": tag, "description": words.groups[tag]} for tag in tags if tag in words.groups]
    if words.introduction:
        document["info"]["description"] = words.introduction


def _first_sentence(description: str) -> str:
    """The first sentence, however many lines it has; of a long one the part before its first semicolon."""
    sentence = " ".join(description.partition("\n\n")[0].split()).partition(". ")[0].removesuffix(".")
    return sentence if len(sentence) <= SUMMARY else sentence.partition(";")[0]


def _schemas() -> Mapping[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/Problem{model}")
    wrong = problem.pop("$defs")["Wrong"]
    return {_NAME: problem, "ProblemWrong": wrong}
