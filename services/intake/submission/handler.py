"""Takes submissions in: each once, all of a batch in one transaction."""

from asyncio import sleep
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.attachments.service import bind
from services.intake.channels import key_queries
from services.intake.channels.channel import Channel
from services.intake.channels.key_queries import Asking, Seen
from services.intake.channels.keys import Scope, key_cache
from services.intake.submission import domain, queries
from services.intake.submission.checked_request import CheckedRequest, Request, RequestChecker
from services.intake.submission.domain import RecordedDemand, SubmitDemand
from services.intake.submission.history_handler import HistoryHandler
from services.intake.submission.queries import Submission
from services.intake.submission.receipt import SubmissionReceipt, fresh_one
from services.intake.submission.repeated import reference_taken
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.coalescing import GroupCommit
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.masker.masker import Masker

SPARE: Final = 200


class FastRequest(NamedTuple):
    """A request that was checked for a channel whose key is counted together with it."""

    seen: Seen
    ask: CheckedRequest


class Repeated(Exception):
    """A request of the batch may have been taken before."""


class SubmissionHandler:
    """The one command of intake, for one request or a thousand; requests of the same moment share a transaction."""

    def __init__(
        self,
        pool: Pool,
        repository: Repository[Demand, Fact],
        packs: Jurisdictions,
        vault: Vault,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], UUID] = uuid7,
        masker: Masker | None = None,
    ) -> None:
        self.pool, self.repository, self.packs, self.vault = pool, repository, packs, vault
        self.clock, self.new_id = clock, new_id
        self._moving_on = HistoryHandler(repository, vault)
        self._prepare = RequestChecker(repository, packs, vault, new_id, masker or Masker())
        lend = partial(pool.acquire, timeout=5)
        self._taken = GroupCommit(lend, self._take, abreast=2)
        self._taken_seen = GroupCommit(lend, self._take_seen, abreast=2)
        self._door = key_cache(pool)
        self._spare: deque[int] = deque()

    async def submit(self, channel: Channel, request: Request) -> SubmissionReceipt:
        """Take one; raises `Refused`."""
        answer = await self._taken(await self._prepare.check(channel, request, self.clock()))
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_seen(self, key: str, request: Request) -> SubmissionReceipt | None:
        """Take one and count its channel's key in the same statement; None where that cannot be: nothing was taken or
        counted then, and whatever is wrong is told by `authenticate` and `submit`."""
        at = self.clock()
        seen = self._door.recent(key, Scope.SUBMIT, at)
        if seen is None or request.enclosed or _is_bound(request.command):
            return None
        try:
            visit = FastRequest(seen, await self._prepare.check(seen.channel, request, at))
        except Refused:
            return None
        if passed := await self._taken_seen(visit):
            taken, asking = passed
            self._door.charge(seen, asking, at)
            return taken
        return None

    async def submit_all(
        self, channel: Channel, requests: Sequence[Request], dry_run: bool = False
    ) -> list[SubmissionReceipt | Refused]:
        """An answer for each request, in order; the good ones are durable when this returns.

        A dry run does the same and undoes it, so that its answers are those of the real one.
        """
        at = self.clock()
        answers: dict[int, SubmissionReceipt | Refused] = {}
        good: dict[int, CheckedRequest] = {}
        for n, request in enumerate(requests):
            try:
                good[n] = await self._prepare.check(channel, request, at)
            except Refused as refused:
                answers[n] = refused
            await sleep(0)  # a thousand texts must not hold up everybody else
        if good:
            take = self._try if dry_run else self._take
            async with self.pool.acquire(timeout=5) as db:
                answers |= zip(good, await take(db, list(good.values())), strict=True)
        return [answers[n] for n in range(len(requests))]

    async def _take(self, db: Connection, asks: Sequence[CheckedRequest]) -> list[SubmissionReceipt | Refused]:
        at = self.clock()
        submissions = await self._wanted(db, asks, at)
        if not any(_is_bound(ask.command) for ask in asks):
            with suppress(Repeated):
                await self._new(asks, submissions, at).write(db)
                return list(map(fresh_one, submissions))
        async with db.transaction():
            return await self._take_any(db, asks, submissions, at)

    async def _try(self, db: Connection, asks: Sequence[CheckedRequest]) -> list[SubmissionReceipt | Refused]:
        trial = db.transaction()
        await trial.start()
        try:
            return await self._take(db, asks)
        finally:
            await trial.rollback()

    async def _take_seen(
        self, db: Connection, visits: Sequence[FastRequest]
    ) -> list[tuple[SubmissionReceipt, Asking] | None]:
        at = self.clock()
        seen = [visit.seen for visit in visits]
        asks = [visit.ask for visit in visits]
        submissions = await self._wanted(db, asks, at)
        writes = self._new(asks, submissions, at)
        key_queries.count_seen(writes, seen, Scope.SUBMIT, at)
        try:
            (counted,) = await writes.write(db)
        except (Repeated, Stale):
            return [None] * len(visits)
        return list(zip(map(fresh_one, submissions), key_queries.each(seen, counted), strict=True))

    def _new(self, asks: Sequence[CheckedRequest], submissions: Sequence[Submission], at: datetime) -> WriteBatch:
        """One statement that needs no transaction around it; writing raises `Repeated` when one of them is not new."""
        writes = WriteBatch()
        queries.put(writes, submissions, Repeated())
        self._prepare.tell(writes, zip(asks, submissions, strict=True), at)
        return writes

    async def _take_any(
        self, db: Connection, asks: Sequence[CheckedRequest], submissions: Sequence[Submission], at: datetime
    ) -> list[SubmissionReceipt | Refused]:
        """Claims first, and tells of those that are new and have all their attachments."""
        for channel in sorted({s.channel for s in submissions if s.external_id}):
            await queries.share_references(db, channel)
        fresh, spoilt = await _claim(db, asks, submissions)
        others = [s for s in submissions if s.id not in fresh]
        first = await queries.known(db, others) if others else {}
        writes = WriteBatch()
        self._prepare.tell(writes, ((ask, s) for ask, s in zip(asks, submissions, strict=True) if s.id in fresh), at)
        await writes.write(db)
        pairs = list(zip(asks, submissions, strict=True))
        moved = await self._moving_on.take(db, pairs, first, at) if first else {}
        return [
            spoilt.get(s.id) or moved.get(s.id) or self._answer(ask.request.command, s, s.id in fresh, first.get(s.id))
            for ask, s in pairs
        ]

    async def _wanted(self, db: Connection, asks: Sequence[CheckedRequest], at: datetime) -> list[Submission]:
        serials = await self._serials(db, len(asks))
        return [self._prepare.submission(ask, serial, at) for ask, serial in zip(asks, serials, strict=True)]

    async def _serials(self, db: Connection, count: int) -> list[int]:
        """Some are kept for the requests to come, since each trip costs; gaps are no harm."""
        while len(self._spare) < count:
            self._spare.extend(await queries.serials(db, max(count - len(self._spare), SPARE)))
        return [self._spare.popleft() for _ in range(count)]

    def _answer(
        self, command: SubmitDemand, submission: Submission, created: bool, first: Submission | None
    ) -> SubmissionReceipt | Refused:
        if created:
            return fresh_one(submission)
        if first is None:
            en = "the same demand is being submitted right now"
            return Refused(Code.CONFLICT, en, "同一诉求正在提交，请稍后重试")
        # After an erasure nothing is left to compare with.
        same = not first.fingerprint or first.fingerprint in self.vault.fingerprints(domain.content(command))
        same_key = (first.channel, first.idempotency_key) == (submission.channel, submission.idempotency_key)
        if same_key and not (same and first.programme == submission.programme):
            en = f"this key belongs to demand {first.number}"
            return Refused(Code.KEY_REUSED, en, f"该幂等键属于诉求 {first.number}")
        own = first.channel == submission.channel
        # What another system recorded may have been sent live before, in other words.
        same_reference = own and first.external_id == submission.external_id and not isinstance(command, RecordedDemand)
        if same_reference and not same_key and not same:
            return reference_taken(command.external_id or "", first.number)
        return SubmissionReceipt(first.id, first.number, first.submitted_at, created=False, own=own)


def _is_bound(command: SubmitDemand) -> bool:
    """Whether other rows have a say in whether the demand is new."""
    return bool(command.external_id or command.attachments)


async def _claim(
    db: Connection, asks: Sequence[CheckedRequest], submissions: Sequence[Submission]
) -> tuple[set[UUID], Mapping[UUID, Refused]]:
    """Those that are new and have all their attachments, and those that are refused for theirs."""
    new = await queries.claim(db, submissions)
    spoilt: dict[UUID, Refused] = {}
    for channel in {ask.channel.id for ask in asks}:
        theirs = [(s.id, ask.command.attachments) for ask, s in zip(asks, submissions, strict=True)
                  if s.id in new and s.channel == channel]  # fmt: skip
        spoilt |= await bind(db, channel, theirs)
    await queries.withdraw(db, list(spoilt))
    return new - set(spoilt), spoilt
