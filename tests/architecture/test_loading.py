"""A process loads what it runs: every module costs each process that imports it time and memory."""

import subprocess
import sys

import pytest

from deploy.cli.main import COMMANDS, loaded

HEAVY = {"boto3", "botocore", "faust", "numpy", "shapely", "xlsxwriter", "python_calamine"}


def loaded_by(statement: str) -> set[str]:
    """The names of the packages, and of our own services, that are there after a statement."""
    program = f"import sys\n{statement}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    names = done.stderr.split()
    return {name.partition(".")[0] for name in names} | {n for n in names if n.startswith("services.")}


@pytest.mark.parametrize("statement", ["import deploy.cli.main", "import deploy.cli.processes"])
def test_the_command_and_its_table_of_processes_load_no_service(statement: str):
    found = loaded_by(statement)
    assert not {name for name in found if name.startswith("services.")}
    assert not found & HEAVY


def test_the_list_of_commands_loads_no_command():
    found = loaded_by(
        "sys.argv[1:] = ['--help']\ntry:\n import deploy.cli.main as m; m.main()\nexcept SystemExit: pass\n"
    )
    ours = {name for name in found if name.startswith(("services", "shared", "deploy"))}
    assert (ours, found & {"httpx", "aiokafka", "asyncpg", "fastapi", "pydantic"}) == ({"deploy"}, set())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_it_says_itself(name: str):
    words = " ".join((loaded(name).help or "").split("\n\n")[0].split())
    assert COMMANDS[name][1] == words


@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
def test_a_service_loads_itself_alone_and_nothing_heavy(service: str):
    found = loaded_by(f"import services.{service}.app")
    assert {name.split(".")[1] for name in found if name.startswith("services.")} == {service}
    assert not found & HEAVY
