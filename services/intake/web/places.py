"""Gives the divisions of the jurisdictions that the portal serves, level by level; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Division
from shared.web.page_language import Lang

LEVELS: Final = {
    "town": ("镇（街道）", "town"),
    "village": ("村（社区）", "village or community"),
    "council-district": ("区", "district"),
}
"""The names of levels; a pack may have others."""
MOST_FOUND: Final = 30


class Choice(NamedTuple):
    """A division to choose. `lang` is the language of its name; `above` tells divisions with the same name apart. If it
    contains others, it leads to these."""

    code: str
    name: str
    lang: str
    above: str = ""
    opens: bool = False


@dataclass(frozen=True, slots=True)
class ServedPlaces:
    """The divisions of the packs that the portal serves."""

    packs: Sequence[Pack]

    @classmethod
    def of(cls, packs: Jurisdictions, listed_ids: str) -> "ServedPlaces":
        """The packs of a list of ids, such as `nanhai,losangeles`; if empty, all. Raises `ValueError` for an unknown
        id."""
        ids = [id.strip() for id in listed_ids.split(",") if id.strip()]
        unknown = [id for id in ids if packs.get(id) is None]
        if unknown:
            raise ValueError(f"HUYING_PORTAL_JURISDICTIONS: {', '.join(unknown)} is not among HUYING_JURISDICTIONS")
        return cls([pack for pack in packs if pack.id in ids or not ids])

    @property
    def finds(self) -> bool:
        """Whether a position can be mapped to a division, because a pack has boundaries."""
        return any(pack.boundaries for pack in self.packs)

    def pack_of(self, division: str | None) -> Pack | None:
        """The pack of a division; None if the portal does not serve it."""
        return next((pack for pack in self.packs if division and pack.division(division)), None)

    def top(self) -> str | None:
        """The division in which the choice begins: the only jurisdiction, or None to choose one."""
        return self.packs[0].root if len(self.packs) == 1 else None

    def within(self, division: str | None, lang: Lang = "zh") -> list[Choice]:
        """The divisions directly within one; for None the jurisdictions, in the language of the page."""
        if division is None:
            return [Choice(pack.root, getattr(pack.name, lang), lang, "", True) for pack in self.packs]
        pack = self.pack_of(division)
        if pack is None:
            return []
        children, language = _below(pack, division), pack.languages[0]
        return [Choice(place.code, place.name, language, "", bool(_below(pack, place.code))) for place in children]

    def named(self, words: str) -> list[Choice]:
        """The divisions whose names contain this text; those that begin with it come first, those that contain others
        last."""
        words = "".join(words.split()).lower()
        matches = [
            (pack, division)
            for pack in self.packs
            for division in pack.divisions
            if words and words in "".join(division.name.split()).lower() and division.code != pack.root
        ]
        ordered = sorted(matches, key=lambda it: (bool(_below(*_spot(it))), not it[1].name.lower().startswith(words)))
        return [
            Choice(at.code, at.name, pack.languages[0], self.address(pack, at.parent), bool(_below(pack, at.code)))
            for pack, at in ordered[:MOST_FOUND]
        ]

    def groups(self, pack: Pack) -> list[tuple[str, list[tuple[str, str]]]]:
        """All divisions of a jurisdiction as code and name, grouped by the division above."""
        tops = [division for division in pack.divisions if division.code == pack.root or _below(pack, division.code)]
        return [
            (
                top.name,
                [
                    (division.code, division.name)
                    for division in (top, *_below(pack, top.code))
                    if division is top or division not in tops
                ],
            )
            for top in tops
        ]

    def at(self, lat: float, lon: float) -> str | None:
        """The smallest division whose boundary contains the point."""
        codes = (pack.division_at(lat, lon) for pack in self.packs)
        return next((code for code in codes if code), None)

    def address(self, pack: Pack, division: str | None) -> str:
        """The names of a division and those above it, without the jurisdiction; the jurisdiction's name for itself."""
        codes = [code for code in reversed(pack.ancestors(division or pack.root)) if code != pack.root]
        names = [place.name for code in codes if (place := pack.division(code))]
        return " ".join(names) or pack.name.zh

    def level(self, choices: Sequence[Choice]) -> tuple[str, str]:
        """The name of the level of these choices, in both languages."""
        code = choices[0].code if choices else None
        pack = self.pack_of(code)
        place = pack.division(code) if pack and code else None
        return LEVELS.get(place.level if place else "", ("地方", "place"))


def _below(pack: Pack, division: str) -> list[Division]:
    return [place for place in pack.divisions if place.parent == division]


def _spot(place: tuple[Pack, Division]) -> tuple[Pack, str]:
    return place[0], place[1].code
