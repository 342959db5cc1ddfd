"""Reads the demand of a signed link, and what the link's holder may see of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.intake import demands
from services.intake.attachments import queries as attachments
from services.intake.attachments.queries import Attachment
from services.intake.publications import queries as publications
from services.intake.tracking.details import DetailsReader
from services.intake.web.follow_view import FollowedDemand, visible_files
from services.intake.web.visit import PageVisit
from shared.chassis.base.clock import now
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity.citizen_links import CitizenLinks, LinkContent, LinkHolder, follow_path
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class FollowLookup:
    """Reads demands by links; a forged link is refused before the database is read."""

    links: CitizenLinks
    details_reader: DetailsReader
    clock: Callable[[], datetime] = now

    async def opened(self, token: str) -> tuple[LinkContent, Demand, Pack]:
        """The demand of a link; raises `Refused`."""
        link = self.links.read(token)
        async with self.details_reader.pool.acquire(timeout=5) as db:
            demand = await demands.by_id(db, link.demand)
        pack = self.details_reader.packs.get(demand.jurisdiction) if demand else None
        if demand is None or pack is None:
            raise Refused(Code.NOT_FOUND, "the demand of this link is not known", "没有找到该链接对应的诉求")
        return link, demand, pack

    async def raised(self, token: str) -> Demand:
        """The demand of the citizen's link; raises `Refused` for a supporter's link."""
        link, demand, _ = await self.opened(token)
        if link.holder is not LinkHolder.CITIZEN:
            en = "only whoever raised the demand does that; with this link you can follow it"
            raise Refused(Code.FORBIDDEN, en, "仅诉求提出人可以操作；您可以通过该链接查看进展")
        return demand

    async def followed(self, token: str, visit: PageVisit) -> FollowedDemand:
        """Everything that the holder may see; raises `Refused`."""
        link, demand, pack = await self.opened(token)
        details = await self.details_reader.whole(demand.id)
        async with self.details_reader.pool.acquire(timeout=5) as db:
            files = await attachments.readable(db, demand.id, visible_files(details))
            published = await publications.of_demand(db, demand.id)
        by_reference = {file.reference: file for file in files}
        path = follow_path(token)
        at = self.clock()
        return FollowedDemand(
            demand, pack, link.holder, details, by_reference, published, visit, path, at, answer_version=link.answer
        )

    async def file(self, token: str, reference: str) -> Attachment:
        """A file of the page; raises `Refused` for others: files that units uploaded for themselves are not shown."""
        demand = await self.raised(token)
        details = await self.details_reader.whole(demand.id)
        async with self.details_reader.pool.acquire(timeout=5) as db:
            opened = await attachments.readable(
                db, demand.id, [file for file in visible_files(details) if file == reference]
            )
        if not opened:
            raise Refused(
                Code.NOT_FOUND, "there is no such file here; it may have been erased", "没有这个文件，可能已删除"
            )
        return opened[0]
