"""Rehearsing, scheduling and listing catalogues with `huying catalogue`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.catalogue import app
from services.routing.catalogue.packs_in_force import rules_as_yaml
from tests.packs import nanhai

SUNK = "- {id: sunk, match: {category: road-damage, keywords: [塌陷]}, lead: nh-transport}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(rules_as_yaml(nanhai()).replace("rules:\n", f"rules:\n{SUNK}\n", 1), "utf-8")
    return path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_a_file_is_rehearsed_scheduled_listed_and_shown(database: str, file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", database)
    refused = run("publish", str(file))
    assert (refused.exit_code, "check it first" in refused.output) == (1, True)
    rehearsed = run("rehearse", str(file), "--name", "李")
    assert rehearsed.exit_code == 0, rehearsed.output
    version = rehearsed.output.split(":")[0]
    published = run("publish", version, "--at", "2099-01-01T00:00:00+0800", "--reason", "换发新目录")
    assert (published.exit_code, published.output.split()[:2]) == (0, [version, "scheduled"]), published.output
    states = {line.split()[0]: line.split()[1] for line in run("list").output.splitlines()}
    assert states == {version: "scheduled", nanhai().catalogue_version: "published"}
    assert "keywords: [塌陷]" in run("show", version).output
    assert run("rollback", nanhai().catalogue_version).exit_code == 0
    assert run("show", "000000000000").exit_code == 1


def test_a_file_is_checked_without_a_database_and_errors_are_named_with_their_lines(file: Path):
    assert run("check", str(file)).exit_code == 0
    text = file.read_text("utf-8").replace("lead: nh-transport}", "lead: nobody}")
    file.write_text(text, "utf-8")
    checked = run("check", str(file))
    assert checked.exit_code == 1
    assert f"{file}:3: rule 'sunk': unit 'nobody' is not defined in units.csv" in checked.output
    file.write_text("rules: [", "utf-8")
    assert (run("check", str(file)).exit_code, run("check", str(file), "--jurisdiction", "x").exit_code) == (1, 2)
