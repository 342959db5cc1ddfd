"""Handles submissions: writes each demand once, and a whole batch in one transaction."""

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
from services.intake.channels.key_queries import KeyUsage, RecentKey
from services.intake.channels.keys import Scope, key_cache
from services.intake.submission import domain, queries
from services.intake.submission.checked_request import CheckedRequest, Request, RequestChecker
from services.intake.submission.domain import RecordedDemand, SubmitDemand
from services.intake.submission.history_handler import HistoryHandler
from services.intake.submission.queries import Submission
from services.intake.submission.receipt import SubmissionReceipt, receipt_of_new
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

SERIALS_AHEAD: Final = 200


class CountedRequest(NamedTuple):
    """A checked request, written by the statement that also counts the request for its channel's key."""

    seen: RecentKey
    checked: CheckedRequest


class Repeated(Exception):
    """At least one request of the batch may repeat an earlier one."""


class SubmissionHandler:
    """Handles `SubmitDemand`, for one request or for a thousand. Requests that arrive at the same moment share one
    transaction."""

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
        self._history = HistoryHandler(repository, vault)
        self._checker = RequestChecker(repository, packs, vault, new_id, masker or Masker())
        acquire = partial(pool.acquire, timeout=5)
        self._write = GroupCommit(acquire, self._take, abreast=2)
        self._write_seen = GroupCommit(acquire, self._take_seen, abreast=2)
        self._keys = key_cache(pool)
        self._serials_left: deque[int] = deque()

    async def submit(self, channel: Channel, request: Request) -> SubmissionReceipt:
        """Write one submission and return its receipt; raises `Refused`."""
        answer = await self._write(await self._checker.check(channel, request, self.clock()))
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_seen(self, key: str, request: Request) -> SubmissionReceipt | None:
        """Write one submission and count the request for its channel's key in the same statement.

        Returns None if that is not possible. Nothing was written or counted then: the caller calls `authenticate` and
        `submit`, which also raise the error, if there is one.
        """
        at = self.clock()
        recent_key = self._keys.recent(key, Scope.SUBMIT, at)
        if recent_key is None or request.enclosed or _is_bound(request.command):
            return None
        try:
            checked = await self._checker.check(recent_key.channel, request, at)
        except Refused:
            return None
        if (result := await self._write_seen(CountedRequest(recent_key, checked))) is None:
            return None
        receipt, usage = result
        self._keys.charge(recent_key, usage, at)
        return receipt

    async def submit_all(
        self, channel: Channel, requests: Sequence[Request], dry_run: bool = False
    ) -> list[SubmissionReceipt | Refused]:
        """Write many submissions; returns a receipt or a refusal for each request, in order.

        When this returns, the accepted ones are committed. A dry run writes in the same way and rolls back, so that it
        gives the same answers as a real run.
        """
        at = self.clock()
        answers: dict[int, SubmissionReceipt | Refused] = {}
        accepted: dict[int, CheckedRequest] = {}
        for n, request in enumerate(requests):
            try:
                accepted[n] = await self._checker.check(channel, request, at)
            except Refused as refused:
                answers[n] = refused
            await sleep(0)  # a thousand texts must not block the event loop for other requests
        if accepted:
            take = self._dry_run if dry_run else self._take
            async with self.pool.acquire(timeout=5) as db:
                answers |= zip(accepted, await take(db, list(accepted.values())), strict=True)
        return [answers[n] for n in range(len(requests))]

    async def _take(self, db: Connection, checked: Sequence[CheckedRequest]) -> list[SubmissionReceipt | Refused]:
        at = self.clock()
        submissions = await self._rows(db, checked, at)
        if not any(_is_bound(request.command) for request in checked):
            with suppress(Repeated):
                await self._insert(checked, submissions, at).write(db)
                return list(map(receipt_of_new, submissions))
        async with db.transaction():
            return await self._take_repeated(db, checked, submissions, at)

    async def _dry_run(self, db: Connection, checked: Sequence[CheckedRequest]) -> list[SubmissionReceipt | Refused]:
        trial = db.transaction()
        await trial.start()
        try:
            return await self._take(db, checked)
        finally:
            await trial.rollback()

    async def _take_seen(
        self, db: Connection, requests: Sequence[CountedRequest]
    ) -> list[tuple[SubmissionReceipt, KeyUsage] | None]:
        at = self.clock()
        recent_keys = [request.seen for request in requests]
        checked = [request.checked for request in requests]
        submissions = await self._rows(db, checked, at)
        writes = self._insert(checked, submissions, at)
        key_queries.count_seen(writes, recent_keys, Scope.SUBMIT, at)
        try:
            (counted,) = await writes.write(db)
        except (Repeated, Stale):
            return [None] * len(requests)
        return list(zip(map(receipt_of_new, submissions), key_queries.each(recent_keys, counted), strict=True))

    def _insert(self, checked: Sequence[CheckedRequest], submissions: Sequence[Submission], at: datetime) -> WriteBatch:
        """The one statement that writes submissions which are expected to be new. It needs no transaction around it.
        Writing raises `Repeated` if one of them was written before."""
        writes = WriteBatch()
        queries.put(writes, submissions, Repeated())
        self._checker.record(writes, zip(checked, submissions, strict=True), at)
        return writes

    async def _take_repeated(
        self, db: Connection, checked: Sequence[CheckedRequest], submissions: Sequence[Submission], at: datetime
    ) -> list[SubmissionReceipt | Refused]:
        """Write submissions of which some may be repeated or have attachments; the caller holds the transaction.

        A fact is recorded for each submission that is new and has all its attachments.
        """
        for channel in sorted({s.channel for s in submissions if s.external_id}):
            await queries.share_references(db, channel)
        new, refused = await _claim(db, checked, submissions)
        others = [s for s in submissions if s.id not in new]
        first = await queries.earlier_submissions(db, others) if others else {}
        pairs = list(zip(checked, submissions, strict=True))
        writes = WriteBatch()
        self._checker.record(writes, ((request, s) for request, s in pairs if s.id in new), at)
        await writes.write(db)
        imported = await self._history.take(db, pairs, first, at) if first else {}
        return [
            refused.get(s.id)
            or imported.get(s.id)
            or self._answer(checked_request.request.command, s, s.id in new, first.get(s.id))
            for checked_request, s in pairs
        ]

    async def _rows(self, db: Connection, checked: Sequence[CheckedRequest], at: datetime) -> list[Submission]:
        serials = await self._serials(db, len(checked))
        return [self._checker.submission(request, serial, at) for request, serial in zip(checked, serials, strict=True)]

    async def _serials(self, db: Connection, count: int) -> list[int]:
        """The next `count` serial numbers. More are fetched than needed, to save round trips for later requests; a gap
        in the numbers does no harm."""
        while len(self._serials_left) < count:
            self._serials_left.extend(await queries.serials(db, max(count - len(self._serials_left), SERIALS_AHEAD)))
        return [self._serials_left.popleft() for _ in range(count)]

    def _answer(
        self, command: SubmitDemand, submission: Submission, created: bool, first: Submission | None
    ) -> SubmissionReceipt | Refused:
        if created:
            return receipt_of_new(submission)
        if first is None:
            en = "the same demand is being submitted right now"
            return Refused(Code.CONFLICT, en, "同一诉求正在提交，请稍后重试")
        # After an erasure there is no fingerprint to compare with.
        same = not first.fingerprint or first.fingerprint in self.vault.fingerprints(domain.content(command))
        same_key = (first.channel, first.idempotency_key) == (submission.channel, submission.idempotency_key)
        if same_key and not (same and first.programme == submission.programme):
            en = f"this key belongs to demand {first.number}"
            return Refused(Code.KEY_REUSED, en, f"该幂等键属于诉求 {first.number}")
        own = first.channel == submission.channel
        # A recorded demand may have been submitted live before, with another wording.
        same_reference = own and first.external_id == submission.external_id and not isinstance(command, RecordedDemand)
        if same_reference and not same_key and not same:
            return reference_taken(command.external_id or "", first.number)
        return SubmissionReceipt(first.id, first.number, first.submitted_at, created=False, own=own)


def _is_bound(command: SubmitDemand) -> bool:
    """Whether rows other than that of its idempotency key decide if the demand can be written: a reference or files."""
    return bool(command.external_id or command.attachments)


async def _claim(
    db: Connection, checked: Sequence[CheckedRequest], submissions: Sequence[Submission]
) -> tuple[set[UUID], Mapping[UUID, Refused]]:
    """Insert the submissions that are new. Returns the ids of those that have all their attachments, and by id the
    refusals of those that do not."""
    new = await queries.claim(db, submissions)
    refused: dict[UUID, Refused] = {}
    for channel in {request.channel.id for request in checked}:
        theirs = [(s.id, request.command.attachments) for request, s in zip(checked, submissions, strict=True)
                  if s.id in new and s.channel == channel]  # fmt: skip
        refused |= await bind(db, channel, theirs)
    await queries.withdraw(db, list(refused))
    return new - set(refused), refused
