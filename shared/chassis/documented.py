"""How the refusals that every route may give are documented in OpenAPI."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, Field

from shared.contracts.refusals import ANSWERS


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
    return "\n".join(["Refused; the end of `type` says why:", "", *sorted(rows)])


_HEADERS: Final = {name: _TEXT for name in ("Retry-After", "RateLimit-Policy", "RateLimit")}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": _named(400, 500), "content": _CONTENT, "headers": _HEADERS},
    "5XX": {"description": _named(500, 600), "content": _CONTENT},
}
"""For `responses=`: every route may refuse, and every refusal is a problem document."""


def document(app: FastAPI) -> None:
    """Let the document of `app` say what a problem is."""
    app.openapi = _with_problem(app.openapi)  # type: ignore[method-assign]


def _with_problem(build: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def built() -> dict[str, Any]:
        found = build()
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        if _NAME not in schemas:
            schemas |= _schemas()
        return found

    return built


def _schemas() -> Mapping[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/Problem{model}")
    wrong = problem.pop("$defs")["Wrong"]
    return {_NAME: problem, "ProblemWrong": wrong}
