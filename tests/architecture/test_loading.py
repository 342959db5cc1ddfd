"""A process loads what it runs: every module costs each process that imports it time and memory."""

import subprocess
import sys

import pytest

HEAVY = {"boto3", "botocore", "faust", "xlsxwriter", "python_calamine"}


def loaded_by(statement: str) -> set[str]:
    """The names of the packages, and of our own services, that are there after a statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    names = done.stdout.split()
    return {name.partition(".")[0] for name in names} | {n for n in names if n.startswith("services.")}


@pytest.mark.parametrize("statement", ["import deploy.cli.main", "import deploy.cli.processes"])
def test_the_command_and_its_table_of_processes_load_no_service(statement: str):
    found = loaded_by(statement)
    assert not {name for name in found if name.startswith("services.")}
    assert not found & HEAVY


@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
def test_a_service_loads_itself_alone_and_nothing_heavy(service: str):
    found = loaded_by(f"import services.{service}.app")
    assert {name.split(".")[1] for name in found if name.startswith("services.")} == {service}
    assert not found & HEAVY
