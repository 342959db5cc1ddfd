"""What Open311 asks of intake: take a request or an update in, list demands and how they went on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.intake import queries as intake
from services.intake.channels import authenticate
from services.intake.numbers import canonical
from services.intake.open311 import queries, services
from services.intake.open311.documents import ServiceRequest
from services.intake.open311.errors import invalid
from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.open311.queries import Filter, Listing, Step
from services.intake.open311.selection import Asked, AskedRequests, window
from services.intake.open311.statuses import FixMyStreet
from services.intake.open311.translation import demand_of
from services.intake.open311.views import extended, plain
from services.intake.queries import Channel
from services.intake.submissions import Request, Submissions
from shared.chassis.database import Connection
from shared.contracts.facts import DemandSupplemented
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking import mask

SCOPE: Final = "submit"
READS_ALL: Final = "read-all"


@dataclass(frozen=True, slots=True)
class Desk:
    """Stands before `Submissions` and speaks GeoReport; every method raises `Refused`."""

    submissions: Submissions

    @property
    def packs(self) -> Jurisdictions:
        return self.submissions.packs

    async def submit(self, posted: NewRequest, key: str | None) -> str:
        """Take a request in and answer with its number; without a key of its own every request is a new one."""
        channel = await self._channel(posted.api_key)
        pack = services.jurisdiction(self.packs, posted.jurisdiction_id)
        command = demand_of(pack, services.category(pack, posted.service_code), posted)
        unique = key or str(self.submissions.new_id())
        taken = await self.submissions.submit(channel, Request(f"open311:{unique}", command))
        if posted.media_url:
            await self._supplement(channel, taken.id, f"media_url:{taken.number}", _links(posted.media_url))
        return taken.number

    async def supplement(self, posted: NewUpdate) -> None:
        """Take another system's update as a note of the citizen; each `update_id` once."""
        channel = await self._channel(posted.api_key)
        number = canonical(posted.service_request_id) or ""
        async with self.submissions.pool.acquire(timeout=5) as db:
            demand = await intake.demand_by_number(db, number)
        if demand is None:
            raise _unknown(posted.service_request_id)
        if demand.channel != channel.id and READS_ALL not in channel.scopes:
            raise Refused(Code.FORBIDDEN, f"{number} came in on another channel", f"{number} 属于其他渠道")
        if not await self._supplement(channel, demand.id, posted.update_id, _notes(posted)):
            raise invalid(FieldError("update_id", "已存在", "already exists"))

    async def requests(self, pack: Pack, asked: AskedRequests) -> list[ServiceRequest]:
        """The demands that a list was asked for."""
        for code in asked.codes():
            services.category(pack, code)
        async with self.submissions.pool.acquire(timeout=5) as db:
            if asked.numbers():
                found = await queries.listings_by_number(db, pack.id, _canonical(asked.numbers()))
            else:
                found = await queries.listings(db, _filter(pack, asked, self.submissions.clock()))
            return await _shown(db, pack, found, more=asked.extensions)

    async def request(self, pack: Pack, number: str, more: bool) -> list[ServiceRequest]:
        """One demand, still as a list."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            found = await queries.listings_by_number(db, pack.id, _canonical([number]))
            if not found:
                raise _unknown(number)
            return await _shown(db, pack, found, more)

    async def redeem(self, pack: Pack, token: UUID) -> str:
        """The number of the demand with this id."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            number = await queries.number_of(db, pack.id, token)
        if number is None:
            raise Refused(Code.NOT_FOUND, f"there is no token {token}", f"没有令牌 {token}")
        return number

    async def updates(self, pack: Pack, asked: Asked) -> list[Step]:
        """How the demands of a jurisdiction went on within a window."""
        when = window(asked.start_date, asked.end_date, self.submissions.clock())
        async with self.submissions.pool.acquire(timeout=5) as db:
            return await queries.steps_within(db, pack.id, when, asked.page_size, asked.skipped)

    async def _channel(self, key: str) -> Channel:
        try:
            return await authenticate(self.submissions.pool, key, SCOPE)
        except Refused as refused:
            if refused.code is not Code.UNAUTHENTICATED:
                raise
            en = "send the key of your channel as api_key; see key_service in discovery.xml"
            raise Refused(refused.code, en, "请用参数 api_key 提供渠道密钥，获取方式见 discovery.xml") from None

    async def _supplement(self, channel: Channel, demand: UUID, update_id: str, texts: Iterable[str]) -> bool:
        at, ledger = self.submissions.clock(), self.submissions.ledger
        async with self.submissions.pool.acquire(timeout=5) as db, db.transaction():
            if not await queries.receive(db, channel.id, update_id, demand, at):
                return False
            page = await ledger.load(db, [demand], at)
            notes = [DemandSupplemented(text=mask(text)) for text in texts]
            page.tell(demand, notes, at, uuid5(demand, f"{channel.id}:{update_id}"))
            await ledger.save(db, page)
        return True


def _links(urls: Iterable[str]) -> list[str]:
    return [f"附件链接 / attached: {url}" for url in urls]


def _notes(posted: NewUpdate) -> list[str]:
    said = "" if posted.status is FixMyStreet.OPEN else f"\n（对方系统状态 / status there: {posted.status}）"
    return [posted.description + said, *_links(posted.media_url)]


def _filter(pack: Pack, asked: AskedRequests, now: datetime) -> Filter:
    by_update = asked.updated_after or asked.updated_before
    by_date = asked.start_date or asked.end_date or not by_update
    return Filter(
        jurisdiction=pack.id,
        categories=asked.codes(),
        open=asked.open(),
        submitted=window(asked.start_date, asked.end_date, now) if by_date else None,
        updated_after=asked.updated_after,
        updated_before=asked.updated_before,
        limit=asked.page_size,
        skip=asked.skipped,
    )


async def _shown(db: Connection, pack: Pack, found: Sequence[Listing], more: bool) -> list[ServiceRequest]:
    if not more:
        return [plain(pack, listed) for listed in found]
    steps: dict[UUID, list[Step]] = defaultdict(list)
    for step in await queries.steps_of(db, [listed.id for listed in found]):
        steps[step.demand_id].append(step)
    return [extended(pack, listed, steps[listed.id]) for listed in found]


def _canonical(written: Sequence[str]) -> list[str]:
    return [number for number in map(canonical, written) if number]


def _unknown(number: str) -> Refused:
    return Refused(Code.NOT_FOUND, f"there is no service_request_id {number!r}", f"没有编号为 {number!r} 的诉求")
