"""An import into a city that nobody serves says which are served, and by which setting."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app as cli
from deploy.importing.cities import UnknownCity, must_be_served
from services.intake import app
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from tests.importing.orders import csv_file, order
from tests.keys import KEYS


@pytest.fixture
async def nanhai_alone(database: str, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Intake as a fresh deployment has it."""
    settings = KEYS | {"DATABASE_URL": database, "jurisdictions": "nanhai"}
    served = web_app("intake", app.api(IntakeSettings.model_validate(settings), pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://intake") as client:
        yield client


async def test_a_city_that_is_not_served_is_told_with_the_setting(nanhai_alone: httpx.AsyncClient):
    await must_be_served(nanhai_alone, "nanhai")
    with pytest.raises(UnknownCity) as told:
        await must_be_served(nanhai_alone, "losangeles")
    assert "does not serve losangeles, but: nanhai" in str(told.value)
    assert "现受理：nanhai；请设置 HUYING_JURISDICTIONS=nanhai,losangeles" in str(told.value)


def test_a_city_that_has_no_pack_is_told_with_those_that_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUYING_STATE_DIR", str(tmp_path / "state"))
    mapping = Path(__file__).parents[2] / "deploy" / "mappings" / "hotline12345.yaml"
    own = tmp_path / "own.yaml"
    own.write_text(mapping.read_text("utf-8").replace("jurisdiction: nanhai", "jurisdiction: atlantis"), "utf-8")
    file = csv_file(tmp_path / "o.csv", [order(1)])
    done = CliRunner().invoke(cli, ["import", str(file), "--mapping", str(own), "--dry-run"])
    assert done.exit_code == 2
    assert "has no such pack; it has: losangeles, nanhai" in done.output
    assert "HUYING_JURISDICTIONS_DIR" in done.output
