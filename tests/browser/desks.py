"""A desk on which there is a case in every state, and the addresses of all that staff can open there."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.city import COORDINATOR, STATION, TOWN, City
from tests.routing.visitor import visitor

CONTACT: Final = {"name": "邹某某", "phone": "13800138000"}
ACCEPTED: Final = f.DemandAccepted(by="陈晓岚")
PROGRESSED: Final = f.DemandProgressed(by="陈晓岚", note="已现场勘查，本周施工", evidence=("现场照片 1",))
RESOLVED: Final = f.DemandResolved(by="陈晓岚", result="已回填并铺好沥青", summary="路面已修复")
REFUSED: Final = f.DemandDeclined(reason="属高速公路管理", instead="广东省高速公路公司", by="陈晓岚")
LISTED: Final = f.DemandListed(level="village", reason="列入明年村级清单", project="村道改造", by="陈晓岚")


def sent(days: float, unit: str = STATION, *helpers: str) -> f.DemandRouted:
    """To a unit by a dispatcher, due in so many days."""
    due_at = now() + timedelta(days=days)
    return f.DemandRouted(unit=unit, assisting=helpers, rule="dispatcher:林嘉怡", by="林嘉怡", due_at=due_at)


def pasts() -> Mapping[str, Sequence[f.Fact]]:
    """What routing has told of each case since it was raised."""
    return {
        "routed": (),
        "overdue": (sent(-3),),
        "due soon": (sent(0.5),),
        "accepted": (sent(4), ACCEPTED),
        "in progress": (sent(8), ACCEPTED, PROGRESSED, _extension()),
        "paused": (ACCEPTED, f.DemandPaused(by="陈晓岚", reason="weather")),
        "listed": (ACCEPTED, LISTED),
        "assisted": (sent(4, STATION, TOWN, COORDINATOR), ACCEPTED),
        "helped": (sent(9, TOWN, STATION),),
        "returned": (sent(4, TOWN), f.DemandReturned(by="黄文静", reason="属村道", suggested_unit=STATION)),
        "resolved": (ACCEPTED, RESOLVED),
        "reopened": (ACCEPTED, RESOLVED),
        "closed": (ACCEPTED, RESOLVED),
        "declined": (REFUSED,),
        "withdrawn": (f.DemandWithdrawn(reason="已经修好了"),),
        "merged": (),
    }


def _extension() -> f.ExtensionRequested:
    due_at = now() + timedelta(days=12)
    return f.ExtensionRequested(
        by="陈晓岚", unit=STATION, working_days=3, due_at=due_at, reason="等待沥青", decider=TOWN
    )


async def full_desk(city: City) -> dict[str, str]:
    """The numbers of cases by how they stand; most lie with the station of a village."""
    cases = {"triage": await city.raises(category=None, text="不清楚归谁管")}
    for name, facts in pasts().items():
        cases[name] = number = await city.raises(title="村口路面塌陷，雨天积水", contact=CONTACT)
        await city.tells(number, *facts)
    for name in ("to publish", "published"):
        cases[name] = number = await city.raises(title="村口路灯不亮", text="晚上看不见路", may_publish=True)
        await city.tells(number, ACCEPTED, RESOLVED)
    released = f.DemandPublished(edition=1, title="村口路灯不亮", answer="路灯已更换", policy="nanhai: reviewed")
    await city.tells(cases["published"], released)
    parent = await city.demand(cases["routed"])
    merged = f.DemandMerged(parent=parent.id, parent_number=parent.number, by="陈晓岚", reason="同一处")
    await city.tells(cases["merged"], merged)
    said = (f.DemandUrged(reason="等了十天"), f.DemandSupported(), f.DemandSupplemented(text="早上又塌了一块"))
    await city.tells(cases["due soon"], *said, service=Service.INTAKE)
    await city.tells(cases["closed"], f.DemandConfirmed(rating=5, solved=True), service=Service.FEEDBACK)
    await city.tells(cases["reopened"], f.DemandReopened(reason="下雨又塌了", rating=1), service=Service.FEEDBACK)
    return cases


async def forms(city: City, cases: Mapping[str, str], *people: str) -> dict[str, tuple[str, str]]:
    """By the name of each command that somebody may give: who, and the address of its form."""
    found: dict[str, tuple[str, str]] = {}
    for person in people:
        async with visitor(city, person) as staff:
            for number in cases.values():
                page = (await staff.open(f"/desk/cases/{number}")).text
                for path, name in re.findall(r'href="(/desk/cases/[^"/]+/([a-z-]+))"', page):
                    found.setdefault(name, (person, path))
    return found
