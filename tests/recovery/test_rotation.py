"""Secrets are changed by the steps of `docs/operating/secrets.md`, while processes with different ones work together.

After each restart of a single process everything that was signed or sealed until then, by whichever process, is taken.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from deploy.cli.services import manifest
from services.feedback.assembled import secret_box
from services.feedback.settings import FeedbackSettings
from services.feedback.webhooks.signing import SecretBox, new_secret
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service
from shared.identity.citizen_links import CitizenLinks
from shared.identity.person import Person, Role
from shared.identity.staff_tokens import StaffTokens
from tests.importing.loop import Loop, opened_loop
from tests.keys import KEYS

OLD, NEW = str(KEYS["secret"]), "the secret after the change, and nobody's either"
LASTING: Final = {"lasting_secret": OLD}
ANNOUNCED: Final = LASTING | {"secret": OLD, "secret_previous": NEW}
CHANGED: Final = LASTING | {"secret": NEW, "secret_previous": OLD}
FORGOTTEN: Final = LASTING | {"secret": NEW}
APIS: Final = ("intake", "routing", "feedback")
WORKER: Final = "feedback-worker"
EVERY: Final = (*APIS, WORKER)
STEPS: Final = ((("intake",), LASTING), (EVERY, ANNOUNCED), (EVERY[::-1], CHANGED))
"""Which processes are restarted in which order, with what: at the last step whoever signs comes first."""
STAFF: Final = Person("陈", "nh-coordinator", frozenset({Role.DISPATCHER, Role.PERSONAL_DATA}))
PHONE: Final = "13800138000"


@dataclass
class Fleet:
    """The processes of a deployment; each goes on with the settings of its last start."""

    database: str
    loop: Loop
    stack: AsyncExitStack
    settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    apis: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    sealed: list[tuple[UUID, bytes]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    key: str = ""

    async def restart(self, process: str, **settings: Any) -> None:
        """One process begins anew with these settings; the others go on."""
        self.settings[process] = KEYS | {"DATABASE_URL": self.database, "jurisdictions": "nanhai"} | settings
        name, _, number = process.partition("-")
        if number == "worker":
            return
        service = manifest(name)
        api = service.api(service.settings.model_validate(self.settings[process]), self.loop.pools[Service(name)])
        if name == "intake":
            assert [problem for check in api.ready if (problem := await check())] == []
        transport = httpx.ASGITransport(web_app(name, api.routers))
        client = httpx.AsyncClient(transport=transport, base_url="http://here", headers={"X-API-Key": self.key})
        self.apis[process] = await self.stack.enter_async_context(client)

    async def raise_one(self, by: str = "intake") -> None:
        """A citizen raises a demand at this process; everybody hears of it."""
        body = {"title": "路灯不亮", "category": "street-lighting", "division": "440605011001"}
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self.apis[by].post("/v1/demands", json=body | {"contact": {"phone": PHONE}}, headers=headers)
        assert answer.status_code == 201, answer.text
        self.receipts.append(answer.json())
        await self.loop.turn()

    def box(self, process: str) -> SecretBox:
        """What seals the secrets of webhooks in this process."""
        return secret_box(FeedbackSettings.model_validate(self.settings[process]))

    async def signs_and_seals(self) -> None:
        """A citizen is sent a link; somebody makes a webhook."""
        feedback = FeedbackSettings.model_validate(self.settings[WORKER])
        links = CitizenLinks.at("http://here", feedback.secret, feedback.secret_previous)
        self.links.append(links.token(UUID(self.receipts[0]["id"])))
        webhook = uuid4()
        self.sealed.append((webhook, self.box("feedback").seal(webhook, new_secret())))

    async def everybody_is_served(self) -> list[str]:
        """What was refused of all that was signed and sealed until now; staff and services sign with what each has."""
        first = self.receipts[0]
        refused = [
            f"link {n}"
            for n, link in enumerate(self.links)
            if not (await self.apis["feedback"].get(f"/v1/ratings/{link}")).is_success
        ]
        code = {"X-Demand-Code": first["code"], "X-API-Key": ""}
        followed = await self.apis["intake"].get(f"/v1/demands/{first['number']}", headers=code)
        refused += [] if followed.is_success else ["code"]
        for process, settings in self.settings.items():
            refused += [f"{what} of {process}" async for what in self._refused(settings)]
        for webhook, sealed in self.sealed:
            for process in ("feedback", WORKER):
                self.box(process).open(webhook, sealed)
        return refused

    async def _refused(self, settings: Mapping[str, Any]) -> AsyncIterator[str]:
        """What this process signs and another one does not believe."""
        number, secret = self.receipts[0]["number"], settings["secret"]
        service = {"Authorization": f"Bearer {Tokens(secret).write('service', {'service': 'feedback'})}"}
        token, _ = StaffTokens.of(IntakeSettings.model_validate(settings)).write(STAFF)
        staff = {"Authorization": f"Bearer {token}"}
        for who, headers in (("service", service), ("staff", staff)):
            contact = await self.apis["intake"].post(
                f"/v1/demands/{number}/contact", json={"why": "发送通知", "fields": ["phone"]}, headers=headers
            )
            if contact.json().get("phone") != PHONE:
                yield f"{who} at intake"
        if not (await self.apis["routing"].get(f"/v1/cases/{number}", headers=staff)).is_success:
            yield "staff at routing"


@pytest.fixture
async def fleet(database: str) -> AsyncIterator[Fleet]:
    """Every process with the old secret."""
    async with opened_loop(database) as loop, AsyncExitStack() as stack:
        found = Fleet(database, loop, stack)
        found.key = await keys.add(loop.pools[Service.INTAKE], "web", ChannelKind.WEB, "网站")
        for process in (*APIS, WORKER):
            await found.restart(process)
        await found.raise_one()
        yield found


async def test_the_secret_changes_and_nobody_is_refused(fleet: Fleet):
    for processes, settings in STEPS:
        for process in processes:
            await fleet.restart(process, **settings)
            await fleet.signs_and_seals()
            assert await fleet.everybody_is_served() == [], f"{process} restarted with {sorted(settings)}"
    # What the worker does within a quarter of a minute, and what ends by itself within 400 days.
    fleet.sealed = [(id, fleet.box(WORKER).seal(id, fleet.box(WORKER).open(id, old))) for id, old in fleet.sealed]
    fleet.links = fleet.links[-1:]
    for process in EVERY:
        await fleet.restart(process, **FORGOTTEN)
        await fleet.signs_and_seals()
        assert await fleet.everybody_is_served() == []


async def test_a_secret_that_was_not_announced_is_refused_by_those_that_do_not_know_it(fleet: Fleet):
    await fleet.restart("intake", **LASTING)
    await fleet.restart(WORKER, **CHANGED)
    await fleet.signs_and_seals()
    assert await fleet.everybody_is_served() == [
        "link 0", f"service at intake of {WORKER}", f"staff at intake of {WORKER}", f"staff at routing of {WORKER}",
    ]  # fmt: skip
