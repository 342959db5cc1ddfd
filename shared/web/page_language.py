"""The language of a page: chooses texts, keeps the language in links, and gives the values for the page's frame."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

Lang = Literal["zh", "en"]


class Bilingual(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


class InLanguage:
    """Mix-in for the view of a page in the language `lang`."""

    __slots__ = ()
    lang: Lang

    def say(self, zh: str, en: str) -> str:
        """The text in the language of the page."""
        return zh if self.lang == "zh" else en

    def to(self, path: str, **parameters: Any) -> str:
        """A URL of this site that keeps the language; parameters without a value are left out."""
        return _address(path, parameters, self.lang)

    def frame(self, path: str, csrf: str, **parameters: Any) -> dict[str, Any]:
        """The template values that every page needs; `path` and `parameters` are its own URL, `csrf` is for forms."""

        def again(lang: str) -> str:
            return _address(path, parameters, lang)

        return {
            "lang": self.lang,
            "say": self.say,
            "to": self.to,
            "csrf": csrf,
            "again": again,
            "here": self.to(path, **parameters),
        }


def _address(path: str, parameters: Mapping[str, Any], lang: str) -> str:
    query = {name: value for name, value in parameters.items() if value not in (None, "")}
    query |= {"lang": lang} if lang == "en" else {}
    return f"{path}?{urlencode(query)}" if query else path
