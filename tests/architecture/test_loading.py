"""A process loads what it runs: every module costs each process that imports it time and memory."""

from collections.abc import Sequence

import pytest

from deploy.cli.main import COMMANDS, loaded
from tests.architecture.interpreter import COMMON, modules_after

HEAVY = {"boto3", "botocore", "faust", "numpy", "shapely", "xlsxwriter", "python_calamine"}


SERVICES = ("intake", "routing", "feedback", "reporting")


def loaded_by(statements: Sequence[str], before: str = "") -> list[set[str]]:
    """The names of the packages, and of our own services, that are there after each statement."""
    found = modules_after(statements, before).values()
    return [
        {name.partition(".")[0] for name in names} | {name for name in names if name.startswith("services.")}
        for names in found
    ]


@pytest.fixture(scope="module")
def services() -> dict[str, set[str]]:
    """What each service loads."""
    return dict(zip(SERVICES, loaded_by([f"import services.{name}.app" for name in SERVICES], COMMON), strict=True))


def test_the_command_and_its_table_of_processes_load_no_service():
    for found in loaded_by(["import deploy.cli.main", "import deploy.cli.processes"]):
        assert not {name for name in found if name.startswith("services.")}
        assert not found & HEAVY


def test_the_list_of_commands_loads_no_command():
    (found,) = loaded_by(
        ["sys.argv[1:] = ['--help']\ntry:\n import deploy.cli.main as m; m.main()\nexcept SystemExit: pass\n"]
    )
    ours = {name for name in found if name.startswith(("services", "shared", "deploy"))}
    assert (ours, found & {"httpx", "aiokafka", "asyncpg", "fastapi", "pydantic"}) == ({"deploy"}, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_it_says_itself(name: str):
    words = " ".join((loaded(name).help or "").split("\n\n")[0].split())
    assert COMMANDS[name][1] == words
    assert not words.startswith(f"`huying {name}`"), "the name stands beside it"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_loads_itself_alone_and_nothing_heavy(services: dict[str, set[str]], service: str):
    found = services[service]
    assert {name.split(".")[1] for name in found if name.startswith("services.")} == {service}
    assert not found & HEAVY


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_loads_no_route_and_no_page_before_it_serves_them(services: dict[str, set[str]], service: str):
    modules = {name.split(".", 2)[-1] for name in services[service] if name.startswith("services.")}
    assert {name for name in modules if name.endswith(("http_app", "api", "pages"))} == set()
