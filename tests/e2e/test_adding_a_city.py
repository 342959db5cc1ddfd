"""`docs/adding-a-city.md` is walked word for word: its files are written, its commands are run."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.deployment import Options, Running, deployed
from tests.conftest import reachable
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-city.md").read_text("utf-8")
NAMED = r"(?:`(?P<file>cities/[^`]+)`[^\n]*\n(?:[^\n`][^\n]*\n|`[^\n]*\n)*\n)?"
"""The paragraph above a block names the file that it is."""
BLOCK = re.compile(rf"^{NAMED}```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A file to write, or commands to run; `up` starts the deployment."""

    kind: str
    text: str
    file: str


PARTS = [Part(found["kind"], found["text"], found["file"] or "") for found in BLOCK.finditer(PAGE)]


class Walk:
    """A shell that keeps its variables from block to block, as a terminal does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self._url = folder, "", ""
        self._kept = folder / "variables"
        self._kept.write_text("")

    def take(self, part: Part) -> None:
        """Write the file, or run the commands; each must succeed."""
        if part.file:
            path = self.folder / part.file
            path.write_text(part.text, "utf-8")
            return
        script = f"set -ea\n. {self._kept}\n{self._placed(part.text)}\nexport -p > {self._kept}\n"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {name: value for name, value in os.environ.items() if not name.startswith("HUYING_")}
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=env | {"PATH": path, "COLUMNS": "200"},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        self.said = done.stdout + done.stderr
        assert done.returncode == 0, f"{part.text}\n{self.said}"

    def _placed(self, text: str) -> str:
        """The page's own words but for where the project lies and the port that was free."""
        return text.replace("deploy/jurisdictions", f"{ROOT}/deploy/jurisdictions").replace(
            "http://127.0.0.1:8080", self._url
        )

    def runs_at(self, url: str) -> None:
        """From here on there is a deployment."""
        self._url = url

    def variables(self) -> dict[str, str]:
        """What the page has set for `huying up`."""
        shown = subprocess.run(
            ["bash", "-c", f". {self._kept}; env -0"], capture_output=True, text=True, check=True, env={}
        ).stdout
        told = dict(line.partition("=")[::2] for line in shown.split("\0") if line)
        return {name: value for name, value in told.items() if name.startswith("HUYING_")}

    def json(self, file: str) -> Any:
        """What a command of the page wrote."""
        return json.loads((self.folder / file).read_text("utf-8"))


def up_to(kind: str) -> tuple[list[Part], list[Part]]:
    at = next(n for n, part in enumerate(PARTS) if part.kind == kind)
    return PARTS[:at], PARTS[at + 1 :]


def test_the_page_has_every_file_of_a_pack_and_of_an_import():
    files = {part.file for part in PARTS if part.file}
    assert len(files) == 9
    assert {
        "cities/qinghe/pack.yaml",
        "cities/qinghe/teams.csv",
        "cities/qinghe-orders.yaml",
        "cities/orders.csv",
    } <= files
    assert PAGE.count("\n```") == 2 * len(PARTS)


@pytest.fixture(scope="module")
async def walk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Walk, Running]]:
    """The page until everything runs."""
    walk = Walk(reachable(tmp_path_factory, "walk"))
    before, _ = up_to("up")
    for part in before:
        await asyncio.to_thread(walk.take, part)
        if "pack check" in part.text:
            assert "qinghe: 3 divisions, 3 units, 0 teams, 3 categories to choose, 2 rules" in walk.said
    told = walk.variables()
    directory = reachable(tmp_path_factory, "city")
    walk._kept.write_text(walk._kept.read_text() + f"\nexport HUYING_STATE_DIR={directory}\n")
    env = told | {"HUYING_STATE_DIR": str(directory)}
    assert told["HUYING_JURISDICTIONS"] == "qinghe"
    async with deployed(Options(directory=directory, port=0, env=env)) as running:
        walk.runs_at(running.url)
        yield walk, running


async def test_the_page_leads_from_a_pack_to_a_routed_demand_and_an_import(walk: tuple[Walk, Running]):
    terminal, running = walk
    _, after = up_to("up")
    async with httpx.AsyncClient(base_url=running.url) as client:
        served = (await client.get("/v1/jurisdictions")).json()["jurisdictions"]
        assert [one["id"] for one in served] == ["qinghe"]
    for part in after:
        if "demand.json" in part.text:
            demand = await eventually(
                lambda part=part: _demand(terminal, part), lambda told: told["status"] == "routed"
            )
            assert (demand["unit"], demand["number"][:2]) == ("qh-roads", "QH")
            assert demand["due_at"]
            continue
        await asyncio.to_thread(terminal.take, part)
        if "--dry-run" in part.text:
            assert "2 would be taken, 0 imported before, 0 refused; nothing was imported" in terminal.said
            assert "2 taken, 0 imported before, 0 refused" in terminal.said
    rows = {row["key"]: row["collected"] for row in terminal.json("cities/figures.json")["rows"]}
    assert (rows["qinghe"], rows["qh-east"], rows["qh-west"]) == (3, 2, 1)


def _is_routed(told: Any) -> bool:
    return bool(told["status"] == "routed")


async def _demand(terminal: Walk, part: Part) -> Any:
    await asyncio.to_thread(terminal.take, part)
    return terminal.json("cities/demand.json")
