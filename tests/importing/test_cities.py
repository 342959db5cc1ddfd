"""An import into an unserved city says which cities are served, and by which setting."""

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
    application = web_app("intake", app.api(IntakeSettings.model_validate(settings), pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://intake") as client:
        yield client


async def test_an_unserved_city_is_refused_with_the_setting(nanhai_alone: httpx.AsyncClient):
    await must_be_served(nanhai_alone, "nanhai")
    with pytest.raises(UnknownCity) as error:
        await must_be_served(nanhai_alone, "losangeles")
    assert "does not serve losangeles, but: nanhai" in str(error.value)
    assert "现受理：nanhai；请设置 HUYING_JURISDICTIONS=nanhai,losangeles" in str(error.value)


def test_a_city_without_a_pack_is_refused_with_the_available_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUYING_STATE_DIR", str(tmp_path / "state"))
    mapping = Path(__file__).parents[2] / "deploy" / "mappings" / "hotline12345.yaml"
    mapping_file = tmp_path / "own.yaml"
    mapping_file.write_text(
        mapping.read_text("utf-8").replace("jurisdiction: nanhai", "jurisdiction: atlantis"), "utf-8"
    )
    file = csv_file(tmp_path / "o.csv", [order(1)])
    result = CliRunner().invoke(cli, ["import", str(file), "--mapping", str(mapping_file), "--dry-run"])
    assert result.exit_code == 2
    assert "has no such pack; it has: losangeles, nanhai" in result.output
    assert "HUYING_JURISDICTIONS_DIR" in result.output
