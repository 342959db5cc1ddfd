"""A process that is not alive is killed and restarted; a port must be answered by our own process."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.health import Health, first_unhealthy
from deploy.local.liveness import Backoff, Liveness
from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import Unusable
from deploy.local.supervisor import Supervisor
from tests.eventually import eventually

PROBED = """
import asyncio, sys
from shared.chassis.process import run
from shared.chassis.base.settings import ProcessSettings

asked = []

async def wrong():
    asked.append(1)
    return {wrong!r} if len(asked) > 3 else None

async def forever():
    await asyncio.Event().wait()

async def build():
    return run.Components(running=[forever()], alive=[wrong])

settings = ProcessSettings(DATABASE_URL="postgresql://x", health_port={port}, deployment="ours")
run.main("probe", settings, build)
"""


def real_supervisor(tmp_path: Path, wrong: str | None = None) -> Supervisor:
    """A supervisor of a real process of the chassis, with frequent checks."""
    port = free_port()
    health = Health(f"http://127.0.0.1:{port}", "ours")
    child = ManagedProcess(
        Program("probe", (sys.executable, "-c", PROBED.format(wrong=wrong, port=port)), patience=5),
        tmp_path / "probe.log",
    )
    return Supervisor(
        child,
        ready=(health,),
        alive=lambda: health.wrong("/livez"),
        liveness=Liveness(failures=2, grace=30),
        look_every=0.05,
    )


@pytest.fixture
async def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short timeouts for processes that do not respond."""
    monkeypatch.setattr("deploy.local.health.TIMEOUT", 1.0)
    monkeypatch.setattr("deploy.local.supervisor.LEAVE_WITHIN", 0.2)


async def started_again(supervisor: Supervisor) -> list[str]:
    messages: list[str] = []
    supervisor.restarted = lambda _, reason: messages.append(reason)
    return messages


async def test_a_suspended_process_is_restarted(tmp_path: Path, quick: None):
    supervisor = real_supervisor(tmp_path)
    reason = await started_again(supervisor)
    await supervisor.start()
    await supervisor.until_ready(30)
    first = supervisor.child.pid
    os.kill(first, signal.SIGSTOP)  # perhaps before its first successful /livez: then its grace time is 30 s

    async def pid() -> int:
        return supervisor.child.pid if supervisor.child.alive else first

    await eventually(pid, lambda now: now != first, within=90)
    await supervisor.until_ready(30)
    await supervisor.stop()
    assert "it is not alive" in reason[0]
    assert "/livez does not answer" in reason[0]


async def test_a_process_whose_liveness_probe_fails_is_restarted(tmp_path: Path, quick: None):
    supervisor = real_supervisor(tmp_path, wrong="routing: stands at 7 for 61 s")
    reason = await started_again(supervisor)
    await supervisor.start()

    async def reasons() -> list[str]:
        return reason

    await eventually(reasons, bool, within=90)
    await supervisor.stop()
    assert "stands at 7 for 61 s" in reason[0]


async def test_a_response_of_another_deployment_is_not_accepted_as_ours(tmp_path: Path):
    supervisor = real_supervisor(tmp_path)
    await supervisor.start()
    await supervisor.until_ready(30)
    (health,) = supervisor.ready
    assert await health.wrong("/readyz") is None
    other = Health(health.url, "theirs")
    assert "is answered by another program" in str(await other.wrong("/readyz"))
    supervisor.ready = (health, other)
    with pytest.raises(Unusable, match="is answered by another program"):
        await supervisor.until_ready(0)
    await supervisor.stop()


async def test_the_first_address_without_a_response_is_named():
    places = [Health(f"http://127.0.0.1:{free_port()}"), Health("nonsense")]
    assert places[0].url in str(await first_unhealthy(places, "/livez"))
    assert "nonsense" in str(await places[1].wrong("/livez"))


async def test_an_unusable_child_is_killed(tmp_path: Path):
    async def refused() -> None:
        raise Unusable("another PostgreSQL answers on port 5432")

    child = ManagedProcess(
        Program("probe", (sys.executable, "-c", "import signal; signal.pause()")), tmp_path / "probe.log"
    )
    with pytest.raises(Unusable, match="another PostgreSQL answers on port 5432; it wrote nothing into"):
        await Supervisor(child, after=refused).start()
    assert not child.alive


async def test_a_child_that_ends_repeatedly_is_given_up_with_its_last_output(tmp_path: Path):
    # Its second run writes nothing before it is given up.
    code = f"import os, signal; os.path.exists(p := {str(tmp_path / 'again')!r}) and signal.pause();"
    code += "open(p, 'w'); raise SystemExit('port 8080: address already in use')"
    child = ManagedProcess(Program("probe", (sys.executable, "-c", code)), tmp_path / "probe.log")
    supervisor = Supervisor(child, ready=(Health(f"http://127.0.0.1:{free_port()}"),))
    await supervisor.start()

    async def restarts() -> int:
        return supervisor.restarts if supervisor.child.alive else 0

    await eventually(restarts, lambda count: count == 1)
    with pytest.raises(Unusable, match="port 8080: address already in use"):
        await supervisor.until_ready(0)
    await supervisor.stop()


async def test_an_ended_child_is_not_ready_although_another_process_responds(tmp_path: Path):
    child = ManagedProcess(Program("probe", (sys.executable, "-c", "print('address in use')")), tmp_path / "probe.log")

    async def answered_by_another() -> None:
        await child.wait()

    with pytest.raises(Unusable, match="ended at once; its last lines:\naddress in use"):
        await asyncio.wait_for(Supervisor(child, after=answered_by_another).start(), 20)


def test_one_failed_probe_is_tolerated_and_several_in_a_row_are_not():
    liveness = Liveness(failures=3, grace=60)
    assert not liveness.is_over(1, None, 0)
    assert [liveness.is_over(1, "silent", at) for at in (1, 2)] == [False, False]
    assert not liveness.is_over(1, None, 3)
    assert [liveness.is_over(1, "silent", at) for at in (4, 5, 6)] == [False, False, True]


def test_each_run_of_a_process_has_a_minute_for_its_first_successful_probe():
    liveness = Liveness(failures=1, grace=60)
    assert [liveness.is_over(1, "silent", at) for at in (100, 159, 160)] == [False, False, True]
    assert not liveness.is_over(2, "silent", 161)


def test_pauses_between_starts_grow_until_a_run_was_long():
    backoff = Backoff()
    assert [backoff.after(1) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff.after(31) == 0.2
    assert backoff.after(1) == 0.4
    assert backoff.after(1, on_request=True) == 0.2


def test_a_process_killed_repeatedly_waits_up_to_a_minute_although_it_ran_longer():
    backoff = Backoff()
    pauses = [backoff.after(65, killed=True) for _ in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60.0
