"""Masks the words of models as `shared.masking` does; long texts in a process apart, since masking may be slow.

The slowest 8,000 characters take about 6 ms, for which everybody else on the event loop would wait.
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
"""How many characters of one request are masked on the loop at most: the slowest of them take about 0.9 ms."""
SECONDS: Final = 10.0
"""The longest time of a call. It takes milliseconds; the first one starts the process."""
MEMORY: Final = 536_870_912
_JOB: Final = "shared.masking.job:mask_all"
_ATTEMPTS: Final = 2
Answers = dict[Passage, str]


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks; the answer is always that of `masked(model, MASKS)`. Whoever makes one runs `run`, which closes it.

    Where the process ends or does not answer, it is started once more; after that the texts are masked on the loop.
    """

    process: Sandbox = field(default_factory=lambda: Sandbox(_JOB, SECONDS, MEMORY))

    async def run(self) -> None:
        """End the process when cancelled; until then nothing."""
        try:
            await Event().wait()
        finally:
            await self.process.close()

    async def masked(self, model: Model) -> Model:
        """The model with its words masked as their fields declare."""
        return masked(model, await self.masks_for(passages(model)))

    async def masked_text(self, text: str, writer: Writer = Writer.CITIZEN) -> str:
        """The text, masked as words of this writer."""
        masks = await self.masks_for((Passage(writer, text),))
        return masks[writer](text)

    async def masks_for(self, words: Iterable[Passage]) -> Masks:
        """Masks for a pure function that masks these words; they mask each text once, however often it asks.

        Where the words are long in all, the answers are known when this returns. Any other text is masked when the
        function asks for it. Waits for nothing where the words are short.
        """
        words = tuple(words)
        is_long = sum(len(passage.text) for passage in words) > LONG
        answers = await self._apart(words) if is_long else {}
        return {writer: partial(_known_or_masked, answers, writer) for writer in Writer}

    async def _apart(self, words: Sequence[Passage]) -> Answers:
        """What the process answers; nothing where it cannot."""
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


def _known_or_masked(answers: Answers, writer: Writer, text: str) -> str:
    passage = Passage(writer, text)
    if passage not in answers:
        answers[passage] = MASKS[writer](text)
    return answers[passage]
