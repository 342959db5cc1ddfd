"""Defines a visit of a portal page: its language, its form token, and the values that every page needs."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.identity.visitors import Visitor
from shared.web.page_language import InLanguage, Lang


@dataclass(frozen=True, slots=True)
class PageVisit(InLanguage):
    """A visit of a page in one language; `visitor` is None on pages without forms. `is_staff`: the browser seems to be
    signed in at the desk; pages with forms know it from the visitor."""

    lang: Lang
    visitor: Visitor | None = None
    is_staff: bool = False

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
        is_staff = self.is_staff or (self.visitor is not None and self.visitor.is_staff)
        csrf = self.visitor.csrf if self.visitor else ""
        return self.frame(path, csrf, **parameters) | {"desk": self.to("/desk") if is_staff else ""}

    def elsewhere(self, path: str) -> HTTPException:
        """A redirect to another page, to be raised."""
        return HTTPException(303, "elsewhere", {"Location": self.to(path)})
