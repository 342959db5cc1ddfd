"""Long words are masked in a process apart; the answer is the same, whatever becomes of that process."""

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import BaseModel
from structlog.testing import capture_logs

from shared.chassis.sandbox.sandbox import Sandbox
from shared.contracts.wording import Plain, by_citizen, by_office, masked, passages
from shared.masker.masker import LONG, MEMORY, Masker
from shared.masking import MASKS, mask, mask_answer
from tests.bench.masking import PIECES

SLOWEST = "我叫李明，" * 1600


class Words(BaseModel):
    """Words of both writers, cut and uncut, and what is none."""

    citizen: Annotated[str, by_citizen()] = ""
    office: Annotated[str, by_office(40)] = ""
    several: Annotated[tuple[str, ...], by_office()] = ()
    nothing: Annotated[str | None, by_citizen()] = None
    plain: Annotated[str, Plain("a test")] = ""


pieces = st.one_of(st.sampled_from(PIECES), st.characters(), st.just("\ud800"))
long_texts = st.tuples(st.lists(pieces, min_size=1, max_size=20).map("".join), st.integers(0, 60)).map(
    lambda drawn: drawn[0] * drawn[1]
)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(citizen=long_texts, office=long_texts, several=st.lists(long_texts, max_size=3))
async def test_the_answer_is_that_of_the_rules(masker: Masker, citizen: str, office: str, several: list[str]):
    words = Words.model_construct(citizen=citizen, office=office, several=tuple(several), plain=citizen)
    assert await masker.masked(words) == masked(words, MASKS)
    assert await masker.masked_text(citizen) == mask(citizen)


async def test_long_words_are_not_masked_in_this_process(masker: Masker, masked_here: list[str]):
    words = Words(citizen=SLOWEST, office="请打0757-86332211")
    answer = await masker.masked(words)
    assert masked_here == []
    assert answer == masked(words, MASKS)


async def test_many_short_words_are_long_together(masker: Masker, masked_here: list[str]):
    words = Words(several=tuple(f"我叫李明，{n}" for n in range(LONG // 5)))
    answer = await masker.masked(words)
    assert masked_here == []
    assert answer == masked(words, MASKS)


async def test_short_words_need_no_process(masker: Masker, masked_here: list[str]):
    words = Words(citizen=SLOWEST[:LONG])
    answer = await masker.masked(words)
    assert masked_here.count(words.citizen) == 1
    assert answer.citizen == mask(words.citizen)
    assert masker.process._process is None


async def test_a_short_text_is_masked_once_however_often_it_is_asked_for(masker: Masker, masked_here: list[str]):
    words = Words(citizen="我叫李明")
    masks = await masker.masks_for(passages(words))
    assert {masked(words, masks).citizen for _ in range(3)} == {"我叫［姓名］"}
    assert masked_here == ["我叫李明", ""]


async def test_masks_know_long_words_and_mask_all_others_by_the_rules(masker: Masker, masked_here: list[str]):
    masks = await masker.masks_for(passages(Words(citizen=SLOWEST)))
    assert masks["citizen"](SLOWEST).startswith("我叫［姓名］")
    assert masked_here == []
    assert masks["citizen"]("电话13800138000") == "电话［手机号］"
    assert masks["office"](SLOWEST) == mask_answer(SLOWEST)


@dataclass(slots=True)
class Counted:
    """How many requests with long texts were masked where since this was made."""

    before: tuple[float, float] = field(default_factory=lambda: _now())

    @property
    def since(self) -> tuple[float, float]:
        """By the process, on the loop."""
        process, loop = _now()
        return process - self.before[0], loop - self.before[1]


def _now() -> tuple[float, float]:
    values = [
        REGISTRY.get_sample_value("huying_long_texts_total", {"result": result}) for result in ("process", "loop")
    ]
    return values[0] or 0.0, values[1] or 0.0


@pytest.mark.usefixtures("own_processes")
async def test_a_process_that_was_killed_is_started_anew(masker: Masker, masked_here: list[str]):
    counted, words = Counted(), Words(citizen=SLOWEST)
    await masker.masked(words)
    first = masker.process._process
    assert first
    os.kill(first.pid, signal.SIGKILL)
    answer = await masker.masked(words)
    assert masked_here == []
    assert answer == masked(words, MASKS)
    assert counted.since == (2, 0)


@pytest.mark.parametrize("job", ["gone", "endless"])
async def test_where_the_process_does_not_answer_the_words_are_masked_here(job: str, masked_here: list[str]):
    masker, counted, words = Masker(Sandbox(f"tests.masker.jobs:{job}", 1, MEMORY)), Counted(), Words(citizen=SLOWEST)
    with capture_logs() as logs:
        answer = await masker.masked(words)
    assert masked_here[0] == SLOWEST
    assert answer == masked(words, MASKS)
    assert counted.since == (0, 1)
    assert [line["log_level"] for line in logs] == ["warning", "warning"]
    assert "李明" not in str(logs)
    assert masker.process._process is None


@pytest.mark.usefixtures("own_processes")
async def test_where_no_process_can_be_started_the_words_are_masked_here(
    masker: Masker, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    counted, words = Counted(), Words(citizen=SLOWEST)
    assert await masker.masked(words) == masked(words, MASKS)
    assert counted.since == (0, 1)


@pytest.mark.usefixtures("own_processes")
async def test_whoever_runs_the_masker_ends_its_process(masker: Masker):
    running = asyncio.create_task(masker.run())
    await masker.masked(Words(citizen=SLOWEST))
    process = masker.process._process
    assert process
    assert process.returncode is None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert process.returncode is not None
