"""Administrators see the states of messages, and repeat or cancel those that need a person; feedback decides."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from shared.contracts.demand.state import Service
from tests.city import CLERK, COORDINATOR, DISPATCHER, City
from tests.routing.visitor import visitor

ADMIN = f"{COORDINATOR}-admin"
WORDS = "您的诉求有新进展。查看：https://huying.example.gov.cn/follow/abc.def <script>alert(1)</script>"


async def message(city: City, number: str, state: str, jurisdiction: str = "nanhai", **changes: Any) -> UUID:
    """Insert a message about a demand in this state; returns its id."""
    id, demand = uuid4(), (await city.demand(number)).id
    body = {"template": "progressed", "text": WORDS, "number": number, "jurisdiction": jurisdiction, "contact": None,
            "channel_kind": "web", "values": {}}  # fmt: skip
    fields = {"cause": None, "waits": None, "via": None} | changes
    await city.loop.pools[Service.FEEDBACK].execute(
        """
        INSERT INTO intent (id, kind, key, about, line, body, state, cause, waits, via)
        VALUES ($1, 'message', $2, $1, $1::uuid::text, $3, $4, $5, $6, $7)
        """,
        id, demand, orjson.dumps(body).decode(), state, fields["cause"], fields["waits"], fields["via"],
    )  # fmt: skip
    return id


async def state_of(city: City, id: UUID) -> str:
    state: str = await city.loop.pools[Service.FEEDBACK].fetchval("SELECT state FROM intent WHERE id = $1", id)
    return state


async def test_the_lists_show_waiting_messages_with_the_reason_and_resting_gateways(city: City):
    number = await city.raises()
    await message(city, number, "pending", waits="quiet-hours")
    failed = await message(city, number, "failed", cause="号码是空号", via="console")
    await message(city, number, "failed", "elsewhere", cause="of another city")
    await city.loop.pools[Service.FEEDBACK].execute(
        "INSERT INTO gateway_circuit (gateway, tried_again_at, cause) VALUES ('console', now(), '连接被拒绝')"
    )
    async with visitor(city, ADMIN) as admin:
        waiting, gone_wrong = await admin.open("/desk/messages"), await admin.open("/desk/messages?list=failed")
        of_demand = await admin.open(f"/desk/messages?number={number}&lang=en")
        assert "待发送：免打扰时段" in waiting.text
        assert "网关 console 暂停发送" in waiting.text
        assert "连接被拒绝" in waiting.text
        assert "号码是空号" in gone_wrong.text
        assert "another city" not in gone_wrong.text
        assert str(failed) in of_demand.text
        assert "waiting: quiet hours" in of_demand.text
        story = await admin.open(f"/desk/messages/{failed}")
    assert "https://huying" not in story.text, "whoever has a link acts for the citizen"
    assert "<script>alert" not in story.text


async def test_a_failed_message_is_sent_again_and_a_waiting_one_is_cancelled_with_a_reason(city: City):
    number = await city.raises()
    failed, waits = await message(city, number, "failed"), await message(city, number, "pending")
    async with visitor(city, DISPATCHER) as dispatcher:
        page = f"/desk/messages/{failed}"
        without = await dispatcher.send(page, f"{page}/retry")
        assert without.status_code == 422
        assert "请填写原因" in without.text
        repeated = await dispatcher.send(page, f"{page}/retry", **{"why-retry": "已核对号码"})
        assert "已重新排队" in repeated.text
        page = f"/desk/messages/{waits}"
        given_up = await dispatcher.send(page, f"{page}/cancel", **{"why-cancel": "发错模板，电话 13800138000"})
        assert "不会再发送" in given_up.text
    assert (await state_of(city, failed), await state_of(city, waits)) == ("pending", "cancelled")
    payload_text = await city.loop.pools[Service.FEEDBACK].fetchval(
        "SELECT payload FROM journal ORDER BY position DESC LIMIT 1"
    )
    assert "发错模板" in payload_text
    assert "13800138000" not in payload_text


async def test_a_message_that_may_have_been_sent_is_repeated_only_with_confirmation(city: City):
    id = await message(city, await city.raises(), "unknown")
    page = f"/desk/messages/{id}"
    async with visitor(city, ADMIN) as admin:
        refused = await admin.send(page, f"{page}/retry", **{"why-retry": "群众说没收到"})
        assert refused.status_code == 409
        assert "请先向网关核实" in refused.text
        assert await state_of(city, id) == "unknown"
        await admin.send(page, f"{page}/retry", twice="yes", **{"why-retry": "群众说没收到"})
    assert await state_of(city, id) == "pending"


@pytest.mark.parametrize("path", ["/desk/messages", "/desk/messages/{id}"])
async def test_messages_are_only_for_administrators_and_dispatchers(city: City, path: str):
    id = await message(city, await city.raises(), "failed")
    async with visitor(city, CLERK) as clerk:
        answer = await clerk.open(path.format(id=id))
        assert answer.status_code == 403
        assert "管理员" in answer.text
        assert "/desk/messages" not in (await clerk.open("/desk")).text
    async with visitor(city) as signed_out:
        assert "/sign-in" in str((await signed_out.open(path.format(id=id))).url)


async def test_a_message_of_another_jurisdiction_is_not_found(city: City):
    id = await message(city, await city.raises(), "failed", jurisdiction="losangeles")
    async with visitor(city, ADMIN) as admin:
        assert (await admin.open(f"/desk/messages/{id}")).status_code == 404
