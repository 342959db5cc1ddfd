"""Stores drafts of the portal, sealed so that only their visitor's cookie opens them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag

from services.intake.vault.sealing import Key
from services.intake.web import draft_queries as queries
from services.intake.web.draft import RaiseDraft, encoded, read
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, Refused
from shared.identity.visitors import Visitor

KEPT: Final = timedelta(hours=24)
"""As long as uploads that no demand uses are stored."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """Reads and writes drafts. The id stands in URLs and is not enough to read one."""

    pool: Pool
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def read(self, visitor: Visitor, id: UUID) -> RaiseDraft:
        """A draft of this visitor; raises `Refused` if there is none, or if it is older than a day."""
        async with self.pool.acquire(timeout=5) as db:
            sealed = await queries.draft_by_id(db, id, self.clock() - KEPT)
        try:
            if sealed is not None:
                return read(_key(visitor, id).open(id, sealed))
        except InvalidTag:
            pass  # another visitor's
        raise Refused(
            Code.NOT_FOUND,
            "this draft is not here any more: drafts are kept for a day, in the browser that began them. Begin anew",
            "没有找到这份草稿：草稿只保留一天，并且只能在原来的手机或浏览器上打开。请重新填写",
        )

    async def find(self, visitor: Visitor, id: UUID) -> RaiseDraft | None:
        """The draft with this id, None if there is none; raises `Refused` if it is another visitor's."""
        async with self.pool.acquire(timeout=5) as db:
            sealed = await queries.draft_by_id(db, id, self.clock() - KEPT)
        return None if sealed is None else await self.read(visitor, id)

    async def put(self, visitor: Visitor, id: UUID, draft: RaiseDraft) -> None:
        """Store a draft."""
        sealed = _key(visitor, id).seal(id, encoded(draft))
        async with self.pool.acquire(timeout=5) as db:
            await queries.put(db, id, sealed, self.clock())


def _key(visitor: Visitor, id: UUID) -> Key:
    return Key(id, hashlib.sha256(b"huying portal draft\n" + visitor.secret.encode()).digest())
