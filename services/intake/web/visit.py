"""Whoever looks at a page of the portal: their language, their form token, and what every page shows."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.identity.visitors import Visitor
from shared.web.page_language import InLanguage, Lang


@dataclass(frozen=True, slots=True)
class Visit(InLanguage):
    """A page of the portal in one language; `visitor` is None on pages without forms."""

    lang: Lang
    visitor: Visitor | None = None

    @classmethod
    def without_forms(cls, request: Request) -> "Visit":
        """For a page that has to be shown whatever the request was like."""
        return cls("en" if request.query_params.get("lang") == "en" else "zh")

    @property
    def by(self) -> Visitor:
        """The visitor of a page with a form."""
        assert self.visitor, "pages with forms have one"
        return self.visitor

    def page(self, path: str, **parameters: Any) -> dict[str, Any]:
        """What every page of the portal needs; `path` and `parameters` are its own address."""
        return self.frame(path, self.visitor.csrf if self.visitor else "", **parameters)

    def elsewhere(self, path: str) -> HTTPException:
        """To be raised: leads to another page."""
        return HTTPException(303, "elsewhere", {"Location": self.to(path)})
