"""The vault's master key is changed by the steps of the page, process by process; the command is killed half-way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from cryptography.exceptions import InvalidTag

from services.intake import app, assembled
from services.intake.channels import keys, rotation
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.settings import IntakeSettings
from services.intake.vault import queries
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Connection, Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from tests.keys import KEYS

A, B = "the vault's key before it was changed, kept nowhere", "the vault's key after that, and kept nowhere either"
BEFORE: Final = {"vault_key": A}
ANNOUNCED: Final = {"vault_key": A, "vault_old_key": B}
CHANGED: Final = {"vault_key": B, "vault_old_key": A}
AFTER: Final = {"vault_key": B}
TOKEN: Final = "the token of the account"
WHY: Final = {"why": "发送通知", "fields": ["phone"]}


class Killed(BaseException):
    """The command ends here, as by a signal."""


class Intakes:
    """Two processes of intake, each with settings of its own, and the demands that they took."""

    def __init__(self, pool: Pool, stack: AsyncExitStack, key: str) -> None:
        self.pool, self.stack, self.key = pool, stack, key
        self.clients: dict[int, httpx.AsyncClient] = {}
        self.settings: dict[int, IntakeSettings] = {}
        self.phones: dict[str, str] = {}

    async def restart(self, process: int, **settings: Any) -> None:
        """One of them begins anew; the other goes on."""
        self.settings[process] = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://x"} | settings)
        transport = httpx.ASGITransport(web_app("intake", app.api(self.settings[process], self.pool).routers))
        client = httpx.AsyncClient(transport=transport, base_url="http://here", headers={"X-API-Key": self.key})
        self.clients[process] = await self.stack.enter_async_context(client)

    async def work(self) -> None:
        """Each takes a demand; then each shows the contact of every demand, and knows the gateway's secret."""
        for client in self.clients.values():
            phone = f"138{len(self.phones):08}"
            body = {"title": "路灯不亮", "division": "440605126222", "category": "street-lighting"}
            answer = await client.post(
                "/v1/demands", json=body | {"contact": {"phone": phone}}, headers={"Idempotency-Key": str(uuid4())}
            )
            assert answer.status_code == 201, answer.text
            self.phones[answer.json()["number"]] = phone
        service = {"Authorization": f"Bearer {Tokens(str(KEYS['secret'])).write('service', {'service': 'feedback'})}"}
        for process, client in self.clients.items():
            for number, phone in self.phones.items():
                shown = await client.post(f"/v1/demands/{number}/contact", json=WHY, headers=service)
                assert shown.json().get("phone") == phone, f"{number} at {process}: {shown.text}"
            gateway = await GatewayRegistry(self.pool, assembled.vault(self.settings[process])).gateway("wechat")
            assert gateway.settings.wechat_token
            assert gateway.settings.wechat_token.get_secret_value() == TOKEN

    async def roll(self, **settings: str) -> None:
        """One after the other, with work in between."""
        for process in (0, 1):
            await self.restart(process, **settings)
            await self.work()


@pytest.fixture
async def intakes(database: str) -> AsyncIterator[Intakes]:
    async with await open_pool(database, "intake") as pool, AsyncExitStack() as stack:
        await keys.add(pool, "wechat", ChannelKind.WECHAT, "公众号")
        found = Intakes(pool, stack, await keys.add(pool, "web", ChannelKind.WEB, "网站"))
        for process in (0, 1):
            await found.restart(process, **BEFORE)
        await GatewayRegistry(pool, assembled.vault(found.settings[0])).put("wechat", {"wechat_token": TOKEN})
        yield found


async def test_contacts_are_read_before_during_and_after_though_the_command_is_killed(
    intakes: Intakes, monkeypatch: pytest.MonkeyPatch
):
    await intakes.work()
    await intakes.roll(**ANNOUNCED)
    await intakes.roll(**CHANGED)
    vault, known = assembled.vault(intakes.settings[0]), len(intakes.phones)
    of_before = await intakes.pool.fetchval("SELECT count(*) FROM vault_key WHERE master <> $1", vault.mark)
    assert 0 < of_before < known
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    with monkeypatch.context() as killing:
        killing.setattr(queries, "rewrap", _killed_in_the_second_batch())
        with pytest.raises(Killed):
            await rotation.rotate(intakes.pool, vault)
    await intakes.work()
    done = await rotation.rotate(intakes.pool, vault)
    assert (done.count, done.unopened) == (of_before - 2, 0), "the rest"
    await intakes.work()
    again = await rotation.rotate(intakes.pool, vault)
    assert (again.count, again.unopened) == (0, 0), "which is how one sees that the old key may go"
    await intakes.roll(**AFTER)


def _killed_in_the_second_batch() -> Any:
    rewrap, batches = queries.rewrap, 0

    async def killed(db: Connection, wrapped: Any, master: str) -> None:
        nonlocal batches
        batches += 1
        await rewrap(db, wrapped, master)
        if batches == 2:
            raise Killed

    return killed


async def test_a_key_that_was_not_announced_hides_new_contacts_from_the_process_of_before(intakes: Intakes):
    await intakes.restart(0, **CHANGED)
    with pytest.raises(InvalidTag):
        await intakes.work()
