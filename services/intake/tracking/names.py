"""Names of a jurisdiction's places and categories, as a citizen reads them."""

from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Text


def name(pack: Pack, text: Text) -> str:
    """In the first language of the jurisdiction."""
    return text.zh if pack.languages[0] == "zh" else text.en


def address(pack: Pack, division: str) -> str:
    """A division with everything above it, the widest first."""
    places = (pack.division(code) for code in reversed(pack.ancestors(division)))
    return " ".join(place.name for place in places if place)
