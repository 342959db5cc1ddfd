"""Finds the desk of a person: the lists of their unit, in their jurisdiction."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklists import Desk, List
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack


def pack_of(desk: CaseHandler, by: Person) -> Pack:
    """The jurisdiction of a person's unit; raises `Refused` if there is no such unit."""
    pack = desk.packs.of_unit(by.unit)
    if pack is None:
        raise Refused(
            Code.FORBIDDEN, f"no jurisdiction that is served here has a unit {by.unit}", f"本系统没有单位 {by.unit}"
        )
    return pack


def desk_of(desk: CaseHandler, by: Person, name: List) -> Desk:
    """The desk of a person's unit; raises `Refused` for the triage if the person is not of the coordinator."""
    pack = pack_of(desk, by)
    if name is List.TRIAGE and by.unit != pack.coordinator:
        raise Refused(Code.FORBIDDEN, "triage is only for the coordinator's staff", "仅统筹单位可以查看")
    at = desk.clock()
    return Desk((by.unit,), by.name, pack.id, at, tomorrow_ends(pack, at), by.subject or "")


def tomorrow_ends(pack: Pack, at: datetime) -> datetime:
    """The end of tomorrow, in the time zone of the jurisdiction."""
    day = pack.local_day(at) + timedelta(days=2)
    return datetime.combine(day, time(), ZoneInfo(pack.timezone))
