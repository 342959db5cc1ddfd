"""Handles commands to versions of the catalogue; each change is one transaction with the name of the person."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from services.routing.catalogue import commands as c
from services.routing.catalogue import queries, returns_queries, returns_view, view
from services.routing.catalogue.domain import (
    NOTICE,
    Action,
    CataloguePublication,
    before,
    in_force,
    in_order,
    moment_of,
    publishing,
    scheduled,
)
from services.routing.catalogue.packs_in_force import PacksInForce, usable
from services.routing.catalogue.past_queries import past_demands
from services.routing.catalogue.permissions import EDIT, PUBLISH, READ, catalogue_pack
from services.routing.catalogue.queries import StoredVersion
from services.routing.catalogue.reading import read_sheet
from services.routing.catalogue.rehearsal import Rehearser
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.jurisdiction.checks.catalogue import check_version
from shared.jurisdiction.draft import CatalogueFile, PackSheet
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.reader import read_catalogue

LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class CatalogueDesk:
    """Handles commands and reads versions. It always reads the database, because this process may not yet know the last
    publication."""

    pool: Pool
    packs: PacksInForce
    clock: Callable[[], datetime] = now

    async def list(self, by: Person) -> view.CatalogueList:
        """The newest versions of the catalogue of this person's jurisdiction."""
        file = await self._file(by, READ)
        async with self.pool.acquire(timeout=5) as db:
            publications = await queries.publications(db, file.id)
            stored = await queries.versions(db, file.id, LISTED)
        at = self.clock()
        upcoming = scheduled(publications, at)
        return view.CatalogueList(
            jurisdiction=file.id,
            in_force=_current(publications, at, file),
            scheduled=upcoming[-1].version if upcoming else None,
            before=history[-2] if (history := in_order(publications, file.catalogue_version, at))[1:] else None,
            catalogues=[view.summary(catalogue, publications, at, file) for catalogue in stored],
        )

    async def actions(self, by: Person) -> view.CatalogueActions:
        """The actions on versions, the latest first."""
        file = await self._file(by, READ)
        async with self.pool.acquire(timeout=5) as db:
            rows = await queries.actions(db, file.id, None, LISTED)
        return view.CatalogueActions(actions=[view.CatalogueAction.model_validate(action) for action in rows])

    async def returns(self, by: Person, days: int) -> returns_view.Returns:
        """How often the dispatches of each rule were returned or corrected, over the last `days`."""
        file, since = await self._file(by, READ), self.clock() - timedelta(days=days)
        async with self.pool.acquire(timeout=5) as db:
            return returns_view.view(since, await returns_queries.returns(db, file.id, since, LISTED))

    async def came_back(self, by: Person, version: str, rule: str, days: int) -> Sequence[returns_queries.CameBack]:
        """The demands that were returned after this rule had dispatched them, the latest first."""
        file, since = await self._file(by, READ), self.clock() - timedelta(days=days)
        async with self.pool.acquire(timeout=5) as db:
            return await returns_queries.came_back(db, f"{file.id}@{version}:{rule}", since, LISTED)

    async def show(self, by: Person, version: str) -> view.CatalogueVersion:
        """One version with its rules, findings, rehearsal and actions."""
        file = await self._file(by, READ)
        async with self.pool.acquire(timeout=5) as db:
            return await self._shown(db, file, version)

    async def findings(self, by: Person, content: str) -> Sequence[view.CatalogueFinding]:
        """The findings of a check of these rules; nothing is stored. Raises `Refused` if they cannot be parsed."""
        file = await self._file(by)
        sheet = read_sheet(content)
        return [view.finding(problem) for problem in check_version(sheet, file)]

    async def draft(self, by: Person, draft: c.DraftCatalogue) -> view.CatalogueVersion:
        """Store a version as a draft; a version that is stored already is returned as it is."""
        file = await self._file(by)
        sheet = read_sheet(draft.content)
        pack = file.with_catalogue(sheet.part.rules, sheet.part.limits)
        async with self._changing(file) as db:
            stored = (pack.catalogue_version, draft.content, "draft", draft.note, by.name)
            if await queries.put(db, file.id, stored):
                await queries.put_action(
                    db, file.id, pack.catalogue_version, Action.DRAFTED, by, self.clock(), draft.note
                )
            return await self._shown(db, file, pack.catalogue_version)

    async def check(self, by: Person, version: str) -> view.CatalogueVersion:
        """Check a version against the present pack, and store the findings."""
        file = await self._file(by)
        async with self._changing(file) as db:
            stored = await _stored(db, file, version)
            findings = [view.finding(problem).model_dump() for problem in check_version(_sheet(stored), file)]
            await queries.put_findings(db, file.id, version, orjson.dumps(findings).decode())
            await queries.put_action(db, file.id, version, Action.CHECKED, by, self.clock())
            return await self._shown(db, file, version)

    async def rehearse(self, by: Person, version: str, command: c.RehearseCatalogue) -> view.CatalogueVersion:
        """Dispatch past demands by this version and by the one in force, and store the comparison. No database
        connection is held meanwhile."""
        file, at = await self._file(by), self.clock()
        async with self.pool.acquire(timeout=5) as db:
            stored = await _stored(db, file, version)
            current = _current(await queries.publications(db, file.id), at, file)
            base = await _stored(db, file, current) if current != file.catalogue_version else None
        if not stored.progress.sound:
            raise Refused(Code.ILLEGAL_TRANSITION, "check it first, and correct its errors", "请先检查并改正错误")
        rehearser = Rehearser(current, _version_of(file, base) if base else file, _version_of(file, stored))
        async for past in past_demands(self.pool, file.id, command.newest, at):
            rehearser.add(past)
        async with self._changing(file) as db:
            await queries.put_rehearsal(db, file.id, version, rehearser.result().model_dump_json())
            await queries.put_action(db, file.id, version, Action.REHEARSED, by, at)
            return await self._shown(db, file, version)

    async def publish(self, by: Person, version: str, command: c.PublishCatalogue) -> view.CatalogueVersion:
        """Publish a version, to be in force from a moment on; publications that are not yet in force are cancelled."""
        file = await self._file(by, PUBLISH)
        async with self._changing(file) as db:
            at = self.clock()  # after the wait for whoever changes it too
            stored = await _stored(db, file, version)
            publications = await queries.publications(db, file.id)
            current = _current(publications, at, file)
            upcoming = scheduled(publications, at)
            is_published = any(
                publication.version == version and command.at in (None, publication.at) for publication in upcoming
            )
            if version != current and not is_published:
                moment = publishing(stored.progress, current, command.at, at)
                _version_of(file, stored)
                await queries.put_publication(db, file.id, version, moment, False, at)
                await queries.put_action(db, file.id, version, Action.PUBLISHED, by, at, command.reason, moment)
            return await self._shown(db, file, version)

    async def roll_back(self, by: Person, command: c.RollBackCatalogue) -> view.CatalogueVersion:
        """Roll back to an earlier version, or to that of the pack's file."""
        file = await self._file(by, PUBLISH)
        async with self._changing(file) as db:
            at = self.clock()
            publications = await queries.publications(db, file.id)
            version = command.version or before(publications, file.catalogue_version, at)
            stored = await _stored(db, file, version)
            if stored.origin != "file" and all(publication.version != version for publication in publications):
                en = f"{version} was never in force: publish it"
                raise Refused(Code.ILLEGAL_TRANSITION, en, f"版本 {version} 从未发布，请使用发布")
            if version != _current(publications, at, file):
                _version_of(file, stored)
                moment = moment_of(None, at)
                await queries.put_publication(db, file.id, version, moment, True, at)
                await queries.put_action(db, file.id, version, Action.ROLLED_BACK_TO, by, at, command.reason, moment)
            return await self._shown(db, file, version)

    async def cancel(self, by: Person, version: str) -> view.CatalogueVersion:
        """Cancel a publication that is not yet in force."""
        file = await self._file(by, PUBLISH)
        async with self._changing(file) as db:
            at = self.clock()
            publications = await queries.publications(db, file.id)
            upcoming = [publication for publication in scheduled(publications, at) if publication.version == version]
            if not upcoming:
                raise Refused(
                    Code.ILLEGAL_TRANSITION, f"{version} is not scheduled", f"版本 {version} 没有待生效的发布"
                )
            if version not in await queries.cancel(db, file.id, at + NOTICE, at):
                en = f"it comes into force at {upcoming[-1].at.isoformat()}: too late to cancel; roll it back"
                raise Refused(Code.ILLEGAL_TRANSITION, en, "即将生效，不能取消；请回滚")
            await queries.put_action(db, file.id, version, Action.CANCELLED, by, at, "", upcoming[-1].at)
            return await self._shown(db, file, version)

    async def _file(self, by: Person, right: str = EDIT) -> Pack:
        """The jurisdiction's pack; its own catalogue is stored as a version too. Raises `Refused` without the right."""
        pack = catalogue_pack(by, self.packs.files, right)
        await self.packs.read()
        return pack

    @asynccontextmanager
    async def _changing(self, file: Pack) -> AsyncIterator[Connection]:
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await queries.lock(db, file.id)
            yield db

    async def _shown(self, db: Connection, file: Pack, version: str) -> view.CatalogueVersion:
        stored = await _stored(db, file, version)
        publications = await queries.publications(db, file.id)
        rows = await queries.actions(db, file.id, version, LISTED)
        return view.whole(stored, publications, self.clock(), file, rows)


def _sheet(stored: StoredVersion) -> PackSheet[CatalogueFile]:
    return read_catalogue("catalogue", stored.content)


async def _stored(db: Connection, file: Pack, version: str) -> StoredVersion:
    stored = await queries.version(db, file.id, version)
    if stored is None:
        en = f"there is no version {version!r} of the catalogue of {file.id}; see GET /v1/catalogues"
        raise Refused(Code.NOT_FOUND, en, f"没有版本 {version!r}，见 GET /v1/catalogues")
    return stored


def _version_of(file: Pack, stored: StoredVersion) -> Pack:
    pack = usable(file, stored.content)
    if pack is None:
        en = f"{stored.version} cannot be used with the pack as it is now: check it again"
        raise Refused(Code.ILLEGAL_TRANSITION, en, f"版本 {stored.version} 与现在的辖区包不符，请重新检查")
    return pack


def _current(publications: Sequence[CataloguePublication], at: datetime, file: Pack) -> str:
    current = in_force(publications, at)
    return current.version if current else file.catalogue_version
