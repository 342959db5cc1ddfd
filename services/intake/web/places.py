"""Where it is: the divisions of the jurisdictions that the portal serves, level by level; pure."""

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
"""What people call a level; a pack may have others."""
MOST_FOUND: Final = 30


class Choice(NamedTuple):
    """A place to choose; `lang` is that of its name, `above` tells places of one name apart. A place with others in it
    leads to these."""

    code: str
    name: str
    lang: str
    above: str = ""
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """The packs that the portal serves."""

    packs: Sequence[Pack]

    @classmethod
    def of(cls, packs: Jurisdictions, listed_ids: str) -> "Places":
        """Those of a list of ids, such as `nanhai,losangeles`; empty: all. Raises `ValueError` for one that is not
        served."""
        ids = [id.strip() for id in listed_ids.split(",") if id.strip()]
        unknown = [id for id in ids if packs.get(id) is None]
        if unknown:
            raise ValueError(f"HUYING_PORTAL_JURISDICTIONS: {', '.join(unknown)} is not among HUYING_JURISDICTIONS")
        return cls([pack for pack in packs if pack.id in ids or not ids])

    @property
    def finds(self) -> bool:
        """Whether a position leads to a place: whether a pack has boundaries."""
        return any(pack.boundaries for pack in self.packs)

    def pack_of(self, division: str | None) -> Pack | None:
        """The pack of a division that the portal serves."""
        return next((pack for pack in self.packs if division and pack.division(division)), None)

    def top(self) -> str | None:
        """Where the choice begins: within the one jurisdiction, or with the choice of one."""
        return self.packs[0].root if len(self.packs) == 1 else None

    def within(self, division: str | None, lang: Lang = "zh") -> list[Choice]:
        """The places directly within one; for None the jurisdictions, in the language of the page."""
        if division is None:
            return [Choice(pack.root, getattr(pack.name, lang), lang, "", True) for pack in self.packs]
        pack = self.pack_of(division)
        if pack is None:
            return []
        children, language = _below(pack, division), pack.languages[0]
        return [Choice(place.code, place.name, language, "", bool(_below(pack, place.code))) for place in children]

    def named(self, words: str) -> list[Choice]:
        """Places whose name has these words, those that begin with them first; places with others in them last."""
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
        """Every place of a jurisdiction as code and name, by the one above it, which comes first."""
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
        """A place with those above it, below the jurisdiction itself; its name where it is the whole."""
        codes = [code for code in reversed(pack.ancestors(division or pack.root)) if code != pack.root]
        names = [place.name for code in codes if (place := pack.division(code))]
        return " ".join(names) or pack.name.zh

    def level(self, choices: Sequence[Choice]) -> tuple[str, str]:
        """What people call the places of a list, in both languages."""
        code = choices[0].code if choices else None
        pack = self.pack_of(code)
        place = pack.division(code) if pack and code else None
        return LEVELS.get(place.level if place else "", ("地方", "place"))


def _below(pack: Pack, division: str) -> list[Division]:
    return [one for one in pack.divisions if one.parent == division]


def _spot(place: tuple[Pack, Division]) -> tuple[Pack, str]:
    return place[0], place[1].code
