"""Keeps drafts of the portal, each readable with the cookie of its visitor alone."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag

from services.intake.vault.sealing import Key
from services.intake.web import draft_queries as queries
from services.intake.web.draft import Draft, read, written
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, Refused
from shared.identity.visitors import Visitor

KEPT: Final = timedelta(hours=24)
"""As long as an upload that no demand took up."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """Rows that only their visitors can read; the id stands in addresses and opens nothing."""

    pool: Pool
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def read(self, visitor: Visitor, id: UUID) -> Draft:
        """A draft of this visitor; raises `Refused` where there is none, or it is a day old."""
        async with self.pool.acquire(timeout=5) as db:
            sealed = await queries.one(db, id, self.clock() - KEPT)
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

    async def find(self, visitor: Visitor, id: UUID) -> Draft | None:
        """The draft of this id, None where there is none yet; raises `Refused` where it is another visitor's."""
        async with self.pool.acquire(timeout=5) as db:
            sealed = await queries.one(db, id, self.clock() - KEPT)
        return None if sealed is None else await self.read(visitor, id)

    async def put(self, visitor: Visitor, id: UUID, draft: Draft) -> None:
        """Keep a draft as it is now."""
        sealed = _key(visitor, id).seal(id, written(draft))
        async with self.pool.acquire(timeout=5) as db:
            await queries.put(db, id, sealed, self.clock())


def _key(visitor: Visitor, id: UUID) -> Key:
    return Key(id, hashlib.sha256(b"huying portal draft\n" + visitor.secret.encode()).digest())
