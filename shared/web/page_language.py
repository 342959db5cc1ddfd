"""The language of a page: words, addresses that keep it, and what every page's frame needs of it."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

Lang = Literal["zh", "en"]


class Bilingual(NamedTuple):
    """One sentence in both languages."""

    zh: str
    en: str


class InLanguage:
    """Whoever looks at a page in the language `lang`."""

    __slots__ = ()
    lang: Lang

    def say(self, zh: str, en: str) -> str:
        """The words in the language of the page."""
        return zh if self.lang == "zh" else en

    def to(self, path: str, **parameters: Any) -> str:
        """An address of ours that keeps the language; parameters without a value are left out."""
        return _address(path, parameters, self.lang)

    def frame(self, path: str, csrf: str, **parameters: Any) -> dict[str, Any]:
        """What every page needs; `path` and `parameters` are its own address, `csrf` goes into its forms."""

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
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    given |= {"lang": lang} if lang == "en" else {}
    return f"{path}?{urlencode(given)}" if given else path
