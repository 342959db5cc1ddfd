"""Whoever looks at a page of the portal: their language, their form token, and what every page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import Request
from starlette.exceptions import HTTPException

from shared.identity.visitors import Visitor

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Visit:
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

    def say(self, zh: str, en: str) -> str:
        """The words in the language of the page."""
        return zh if self.lang == "zh" else en

    def to(self, path: str, **parameters: Any) -> str:
        """An address of ours that keeps the language; parameters without a value are left out."""
        return _address(path, parameters, self.lang)

    def page(self, path: str, **parameters: Any) -> dict[str, Any]:
        """What every page of the portal needs; `path` and `parameters` are its own address."""

        def again(lang: str) -> str:
            return _address(path, parameters, lang)

        return {
            "lang": self.lang,
            "say": self.say,
            "to": self.to,
            "csrf": self.visitor.csrf if self.visitor else "",
            "again": again,
            "here": self.to(path, **parameters),
        }

    def elsewhere(self, path: str) -> HTTPException:
        """To be raised: leads to another page."""
        return HTTPException(303, "elsewhere", {"Location": self.to(path)})


def _address(path: str, parameters: Mapping[str, Any], lang: str) -> str:
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    given |= {"lang": lang} if lang == "en" else {}
    return f"{path}?{urlencode(given)}" if given else path
