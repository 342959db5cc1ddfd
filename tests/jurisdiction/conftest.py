"""The two shipped packs, and a small pack "hamlet" that tests break by changing one line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from shared.jurisdiction.pack import Pack

HERE = Path(__file__).parent
PACKS = HERE.parents[1] / "deploy" / "jurisdictions"

Edit = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def jurisdictions() -> Jurisdictions:
    return load_packs(PACKS, ["nanhai", "losangeles"])


@pytest.fixture(scope="session")
def nanhai(jurisdictions: Jurisdictions) -> Pack:
    pack = jurisdictions.get("nanhai")
    assert pack is not None
    return pack


@pytest.fixture(scope="session")
def losangeles(jurisdictions: Jurisdictions) -> Pack:
    pack = jurisdictions.get("losangeles")
    assert pack is not None
    return pack


@pytest.fixture
def hamlet(tmp_path: Path) -> Path:
    """A valid pack that a test may break."""
    return Path(shutil.copytree(HERE / "hamlet", tmp_path / "hamlet"))


@pytest.fixture
def edit(hamlet: Path) -> Edit:
    """Replace text in one file of the hamlet; fails if the text is not there."""

    def replace(file: str, old: str, new: str) -> Path:
        text = (hamlet / file).read_text("utf-8")
        assert old in text, f"{old!r} is not in {file}"
        (hamlet / file).write_text(text.replace(old, new, 1), "utf-8")
        return hamlet

    return replace
