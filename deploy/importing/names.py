"""Looks up divisions, categories and units of a pack by code, or by their names as people write them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from deploy.importing.folding import folded
from deploy.importing.mapping import Lookup
from shared.jurisdiction.pack import Pack

REMEMBERED: Final = 16_384


class NotFound(LookupError):
    """The name is unknown or ambiguous; the message says which, in Chinese and English."""


class Names:
    """The names and codes of one kind of thing in a pack; names are also found without their `endings`."""

    def __init__(self, pack: Pack, kind: Lookup, endings: Iterable[str] = ()) -> None:
        self._pack = pack
        self._codes = dict(_named(pack, kind))
        self._exact = defaultdict[str, set[str]](set)
        self._short = defaultdict[str, set[str]](set)
        for code, names in self._codes.items():
            for name in names:
                self._exact[name].add(code)
                for ending in (ending for ending in endings if name.endswith(ending)):
                    self._short[name.removesuffix(ending)].add(code)
        self._folded_exact = _by_key([*self._exact.items(), *((code, {code}) for code in self._codes)])
        self._folded_short = _by_key(self._short.items())
        self.code = lru_cache(REMEMBERED)(self._code)

    def _code(self, text: str, within: str = "") -> str:
        """The code of a name; raises `NotFound`. `within` is the name of the larger division, if known."""
        if text in self._codes:
            return text
        codes = self._candidates(text)
        if within:
            wider = self.widest(within)
            codes = {code for code in codes if code != wider and self._pack.is_within(code, wider)} or (codes & {wider})
        if not codes:
            raise NotFound(self._unknown(text))
        if len(codes) > 1:
            code_list = ", ".join(sorted(codes))
            raise NotFound(f"有 {len(codes)} 处同名，请填代码或镇街 / the same name: {code_list}; write the code")
        return codes.pop()

    def _candidates(self, text: str) -> set[str]:
        key = folded(text)
        for names, name in (
            (self._exact, text), (self._short, text), (self._folded_exact, key), (self._folded_short, key),
        ):  # fmt: skip
            if codes := names.get(name):
                return set(codes)
        return set()

    def widest(self, text: str) -> str:
        """Of divisions with the same name, the one that contains the others; raises `NotFound`."""
        codes = {text} if text in self._codes else self._candidates(text)
        for code in codes:
            if all(self._pack.is_within(other, code) for other in codes):
                return code
        raise NotFound(self._unknown(text))

    def _unknown(self, text: str) -> str:
        near = get_close_matches(text, self._exact, n=2, cutoff=0.5) if len(text) < 40 else []
        hint = f"，是否为 / perhaps {'、'.join(near)}" if near else ""
        return f"{self._pack.name.zh}没有这一项 / not known in {self._pack.id}{hint}"


def _by_key(names: Iterable[tuple[str, set[str]]]) -> dict[str, set[str]]:
    codes_by_name = defaultdict[str, set[str]](set)
    for name, codes in names:
        codes_by_name[folded(name)] |= codes
    return codes_by_name


def _named(pack: Pack, kind: Lookup) -> Iterator[tuple[str, tuple[str, ...]]]:
    match kind:
        case "division":
            yield from ((place.code, (place.name,)) for place in pack.divisions)
        case "unit":
            yield from ((unit.id, (unit.name,)) for unit in pack.units)
        case "category":
            yield from ((category.code, (category.name.zh, category.name.en)) for category in pack.categories)
