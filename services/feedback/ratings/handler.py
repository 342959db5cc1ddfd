"""Handles the verdict of a citizen who has a signed link, and reads the demand for whoever has one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from services.feedback.ratings import milestones, queries, verdicts
from services.feedback.ratings.domain import AWAITED, RateDemand, rate
from services.feedback.ratings.milestones import AnswerTexts
from services.feedback.ratings.verdicts import JudgedDemand, words_of
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.contracts.refusals import Code, Refused
from shared.contracts.wording import Masks, passages
from shared.identity.citizen_links import CitizenLinks, LinkContent, LinkHolder
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masker.masker import Masker

ANSWERS: Final = ("resolved", "declined")


@dataclass(frozen=True, slots=True)
class AnsweredDemand:
    """A demand with the texts of its answers, as the holder of a link may read it."""

    demand: Demand
    pack: Pack
    link: LinkContent
    milestones: Sequence[AnswerTexts]

    @property
    def holder(self) -> LinkHolder:
        """To whom the link was sent: the citizen or a supporter."""
        return self.link.holder

    @property
    def is_of_an_earlier_answer(self) -> bool:
        """Whether the demand has a newer answer than the one for which the link was sent."""
        return self.link.answer is not None and self.link.answer < self.demand.version

    @property
    def may_rate(self) -> bool:
        """Whether this holder may give a verdict now."""
        declined_for_good = self.demand.status is Status.DECLINED and not self.pack.may_reopen(self.demand.reopenings)
        awaited = self.demand.status in AWAITED and not self.is_of_an_earlier_answer
        return self.holder is LinkHolder.CITIZEN and awaited and not declined_for_good

    @property
    def is_hidden(self) -> bool:
        """Whether the texts are hidden from the holder: a report (举报) is shown only to the citizen who raised it."""
        return self.holder is LinkHolder.SUPPORTER and is_confidential(self.demand.kind)

    @property
    def words(self) -> Sequence[AnswerTexts]:
        """The texts of answers that the holder may read."""
        return () if self.is_hidden else self.milestones

    @property
    def answer(self) -> Mapping[str, str]:
        """The texts of the last answer, by the names of the fields; empty if there is no answer.

        If a text was released for publication, a supporter reads that instead of the answer to the citizen.
        """
        answers = [milestone.words for milestone in self.words if milestone.kind in ANSWERS]
        words = dict(answers[-1]) if answers else {}
        if self.holder is LinkHolder.SUPPORTER and words.get("summary"):
            words.pop("result", None)
        return words


@dataclass(frozen=True, slots=True)
class RatingHandler:
    """Reads the demand of a link, and handles `RateDemand`."""

    pool: Pool
    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    links: CitizenLinks
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7
    masker: Masker = field(default_factory=Masker)

    async def shown(self, token: str) -> AnsweredDemand:
        """The demand of the link; raises `Refused` if the link or its demand is not valid."""
        link = self.links.read(token)
        async with self.pool.acquire(timeout=5) as db:
            demand = await queries.demand(db, link.demand)
            answers = await milestones.of_demand(db, link.demand)
        pack = self.packs.of_division(demand.division) if demand else None
        if demand is None or pack is None:
            raise _unknown()
        return AnsweredDemand(demand, pack, link, answers)

    async def rate(self, token: str, verdict: RateDemand, seen: int | None = None) -> Demand:
        """Handle a verdict; returns the demand after it, also if the same verdict is sent again. Raises `Refused`.

        `seen` is the version of the demand that the citizen's page showed. A link that is for one answer has the
        version itself. By the version a form that is sent twice is told apart from a new verdict on a later answer.
        """
        link = self.links.read(token)
        if link.holder is not LinkHolder.CITIZEN:
            raise _for_the_citizen()
        handler = CommandHandler(self.repository, self.clock)
        seen = seen if link.answer is None else link.answer
        masks = await self.masker.masks_for(passages(verdict))
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            return await handler.handle(db, RatingCommand(link.demand, self.new_id(), verdict, seen, self.packs, masks))


@dataclass(frozen=True, slots=True)
class RatingCommand:
    """A verdict on the last answer, as `CommandHandler` takes it. The same verdict on the same answer is a repetition,
    also with another `cause`."""

    key: UUID
    cause: UUID
    verdict: RateDemand
    seen: int | None
    packs: Jurisdictions
    masks: Masks

    async def known(self, db: Connection, state: Demand) -> Demand | None:
        """The answer to the first request, if this one repeats it; None for a new verdict. Raises `Refused` if there is
        no answer to rate."""
        if self.packs.of_division(state.division) is None:
            raise _unknown()
        last = await verdicts.last_by_link(db, self.key)
        current = state.status in AWAITED and self.seen in (None, state.version)
        if not current and last and last.words == words_of(self.key, self.verdict):
            return last.again(state)
        if not current and state.status in AWAITED:
            raise _answered_anew()
        if last and state.status in (Status.CONFIRMED, Status.CLOSED):
            raise _rated(last)
        return None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The facts that follow from the verdict; raises `Refused`."""
        pack = self.packs.of_division(state.division)
        if pack is None:
            raise _unknown()
        pack.callback.require_tags(self.verdict.tags)
        return rate(state, self.verdict.verdict(self.masks), pack)

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> Demand:
        """Store the verdict with what was answered; returns the demand after the verdict."""
        verdicts.put(writes, self.verdict, state)
        return state


def _unknown() -> Refused:
    return Refused(Code.NOT_FOUND, "the demand of this link is not known", "没有找到该链接对应的诉求")


def _for_the_citizen() -> Refused:
    return Refused(
        Code.FORBIDDEN,
        "only the person who raised the demand can rate it; with this link you can follow it",
        "仅诉求提出人可以评价；您可以通过该链接查看进展",
    )


def _rated(last: JudgedDemand) -> Refused:
    return Refused(
        Code.ILLEGAL_TRANSITION,
        f"your rating ({last.rating} of 5) was received before and cannot be changed;"
        " if the problem is still there, raise it anew",
        f"您已评价过（{last.rating}分），评价不能更改；如果问题仍在，请重新提交诉求",
    )


def _answered_anew() -> Refused:
    return Refused(
        Code.CONFLICT,
        "there is a newer answer than this one: read it on the page of the demand, and rate it there",
        "该诉求已有新的答复，请在诉求页面查看最新答复后再评价",
    )
