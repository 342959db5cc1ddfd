"""The packs that the project ships."""

from functools import cache

from shared.chassis.settings import ProcessSettings
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from shared.jurisdiction.pack import Pack


@cache
def shipped() -> Jurisdictions:
    """Nanhai and Los Angeles."""
    return load_packs(ProcessSettings.model_fields["jurisdictions_dir"].default, ("nanhai", "losangeles"))


def nanhai() -> Pack:
    """Nanhai."""
    pack = shipped().get("nanhai")
    assert pack
    return pack
