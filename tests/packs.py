"""The packs that the project ships."""

import re
import shutil
from functools import cache
from pathlib import Path
from typing import Final

from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.settings import JurisdictionSettings

CITIES: Final = ("nanhai", "losangeles")
"""The jurisdictions that the tests serve; a fresh deployment serves one."""


@cache
def shipped() -> Jurisdictions:
    """Nanhai and Los Angeles."""
    return load_packs(JurisdictionSettings.model_fields["jurisdictions_dir"].default, CITIES)


def nanhai() -> Pack:
    """Nanhai."""
    pack = shipped().get("nanhai")
    assert pack
    return pack


def showing(folder: Path, *shown: str) -> Path:
    """Copies of both packs that publish these parts of a demand; a folder for `jurisdictions_dir`."""
    shipped_in: Path = JurisdictionSettings.model_fields["jurisdictions_dir"].default
    for name in ("nanhai", "losangeles"):
        shutil.copytree(shipped_in / name, folder / name)
        profile = folder / name / "pack.yaml"
        changed, count = re.subn(
            r"unreleased: \[.*?\]", f"unreleased: [{', '.join(shown)}]", profile.read_text("utf-8")
        )
        assert count == 1
        profile.write_text(changed, "utf-8")
    return folder
