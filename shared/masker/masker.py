"""Masks the texts of models with `shared.masking`; long texts are masked in a child process.

The slowest text of 8,000 characters takes about 6 ms, during which the event loop would be blocked.
"""

from asyncio import Event
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from shared.chassis.base import metrics
from shared.chassis.sandbox.sandbox import Sandbox, Unfinished
from shared.contracts.wording import Masks, Model, Passage, Writer, masked, passages
from shared.masking import MASKS
from shared.masking.job import KEPT

log = structlog.get_logger()
LONG: Final = 300
"""The most characters of one request that are masked on the event loop: the slowest take about 0.9 ms."""
SECONDS: Final = 10.0
"""The longest time of a call. It takes milliseconds; the first one starts the process."""
MEMORY: Final = 536_870_912
_JOB: Final = "shared.masking.job:mask_all"
_ATTEMPTS: Final = 2
Answers = dict[Passage, str]


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks texts; the result is always that of `masked(model, MASKS)`. The owner must run `run`, which closes it.

    If the child process ends or does not answer, it is started once more; then the texts are masked on the event loop.
    """

    process: Sandbox = field(default_factory=lambda: Sandbox(_JOB, SECONDS, MEMORY))

    async def run(self) -> None:
        """Wait until cancelled, then end the child process."""
        try:
            await Event().wait()
        finally:
            await self.process.close()

    async def masked(self, model: Model) -> Model:
        """The model with its texts masked as their fields declare."""
        return masked(model, await self.masks_for(passages(model)))

    async def masked_text(self, text: str, writer: Writer = Writer.CITIZEN) -> str:
        """The text, masked as a text of this writer."""
        masks = await self.masks_for((Passage(writer, text),))
        return masks[writer](text)

    async def masks_for(self, words: Iterable[Passage]) -> Masks:
        """Masking functions for a pure function that masks these passages; each text is masked only once.

        Long passages are masked before this returns. Short ones, and any other text, are masked when the pure function
        calls its masking function.
        """
        words = tuple(words)
        is_long = sum(len(passage.text) for passage in words) > LONG
        answers = await self._masked_by_child(words) if is_long else {}
        return {writer: partial(_cached_or_masked, answers, writer) for writer in Writer}

    async def _masked_by_child(self, words: Sequence[Passage]) -> Answers:
        """The masked passages from the child process; empty if it does not answer."""
        frames = [part.encode(errors=KEPT) for passage in words for part in passage]
        for _ in range(_ATTEMPTS):
            try:
                texts = await self.process(*frames)
            except (Unfinished, OSError) as fault:
                log.warning("the process that masks long texts did not answer", cause=repr(fault))
            else:
                metrics.LONG_TEXTS.labels("process").inc()
                return {passage: text.decode(errors=KEPT) for passage, text in zip(words, texts, strict=True)}
        metrics.LONG_TEXTS.labels("loop").inc()
        return {}


def _cached_or_masked(answers: Answers, writer: Writer, text: str) -> str:
    passage = Passage(writer, text)
    if passage not in answers:
        answers[passage] = MASKS[writer](text)
    return answers[passage]
