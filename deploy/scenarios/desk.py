"""Fills the desks of a village, its town and the coordinator with current cases, by the commands that people give."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx

from shared.identity.demo import DemoPerson, demo_people
from shared.identity.person import Person, Role
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

ROUTED_WITHIN: Final = 120.0
"""Seconds within which a new demand must be routed."""


class WaitingDemand(NamedTuple):
    """An answered demand that waits for its citizen's verdict; with number and code, anybody can act as the citizen."""

    number: str
    code: str
    clerk: str
    """The clerk who answered it, and sees it again if it is reopened."""


@dataclass
class DeskScenario:
    """Raises demands in the first village of the pack, and lets invented people handle them."""

    client: httpx.AsyncClient
    channel_key: str
    tokens: StaffTokens
    pack: Pack
    people: list[DemoPerson] = field(init=False)

    def __post_init__(self) -> None:
        self.people = list(demo_people(Jurisdictions([self.pack])))

    @property
    def station(self) -> str:
        """The unit of the village."""
        return self.people[0].person.unit

    @property
    def town(self) -> str:
        """The unit of its town."""
        return self.pack.units_above(self.station)[0]

    async def play(self) -> None:
        """Play all cases, one after the other; raises `httpx.HTTPStatusError` if a request is refused."""
        await self._new_ones()
        await self._at_work()
        await self._on_their_way()

    async def answered(self) -> WaitingDemand:
        """Raise a demand and answer it; returns it when its citizen can see the answer."""
        clerk = (self.station, Role.CLERK)
        receipt = await self._submit("村口排水沟盖板断了一块，老人走路不方便", "road-damage", may_publish=True)
        demand = WaitingDemand(str(receipt["number"]), str(receipt["code"]), self._person(clerk).name)
        await self._until(demand.number)
        await self._command(demand.number, "accept", clerk)
        await self._command(demand.number, "contact", clerk, note="已致电，约定今天更换")
        done = "盖板已更换，周边也检查了一遍，请放心通行。"
        await self._command(demand.number, "resolve", clerk, result=done, summary="排水沟盖板已更换")
        await self._until_known(demand)
        return demand

    async def waits(self, demand: WaitingDemand) -> bool:
        """Whether the demand still waits for its citizen's verdict."""
        query = {"code": demand.code}
        answer = await self.client.get(f"/v1/demands/{demand.number}", params=query)
        return answer.status_code == 200 and answer.json()["status"] == "resolved"

    async def _until_known(self, demand: WaitingDemand) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ROUTED_WITHIN
        while not await self.waits(demand):
            if loop.time() > deadline:
                raise TimeoutError(f"{demand.number} was answered, and its citizen does not see it")
            await asyncio.sleep(0.2)

    async def _new_ones(self) -> None:
        await self._raise("幼儿园门口共享单车堵住盲道", "road-damage")
        await self._raise("独居老人家门口台阶塌了，出不了门", "road-damage", vulnerable=True)
        await self._raise("咨询高龄津贴怎么申请", "old-age-allowance", kind="consult")
        await self._raise("下水道井盖夜里响，影响休息", None)
        await self._raise("有个事不知道归谁管：河边石凳坏了", None)

    async def _at_work(self) -> None:
        clerk, town_clerk = (self.station, Role.CLERK), (self.town, Role.CLERK)
        lamp = await self._raise("东二村口路面坑洼，夜里看不清", "road-damage")
        await self._command(lamp, "accept", clerk)
        await self._command(lamp, "contact", clerk, note="已致电，约定周三现场查看")
        await self._command(lamp, "progress", clerk, note="已现场勘查，材料已订")
        await self._command(lamp, "request-assistance", clerk, units=["nh-education"], reason="涉及学校门前道路")
        await self._command(lamp, "request-extension", clerk, working_days=3, reason="等待沥青材料到货")
        same = await self._raise("村口的路坑太多，电动车摔了两次", "road-damage")
        await self._command(same, "accept", clerk)
        await self._command(same, "merge", clerk, into=lamp, reason="同一路段")
        papers = await self._raise("加装风雨棚，孩子上学淋雨", "school-transport")
        await self._command(papers, "accept", clerk)
        await self._command(papers, "pause", clerk, reason="waiting-for-citizen", days=5, note="请提供常候车的人数")
        big = await self._raise("两个社区交界的排水沟没人清", "waste")
        await self._command(big, "accept", clerk)
        await self._command(big, "move-up", clerk, reason="涉及两个社区，需镇级协调")
        await self._command(big, "accept", town_clerk)

    async def _on_their_way(self) -> None:
        clerk, coordinator = (self.station, Role.CLERK), (self.pack.coordinator, Role.DISPATCHER)
        bounced = await self._raise("楼下空地长期堆放杂物", "waste")
        await self._command(bounced, "return", clerk, reason="属物业管理范围", suggested_unit=self.town)
        await self._until(bounced, unit=self.town)
        await self._command(
            bounced, "return", (self.town, Role.CLERK), reason="应由社区先核实", suggested_unit=self.station
        )
        await self._until(bounced, unit=self.pack.coordinator)
        await self._command(bounced, "note", coordinator, text="两次退单，周五会商")
        done = await self._raise("公园长椅坏了一张", "culture-and-sport", may_publish=True)
        await self._command(done, "accept", coordinator)
        await self._command(done, "contact", coordinator, note="已告知维修安排")
        await self._command(done, "resolve", coordinator, result="长椅已更换，欢迎监督。", summary="长椅已更换")
        await self._command(done, "publish", coordinator)

    async def _raise(self, title: str, category: str | None, **more: Any) -> str:
        """Raise a demand and wait until it is routed or waits for a dispatcher; returns its number."""
        number = str((await self._submit(title, category, **more))["number"])
        await self._until(number)
        return number

    async def _submit(self, title: str, category: str | None, **more: Any) -> Mapping[str, Any]:
        """Submit a demand; returns the receipt."""
        body = {
            "title": title,
            "text": f"{title}，请尽快处理，谢谢。",
            "division": self._village(),
            "kind": "help",
            "contact": {"name": "张三", "phone": "13800138000"},
            **({"category": category} if category else {}),
            **more,
        }
        headers = {"X-API-Key": self.channel_key, "Idempotency-Key": str(uuid4())}
        answer = await self.client.post("/v1/demands", json=body, headers=headers)
        answer.raise_for_status()
        receipt: Mapping[str, Any] = answer.json()
        return receipt

    def _village(self) -> str:
        unit = self.pack.unit(self.station)
        return unit.division_code if unit else self.pack.root

    async def _until(self, number: str, **expected: str) -> None:
        """Wait until routing has the demand, with these values in its state."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ROUTED_WITHIN
        headers = self._bearer((self.pack.coordinator, Role.DISPATCHER))
        while loop.time() < deadline:
            answer = await self.client.get(f"/v1/cases/{number}", headers=headers)
            demand: Mapping[str, Any] = answer.json().get("demand", {}) if answer.status_code == 200 else {}
            if demand.get("status") in ("routed", "triage") and all(demand[k] == v for k, v in expected.items()):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{number} did not come to a unit in time; `huying doctor` says what is waiting")

    async def _command(self, number: str, command: str, who: tuple[str, Role], **fields: Any) -> None:
        headers = self._bearer(who) | {"Idempotency-Key": str(uuid4())}
        answer = await self.client.post(f"/v1/cases/{number}/{command}", json=fields, headers=headers)
        answer.raise_for_status()

    def _bearer(self, who: tuple[str, Role]) -> dict[str, str]:
        token, _ = self.tokens.write(self._person(who))
        return {"Authorization": f"Bearer {token}"}

    def _person(self, who: tuple[str, Role]) -> Person:
        unit, role = who
        return next(
            member.person for member in self.people if member.person.unit == unit and role in member.person.roles
        )
