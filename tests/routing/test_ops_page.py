"""The operations page shows administrators the state of every service, worst first, even if services are away."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from services.routing.web import ops_pages
from services.routing.web.staff_client import StaffClient
from shared.chassis.process import reporter
from shared.chassis.process.registration import ProcessCondition, ProcessName, Registration
from shared.contracts.demand.state import Service
from shared.identity.person import Person, Role
from shared.identity.staff_tokens import StaffTokens
from tests.city import CLERK, COORDINATOR, DISPATCHER, City
from tests.eventually import eventually
from tests.routing.visitor import visitor, words_of

ADMIN = f"{COORDINATOR}-admin"
HOSTILE = "<script>alert(1)</script>"
PROCESSES = {
    Service.INTAKE: ("gateway", "intake-worker"), Service.ROUTING: ("gateway", "routing-worker"),
    Service.FEEDBACK: ("gateway", "feedback-worker"), Service.REPORTING: ("gateway", "reporting-projector"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page checks again, without a cache."""
    monkeypatch.setattr(reporter, "KEPT", -1.0)


@pytest.fixture
async def running_city(city: City) -> AsyncIterator[City]:
    """A city in which every process is registered."""
    for service, names in PROCESSES.items():
        for name in names:
            process = ProcessName(name, "0", "host-1", "", "9.9.9")
            await Registration(city.loop.pools[service], process, ProcessCondition()).beat()
    yield city
    for pool in city.loop.pools.values():
        await pool.execute("DELETE FROM process")


async def test_a_healthy_deployment_says_so_and_names_its_processes(running_city: City):
    async with visitor(running_city, ADMIN) as admin:
        # A service that is busy with other tests is checked once more.
        page = await eventually(lambda: admin.open("/ops"), lambda page: "一切正常" in words_of(page.text), within=90)
        await eventually(
            lambda: admin.open("/ops?lang=en"), lambda page: "All is well" in words_of(page.text), within=90
        )
    words = words_of(page.text)
    assert words.count("gateway") == 1, "it registers with every service, and is one process"
    for name in ("intake-worker", "routing-worker", "feedback-worker", "reporting-projector", "9.9.9", "0 @ host-1"):
        assert name in words
    assert "派单：诉求均已派单或转人工派单" in words


async def test_broken_parts_come_first_with_advice_and_hostile_causes_are_shown_as_text(running_city: City):
    feedback, routing = running_city.loop.pools[Service.FEEDBACK], running_city.loop.pools[Service.ROUTING]
    await feedback.execute(
        "INSERT INTO gateway_circuit (gateway, tried_again_at, cause) VALUES ('sms', now(), $1)", HOSTILE
    )
    await routing.execute("UPDATE process SET not_alive = $1 WHERE name = 'routing-worker'", f"卡住 {HOSTILE}")
    await routing.execute("DELETE FROM schema_migrations WHERE version = '20261203120000'")
    try:
        async with visitor(running_city, ADMIN) as admin:
            page = await eventually(
                lambda: admin.open("/ops"), lambda page: "2 项故障，1 项需注意" in words_of(page.text), within=90
            )
    finally:
        await routing.execute("INSERT INTO schema_migrations (version) VALUES ('20261203120000')")
    assert "<script>alert" not in page.text
    words = words_of(page.text)
    order = [next(n for n, line in enumerate(words) if what in line) for what in ("已卡住：", "网关 sms", "死信：无")]
    assert order == sorted(order)
    assert "20261203120000_process" in page.text
    assert "运行 `huying migrate`" in words
    assert "打开消息列表" in words


@pytest.mark.parametrize("service", [Service.ROUTING, Service.FEEDBACK])
async def test_dead_letters_of_a_service_are_read_page_by_page_from_the_finding(
    running_city: City, service: Service, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reporter, "LETTERS", 2)
    pool = running_city.loop.pools[service]
    await pool.execute(
        """INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause)
        SELECT 't', 3, n, 'c', '', $1::text || n FROM generate_series(1, 3) AS n""",
        f"{HOSTILE} ",
    )
    behind = await pool.fetchval("SELECT max(id) - 1 FROM dead_letter")
    try:
        async with visitor(running_city, ADMIN) as admin:
            response = await eventually(
                lambda: admin.open("/ops?lang=en"), lambda page: f"service={service}" in page.text, within=90
            )
            first = await admin.open(f"/ops/dead-letters?service={service}")
            last = await admin.open(f"/ops/dead-letters?service={service}&after={behind}&lang=en")
            none = await admin.open("/ops/dead-letters?service=reporting")
    finally:
        await pool.execute("DELETE FROM dead_letter")
    assert "Open the dead letters" in words_of(response.text)
    shown = words_of(first.text)
    assert [f"{HOSTILE} {n}" in shown for n in (1, 2, 3)] == [True, True, False]
    assert f"huying dead-letters redrive {service} 编号" in shown
    assert f"service={service}&amp;after={behind}" in first.text
    assert ({f"{HOSTILE} 3", "t/3/3"} <= {*words_of(last.text)}, 'rel="next"' in last.text) == (True, False)
    assert "<script>alert" not in first.text + last.text
    assert "没有死信" in words_of(none.text)


async def test_a_service_that_is_away_or_has_no_address_is_a_finding_and_the_others_are_shown(
    running_city: City, monkeypatch: pytest.MonkeyPatch
):
    async def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    unreachable = httpx.AsyncClient(base_url="http://feedback", transport=httpx.MockTransport(answer))
    original = ops_pages._asked

    async def with_feedback_away(name: str, client: StaffClient | None, person: Person) -> object:
        away = {"feedback": client and replace(client, client=unreachable), "reporting": None}
        return await original(name, away.get(name, client), person)

    monkeypatch.setattr(ops_pages, "_asked", with_feedback_away)
    async with visitor(running_city, ADMIN) as admin:
        page = await admin.open("/ops?lang=en")
    words = words_of(page.text)
    assert "feedback does not answer; try again" in words
    assert "is feedback-api running and of this version, and is HUYING_FEEDBACK_URL right?" in words
    assert "HUYING_REPORTING_URL is not set for routing-api" in words
    assert "routing-worker" in words


@pytest.mark.parametrize("path", ["/ops", "/ops/dead-letters"])
@pytest.mark.parametrize("person", [CLERK, DISPATCHER])
async def test_only_an_administrator_sees_the_operations_page(city: City, person: str, path: str):
    async with visitor(city, person) as visit:
        page = await visit.open(path)
    assert page.status_code == 403
    assert "运行状况仅限管理员" in page.text


@pytest.mark.parametrize("path", ["", "/dead-letters"])
@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
async def test_each_service_answers_only_administrators(city: City, service: str, path: str):
    tokens = StaffTokens.of(city.settings)
    codes = []
    async with httpx.AsyncClient(base_url=city.url, trust_env=False) as client:
        for role in (Role.ADMIN, Role.DISPATCHER):
            token, _ = tokens.write(Person("林", COORDINATOR, frozenset({role})), 1 / 60)
            answer = await client.get(f"/v1/findings/{service}{path}", headers={"Authorization": f"Bearer {token}"})
            codes.append(answer.status_code)
        codes.append((await client.get(f"/v1/findings/{service}{path}")).status_code)
    assert codes == [200, 403, 401]
