"""A process ends in time and says why, whatever its parts do."""

import subprocess
import sys

import pytest

PROCESS = """
import asyncio
from shared.chassis import broker, process
from shared.chassis.delivery import TooMuchPoison
from shared.chassis.settings import ProcessSettings

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def fails():
    raise {fault}

async def build():
    return process.Parts(running=[{parts}])

process.PATIENCE = 0.2
process.main("probe", ProcessSettings(database_url="postgresql://x", health_port=0), build)
"""


def end_of(parts: str, fault: str = "RuntimeError('boom')") -> tuple[int, str]:
    """The exit code of a process made of these parts, and what it wrote."""
    program = PROCESS.format(parts=parts, fault=fault)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("fault", "code"),
    [("broker.BrokerReplaced('a is gone, b is here')", 75), ("TooMuchPoison('11 in a row')", 65), ("OSError()", 1)],
)
def test_a_process_says_with_its_exit_code_why_it_ended(fault: str, code: int):
    assert end_of("fails()", fault)[0] == code


def test_a_part_that_is_deaf_to_cancellation_does_not_keep_a_process_from_ending():
    code, said = end_of("fails(), deaf()", "broker.BrokerReplaced('a is gone, b is here')")
    assert (code, "stopped without waiting" in said) == (75, True), said
