"""`huying pack check` explains mistakes, or summarises a valid pack."""

from collections.abc import Callable
from pathlib import Path

import yaml
from typer.testing import CliRunner

from deploy.cli.pack import app

PACKS = Path(__file__).parents[2] / "deploy" / "jurisdictions"


def test_the_shipped_packs_are_valid_and_summarised() -> None:
    result = CliRunner().invoke(app, ["check", str(PACKS / "nanhai"), str(PACKS / "losangeles")])
    assert result.exit_code == 0
    assert "nanhai: 315 divisions, 328 units, 307 teams" in result.output
    assert "warning" not in result.output


def test_a_broken_pack_is_explained_and_fails_the_command(edit: Callable[[str, str, str], Path]) -> None:
    pack = edit("catalogue.yaml", "division: west", "division: moon")
    result = CliRunner().invoke(app, ["check", str(pack)])
    assert result.exit_code == 1
    assert f"{pack}/catalogue.yaml:4: rule 'parking-west': division 'moon'" in result.output


def test_the_holidays_of_a_country_can_be_written_for_a_new_pack() -> None:
    result = CliRunner().invoke(app, ["holidays", "CN", "2021", "2027"])
    shipped = (PACKS / "nanhai" / "holidays.yaml").read_text("utf-8")
    assert yaml.safe_load(result.output)["years"] == yaml.safe_load(shipped)["years"]
