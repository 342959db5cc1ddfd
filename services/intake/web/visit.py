"""Defines a visit of a portal page: its language, its form token, and the values that every page needs."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.identity.visitors import Visitor
from shared.web.page_language import InLanguage, Lang


@dataclass(frozen=True, slots=True)
class PageVisit(InLanguage):
    """A visit of a page in one language; `visitor` is None on pages without forms."""

    lang: Lang
    visitor: Visitor | None = None

    @classmethod
    def without_forms(cls, request: Request) -> "PageVisit":
        """The visit of a page that must be shown whatever the request is like."""
        return cls("en" if request.query_params.get("lang") == "en" else "zh")

    @property
    def by(self) -> Visitor:
        """The visitor of a page with a form."""
        assert self.visitor, "pages with forms have one"
        return self.visitor

    def page(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The values that every page needs; `path` and `parameters` are its own URL."""
        return self.frame(path, self.visitor.csrf if self.visitor else "", **parameters)

    def elsewhere(self, path: str) -> HTTPException:
        """A redirect to another page, to be raised."""
        return HTTPException(303, "elsewhere", {"Location": self.to(path)})
