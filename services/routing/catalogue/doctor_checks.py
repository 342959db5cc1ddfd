"""The checks of catalogues for `huying doctor`: whether the published versions fit the present packs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.routing.catalogue import queries
from services.routing.catalogue.domain import CataloguePublication, in_force, scheduled
from services.routing.catalogue.packs_in_force import errors_of
from shared.chassis.base.clock import now
from shared.chassis.base.findings import Finding, Words, broken, ok
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.settings import JurisdictionSettings


async def published(db: Connection) -> Sequence[Finding]:
    """A finding for the published catalogues of the packs that the settings name."""
    return await unusable(db, packs_of(JurisdictionSettings()), now())


async def unusable(db: Connection, packs: Jurisdictions, at: datetime) -> Sequence[Finding]:
    """A finding for each version that is or will be in force and cannot be used; one finding that says so if all can be
    used."""
    findings: list[Finding] = []
    for pack in packs:
        publications = await queries.publications(db, pack.id)
        current = in_force(publications, at)
        for publication in [*([current] if current else []), *scheduled(publications, at)]:
            findings += await _unusable(db, pack, publication)
    return findings or [ok(Words("catalogues: all published ones match their packs", "派单目录：已发布的均可用"))]


async def _unusable(db: Connection, pack: Pack, publication: CataloguePublication) -> Sequence[Finding]:
    stored = await queries.version(db, pack.id, publication.version)
    errors = errors_of(pack, stored.content) if stored else ()
    if not errors:
        return []
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    wrong = Words(
        f"{pack.id}: the published version {publication.version} does not match the present pack, so the file of the "
        f"pack is used: {errors[0]}{more}",
        f"{pack.id}：已发布的第 {publication.version} 版与现在的辖区包不符，暂按辖区包自带目录派单：{errors[0]}",
    )
    step = Words(
        "Add what is missing to the pack and restart, or draft a matching version from this one at "
        f"/desk/catalogue/{publication.version} and publish it",
        f"在辖区包中补回缺失内容并重启，或在 /desk/catalogue/{publication.version} 起草可用的新版本并发布",
    )
    return [broken(Words("catalogues", "派单目录"), wrong, step)]


CATALOGUES: Final = DoctorCheck("catalogues", published)
