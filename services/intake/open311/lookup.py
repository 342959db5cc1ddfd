"""Reads demands and their updates for Open311."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.intake.open311 import queries, services
from services.intake.open311.dates import beginning, end, first_update, window
from services.intake.open311.documents import ServiceRequest
from services.intake.open311.errors import unknown
from services.intake.open311.extensions import RequestUpdate
from services.intake.open311.queries import Filter, ListingRow, UpdateRow
from services.intake.open311.query_params import AskedRequests, AskedUpdates
from services.intake.open311.view import extended, plain, updates
from services.intake.publications.queries import NOTHING, published
from services.intake.submission.handler import SubmissionHandler
from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import is_confidential
from shared.contracts.examples import ID, NUMBER
from shared.contracts.numbers import canonical, read_number
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Open311Lookup:
    """Reads from intake's listing; every method raises `Refused`."""

    submissions: SubmissionHandler

    @property
    def packs(self) -> Jurisdictions:
        """The jurisdictions of this deployment."""
        return self.submissions.packs

    async def requests(self, pack: Pack, query: AskedRequests) -> list[ServiceRequest]:
        """The demands that a list request asks for."""
        services.check_filter(pack, query.codes())
        async with self.submissions.pool.acquire(timeout=5) as db:
            if query.numbers():
                listings = await queries.listings_by_number(db, pack.id, _canonical(query.numbers()))
            else:
                listings = await queries.listings(db, _filter(pack, query, self.submissions.clock()))
            return await _shown(db, pack, listings, more=query.extensions)

    async def request(self, pack: Pack, number: str, more: bool) -> list[ServiceRequest]:
        """One demand, as a list with one element."""
        checked_number = read_number(number, field="service_request_id")
        async with self.submissions.pool.acquire(timeout=5) as db:
            listings = await queries.listings_by_number(db, pack.id, [checked_number])
            if not listings:
                raise unknown("service_request_id", number, NUMBER)
            return await _shown(db, pack, listings, more)

    async def redeem(self, pack: Pack, token: UUID | str) -> str:
        """The number of the demand with this id or number; there are no other tokens."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            if isinstance(token, UUID):
                number = await queries.number_of(db, pack.id, token)
            else:
                listings = await queries.listings_by_number(db, pack.id, _canonical([token]))
                number = listings[0].number if listings else None
        if number is None:
            raise unknown("token", token, ID)
        return number

    async def updates(self, pack: Pack, query: AskedUpdates) -> list[RequestUpdate]:
        """The updates of a jurisdiction's demands within a window, or of the requested demands."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            steps = await self._steps(db, pack, query)
            return updates(pack, steps, await published(db, list({step.demand_id for step in steps})))

    async def _steps(self, db: Connection, pack: Pack, query: AskedUpdates) -> list[UpdateRow]:
        now, zone = self.submissions.clock(), ZoneInfo(pack.timezone)
        if not query.numbers():
            when = window(query.start_date, query.end_date, now, zone)
            return await queries.steps_within(db, pack.id, when, query.page_size, query.skipped)
        listings = await queries.listings_by_number(db, pack.id, _canonical(query.numbers()))
        ids = [listing.id for listing in listings if not is_confidential(listing.kind)]
        steps = [*await queries.steps_of(db, ids), *await queries.releases_of(db, ids)]
        first = beginning(query.start_date, zone) if query.start_date else None
        last = end(query.end_date, zone) if query.end_date else None
        within = [step for step in steps if (not first or first <= step.at) and (not last or step.at <= last)]
        within.sort(key=lambda step: step.at)
        return within[query.skipped : query.skipped + query.page_size]


def _filter(pack: Pack, query: AskedRequests, now: datetime) -> Filter:
    after, before, zone = query.updated_after, query.updated_before, ZoneInfo(pack.timezone)
    by_date = query.start_date or query.end_date or not (after or before)
    return Filter(
        jurisdiction=pack.id,
        categories=query.codes(),
        open=query.open(),
        submitted=window(query.start_date, query.end_date, now, zone) if by_date else None,
        updated_after=_changed_since(after, zone) if by_date else first_update(after, before, now, zone),
        updated_before=end(before, zone) if before else None,
        limit=query.page_size,
        skip=query.skipped,
    )


def _changed_since(after: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    return beginning(after, zone) if after else None


async def _shown(db: Connection, pack: Pack, listings: Sequence[ListingRow], more: bool) -> list[ServiceRequest]:
    publications = await published(db, [listing.id for listing in listings])
    if not more:
        return [plain(pack, listing, publications.get(listing.id, NOTHING)) for listing in listings]
    steps: dict[UUID, list[UpdateRow]] = defaultdict(list)
    for step in await queries.steps_of(db, [listing.id for listing in listings]):
        steps[step.demand_id].append(step)
    return [extended(pack, listing, publications.get(listing.id, NOTHING), steps[listing.id]) for listing in listings]


def _canonical(numbers: Sequence[str]) -> list[str]:
    return [number for number in map(canonical, numbers) if number]
