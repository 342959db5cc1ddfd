"""Reads what is public: a demand by its number, and lists by place, category, status and text."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.intake import demands
from services.intake.public.documents import PublicDemandSummary, PublicDemandView
from services.intake.public.view import summary, view
from services.intake.publications import list_queries, map_queries, queries
from services.intake.publications.consent import is_ever_published
from services.intake.publications.list_queries import PublicFilter
from shared.chassis.database.pool import Pool
from shared.chassis.http.pagination import NEWEST, Moment
from shared.contracts.demand.state import Demand, is_confidential
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking.pieces import wording

SHORTEST = 2


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """The filter of a public list; an empty field does not filter. `status` is `open`, `ended` or empty."""

    division: str = ""
    category: str = ""
    status: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class PublicLookup:
    """Reads public demands; every method raises `Refused`."""

    pool: Pool
    packs: Jurisdictions

    def pack(self, jurisdiction: str | None) -> Pack:
        """The pack of the jurisdiction, or the first one that is served."""
        pack = self.packs.get(jurisdiction) if jurisdiction else next(iter(self.packs), None)
        if pack is None:
            ids = ", ".join(pack.id for pack in self.packs)
            error = FieldError("jurisdiction", f"辖区不存在，可选：{ids}", f"is none of: {ids}", ids)
            raise Refused(Code.NOT_FOUND, f"jurisdiction: {error.en}", error.zh, (error,))
        return pack

    async def page(
        self, pack: Pack, question: PublicQuestion, after: Moment, limit: int
    ) -> tuple[list[PublicDemandSummary], Moment | None]:
        """A page of released demands, the latest release first, and where the next page begins."""
        filter = filter_of(pack, question)
        async with self.pool.acquire(timeout=5) as db:
            rows, next_place = await list_queries.page(db, filter, after, limit)
        return [summary(pack, row) for row in rows], next_place

    async def rows(self, pack: Pack, question: PublicQuestion, limit: int) -> Iterable[list_queries.ReleasedDemand]:
        """The latest demands of a list with their texts, for a feed."""
        async with self.pool.acquire(timeout=5) as db:
            rows, _ = await list_queries.page(db, filter_of(pack, question), NEWEST, limit)
        return rows

    async def by_division(self, pack: Pack, question: PublicQuestion) -> list[map_queries.DivisionCount]:
        """How many of the latest demands of a list lie in each division, and where."""
        async with self.pool.acquire(timeout=5) as db:
            return await map_queries.counts(db, filter_of(pack, question))

    async def demand(self, number: str) -> tuple[Pack, PublicDemandView]:
        """One demand as everybody may read it."""
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            pack = self.packs.get(demand.jurisdiction) if demand else None
            if demand is None or pack is None:
                raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
            published = await queries.of_demand(db, demand.id)
            editions = await queries.editions(db, demand.id)
        return pack, view(pack, demand, published, editions)

    async def months(self) -> list[datetime]:
        """The months in which demands were released."""
        async with self.pool.acquire(timeout=5) as db:
            return await list_queries.months(db)

    async def released_in(self, since: datetime, before: datetime) -> list[tuple[str, datetime]]:
        """The demands that were released within a month and are public: each number with its last change."""
        async with self.pool.acquire(timeout=5) as db:
            return await list_queries.released_in(db, since, before)


def may_be_published(pack: Pack | None, demand: Demand) -> None:
    """Raise `Refused` if an agreement to publication changes nothing, because demands of the kind are never
    published."""
    if is_ever_published(pack.publication.release if pack else None, demand):
        return
    if is_confidential(demand.kind):
        zh, en = "举报件一律不公开，无需征求意见", f"{demand.number} is a report (举报): reports are never published"
    else:
        zh, en = (
            "该地区不公开此类诉求，无需征求意见",
            f"the jurisdiction does not publish demands such as {demand.number}",
        )
    raise Refused(Code.ILLEGAL_TRANSITION, f"{en}; leave it as it is", zh)


def filter_of(pack: Pack, question: PublicQuestion) -> PublicFilter:
    """The SQL filter of a request; raises `Refused` for an unknown place or category, and for a text that is too short
    to search."""
    pieces = sorted(wording(question.words).bigrams)
    if question.words and not any(len(piece) >= SHORTEST for piece in pieces):
        raise _wrong("words", "请至少输入两个字", "type at least two characters", "路灯")
    return PublicFilter(
        jurisdiction=pack.id,
        divisions=divisions_within(pack, question.division),
        categories=categories_within(pack, question.category),
        is_open={"open": True, "ended": False}.get(question.status),
        pieces=pieces,
    )


def divisions_within(pack: Pack, division: str) -> list[str] | None:
    """The codes of a division and everything below it; None for all. Raises `Refused` where there is none of it."""
    if not division or division == pack.root:
        return None
    if pack.division(division) is None:
        raise _wrong("division", f"没有区划 {division}", f"there is no division {division}", pack.root)
    return [place.code for place in pack.divisions if pack.is_within(place.code, division)]


def categories_within(pack: Pack, category: str) -> list[str] | None:
    """The codes of a category and everything below it; None for all. Raises `Refused` where there is none of it."""
    if not category:
        return None
    if pack.category(category) is None:
        example = pack.categories[0].code
        raise _wrong("category", f"没有类别 {category}", f"there is no category {category}", example)
    return [leaf.code for leaf in pack.categories if category in pack.category_ancestors(leaf.code)]


def _wrong(field: str, zh: str, en: str, example: str) -> Refused:
    return Refused(Code.INVALID, f"{field}: {en}", zh, (FieldError(field, zh, en, example),))
