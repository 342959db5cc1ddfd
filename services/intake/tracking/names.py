"""Gives the names of a jurisdiction's divisions and categories, as a citizen reads them."""

from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Text


def name(pack: Pack, text: Text) -> str:
    """The text in the first language of the jurisdiction."""
    return text.zh if pack.languages[0] == "zh" else text.en


def address(pack: Pack, division: str) -> str:
    """The names of a division and of all divisions above it, the largest first."""
    places = (pack.division(code) for code in reversed(pack.ancestors(division)))
    return " ".join(place.name for place in places if place)
