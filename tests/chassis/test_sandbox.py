"""Work on what strangers send is done in a process apart, which has an end."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest

from shared.chassis.sandbox.sandbox import Sandbox, Unfinished

ROOM = 2**30
Run = Callable[..., Sandbox]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    sandboxes: list[Sandbox] = []

    def begun(job: str, seconds: float = 60) -> Sandbox:
        sandboxes.append(Sandbox(f"tests.chassis.sandbox_jobs:{job}", seconds, ROOM))
        return sandboxes[-1]

    yield begun
    for sandbox in sandboxes:
        await sandbox.close()


async def test_a_job_has_a_process_of_its_own_for_all_its_calls(run: Run):
    job = run("echo")
    answers = [await job(b"", b"x" * 1_000_000), await job(b"2"), await job(b"3")]
    assert [answer[:-1] for answer in answers] == [[b"", b"x" * 1_000_000], [b"2"], [b"3"]]
    (process,) = {int(answer[-1]) for answer in answers}
    assert process != os.getpid()


async def test_its_process_knows_no_secret_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUYING_SECRET", "x" * 40)
    (names,) = await run("environment")(b"")
    assert (b"PYTHONPATH" in names, b"HUYING_SECRET" in names) == (True, False)


async def test_what_never_ends_is_ended(run: Run):
    job = run("endless", seconds=0.5)
    with pytest.raises(Unfinished):
        await job(b"")
    assert job._process is None


@pytest.mark.parametrize("job", ["greedy", "faulty"])
async def test_what_wants_too_much_or_fails_is_unfinished_and_the_next_call_is_served(run: Run, job: str):
    asked = run(job)
    for _ in range(2):
        with pytest.raises(Unfinished) as fault:
            await asked(b"told by a citizen")
        assert "citizen" not in str(fault.value)


async def test_the_answer_of_a_call_that_nobody_waits_for_is_not_the_next_ones(run: Run):
    job = run("late")
    await job(b"0", b"first")
    given_up = asyncio.create_task(job(b"0.5", b"given up"))
    await asyncio.wait({given_up}, timeout=0.1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert await job(b"0", b"next") == [b"next"]
