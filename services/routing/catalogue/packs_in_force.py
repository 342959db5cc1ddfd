"""Keeps the packs by which routing decides, each with the version of its catalogue that is in force at a moment."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
import yaml

from services.routing.catalogue import queries
from services.routing.catalogue.domain import CataloguePublication, in_force
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.periodic import every
from shared.jurisdiction.checks.catalogue import check_version
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError, PackProblem, ProblemSeverity
from shared.jurisdiction.reader import read_catalogue

log = structlog.get_logger()
EVERY: Final = 1.0
"""Seconds between two reads of the publications; much shorter than the notice of a publication."""


@dataclass(frozen=True, slots=True)
class _Period:
    """The packs that are in force from a moment on; None: from the beginning."""

    since: datetime | None
    packs: Jurisdictions


class PacksInForce(Jurisdictions):
    """The packs of the files, with the catalogues that were published.

    Until the publications are read for the first time, the catalogues of the files decide: so a worker reads them
    before it handles a demand, and an API before it is ready.
    """

    def __init__(self, files: Jurisdictions, pool: Pool, clock: Callable[[], datetime] = now) -> None:
        self._files, self._pool, self._clock = files, pool, clock
        self._periods: tuple[_Period, ...] = (_Period(None, files),)
        self._known: dict[tuple[str, str], Pack | None] = {}
        self._mark: object = None
        super().__init__(files)

    @property
    def files(self) -> Jurisdictions:
        """The packs with the catalogues of their own files."""
        return self._files

    def at(self, moment: datetime) -> Jurisdictions:
        """The packs that are in force at a moment, by the publications that this process has read."""
        for period in self._periods:
            if period.since is None or period.since <= moment:
                return period.packs
        return self._periods[-1].packs

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._now())

    def get(self, pack_id: str) -> Pack | None:
        """The pack that is in force now."""
        return self._now().get(pack_id)

    def of_division(self, code: str) -> Pack | None:
        """The pack that is in force now."""
        return self._now().of_division(code)

    def coordinated_by(self, unit: str) -> Pack | None:
        """The pack that is in force now."""
        return self._now().coordinated_by(unit)

    def _now(self) -> Jurisdictions:
        return self.at(self._clock())

    async def run(self) -> None:
        """Read the publications periodically until cancelled; if the database does not answer, try again at the next
        turn."""
        await every(EVERY, self.read, "catalogues")

    async def ready(self) -> str | None:
        """The reason why this process should not decide yet; None if it may."""
        return "routing: the catalogues are not loaded yet" if self._mark is None else None

    async def read(self) -> None:
        """Read the publications, if any was added or cancelled since the last read."""
        async with self._pool.acquire(timeout=5) as db:
            mark = await queries.mark(db)
            if mark != self._mark:
                self._periods = await self._read(db)
                self._mark = mark

    async def _read(self, db: Connection) -> tuple[_Period, ...]:
        if self._mark is None:
            for pack in self._files:
                await queries.put(db, pack.id, (pack.catalogue_version, rules_as_yaml(pack), "file", "", pack.id))
        publications_of = {pack.id: await queries.publications(db, pack.id) for pack in self._files}
        at = self._clock()
        moments = {
            publication.at
            for publications in publications_of.values()
            for publication in publications
            if publication.at > at
        }
        periods = []
        for moment in sorted(moments, reverse=True):
            periods.append(_Period(moment, await self._in_force(db, publications_of, moment)))
        return (*periods, _Period(None, await self._in_force(db, publications_of, at)))

    async def _in_force(
        self, db: Connection, publications_of: Mapping[str, list[CataloguePublication]], moment: datetime
    ) -> Jurisdictions:
        packs = []
        for pack in self._files:
            current = in_force(publications_of[pack.id], moment)
            packs.append((await self._version(db, pack, current.version) if current else None) or pack)
        return Jurisdictions(packs)

    async def _version(self, db: Connection, file: Pack, version: str) -> Pack | None:
        """The pack with the catalogue of a version; None if that cannot be used with the present pack."""
        key = (file.id, version)
        if key not in self._known:
            stored = await queries.version(db, *key)
            pack = usable(file, stored.content) if stored else None
            if pack and pack.catalogue_version != version:
                # Its limits were changed in the pack's file: what decides from now on is another version.
                stored_values = (
                    pack.catalogue_version,
                    stored.content if stored else "",
                    "file",
                    f"{version}",
                    file.id,
                )
                await queries.put(db, file.id, stored_values)
            self._known[key] = pack
        return self._known[key]


def usable(file: Pack, content: str) -> Pack | None:
    """The pack with this catalogue; None, with an entry in the log, if it cannot be used."""
    errors = errors_of(file, content)
    if errors:
        log.error("published catalogue cannot be used; the file of the pack is used", cause=str(errors[0]))
        return None
    part = read_catalogue("catalogue", content).part
    return file.with_catalogue(part.rules, part.limits)


def errors_of(file: Pack, content: str) -> Sequence[PackProblem]:
    """The errors that keep a catalogue from being used with the present pack, such as a unit that no longer exists."""
    try:
        problems = check_version(read_catalogue("catalogue", content), file)
    except PackError as fault:
        return list(fault.problems)
    return [problem for problem in problems if problem.severity is ProblemSeverity.ERROR]


def rules_as_yaml(pack: Pack) -> str:
    """The catalogue of a pack as YAML, one rule a line."""
    rules = "".join(f"- {one_line(rule.model_dump(mode='json', exclude_defaults=True))}\n" for rule in pack.rules)
    return f"limits: {one_line(pack.usual_limits)}\nrules:\n{rules}"


def one_line(content: Any) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=math.inf, default_flow_style=True)
    return str(text).removesuffix("...\n").strip()
