"""The pages of the catalogue, of common demands and of the explanation of a routing, used like a person."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.routing import app as routing
from services.routing.assembled import demand_repository
from services.routing.cases import commands as c
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.catalogue.packs_in_force import PacksInForce, rules_as_yaml
from services.routing.hot_spots.detection import LEASE, Detection
from services.routing.settings import RoutingSettings
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.clock import now
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.numbers import number
from shared.identity.person import Person, Role
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.packs import nanhai, shipped

PACK = nanhai()
FILE = PACK.catalogue_version
COORDINATOR = PACK.coordinator
STATION = "station-440605011001"
SUNK = "- {id: sunk, match: {category: road-damage, keywords: [塌陷]}, lead: nh-transport}"
TITLES = (
    "丽发新城小区附近建搅拌站噪音扰民",
    "投诉丽发新城小区附近的搅拌站",
    "丽发新城小区附近搅拌站噪音污染严重",
    "丽发新城小区附近的搅拌站粉尘扰民",
    "丽发新城小区附近搅拌站夜间施工",
    "举报丽发新城小区附近非法搅拌站",
)
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(slots=True)
class CataloguePages:
    """A client of routing's pages, and routing's worker."""

    pool: Pool
    client: httpx.AsyncClient
    packs: PacksInForce
    log: Log = field(default_factory=Log)

    async def sign_in(self, unit: str, role: str) -> None:
        self.client.cookies.clear()
        answer = await self.client.post("/sign-in/demo", data={"person": f"{unit}-{role}", "next": "/desk"})
        assert answer.status_code == 200, answer.text

    async def page(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = await self.client.get(path)
        assert answer.status_code == status, answer.text
        return words(answer)

    async def send(self, path: str, status: int = 200, **fields: Any) -> httpx.Response:
        csrf = _TOKEN.findall((await self.client.get("/desk")).text)[0]
        answer = await self.client.post(path, data={"csrf": csrf, **fields})
        assert answer.status_code == status, answer.text
        return answer

    async def drafted(self, rule: str = SUNK) -> str:
        """Make a draft with this rule before those in force, and return its address."""
        return (await self.send("/desk/catalogue/new", content=with_rule(rule), note="塌陷派交通局")).url.path

    async def deliver(self, n: int, **also: Any) -> str:
        """Deliver a demand to routing and return its number."""
        submitted = story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n), **also})
        repositories = Repositories.of(demand_repository(self.packs))
        await apply_records(Delivery(self.pool, repositories, "cluster"), self.log.records(submitted, key=UUID(int=n)))
        return submitted.number


def words(answer: httpx.Response) -> str:
    """The visible text of a page, without tags and with single spaces."""
    body = re.sub(r"<(script|style).*?</\1>", "", answer.text.partition("<main")[2], flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def with_rule(rule: str) -> str:
    return rules_as_yaml(PACK).replace("rules:\n", f"rules:\n{rule}\n", 1)


@pytest.fixture
async def harness(database: str) -> AsyncIterator[CataloguePages]:
    settings = RoutingSettings.model_validate(KEYS | {"DATABASE_URL": database, "demo_staff": True})
    async with await open_pool(database, "routing") as pool:
        packs = PacksInForce(shipped(), pool)
        await packs.read()
        transport = httpx.ASGITransport(web_app("routing", routing.api(settings, pool).routers))
        options: dict[str, Any] = {"base_url": "http://127.0.0.1:8080", "follow_redirects": True}
        async with httpx.AsyncClient(transport=transport, **options) as client:
            built = CataloguePages(pool, client, packs)
            await built.sign_in(COORDINATOR, "dispatcher")
            yield built


async def test_a_rule_is_drafted_checked_and_published_with_forms_and_every_step_is_explained(harness: CataloguePages):
    first_number = await harness.deliver(1, text="路面塌陷")
    await harness.deliver(2, text="有坑")
    form = (await harness.client.get("/desk/catalogue/new")).text
    assert "id: road-damage" in form, "a draft begins with the rules in force"
    path = await harness.drafted()
    version = path.rpartition("/")[2]
    shown = await harness.page(path)
    assert "新增 sunk" in shown
    assert "类别：道路破损；关键词：塌陷 → " in shown
    assert "排在最前" in shown
    rehearsed = words(await harness.send(f"{path}/rehearse"))
    assert "最近 2 件诉求中，有 1 件会派到别的单位。没有诉求因此逾期。" in rehearsed
    assert first_number in rehearsed
    assert "南海区交通运输局" in rehearsed
    form_page = await harness.page(f"{path}/publish")
    assert "有 1 件会派到别的单位" in form_page
    tomorrow = (now().astimezone() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    published = await harness.send(f"{path}/publish", when="later", at=tomorrow, reason="换发新目录")
    assert "待生效" in words(published)
    overview = await harness.page("/desk/catalogue")
    assert f"版本 {version} 将于" in overview
    assert "换发新目录" in overview
    assert "林嘉怡" in overview
    cancelled = words(await harness.send(f"{path}/cancel"))
    assert "已取消发布" in cancelled
    assert "已预演，可发布" in cancelled


async def test_wrong_input_is_kept_and_each_error_names_its_line(harness: CataloguePages):
    content = with_rule("- {id: x, match: {category: no-such}, lead: nobody}") + "# mine\n"
    refused = await harness.send("/desk/catalogue/new", 422, content=content, note="试")
    assert "规则“x”：没有类别“no-such”" in words(refused)
    assert "规则“x”：没有单位“nobody”" in words(refused)
    assert "第 3 行：" in words(refused)
    assert "# mine" in refused.text
    assert 'value="试"' in refused.text
    unreadable = await harness.send("/desk/catalogue/new", 422, content="limits: x\nrules: [\n")
    assert "格式有误" in words(unreadable)
    empty_form = await harness.send("/desk/catalogue/new", 422, content="", note="还在")
    assert 'value="还在"' in empty_form.text
    assert (await harness.pool.fetchval("SELECT count(*) FROM catalogue_version WHERE origin = 'draft'")) == 0
    english = await harness.send("/desk/catalogue/new?lang=en", 422, content=content)
    assert "rule 'x': category 'no-such' is not defined" in words(english)


async def test_input_is_shown_as_text_and_a_form_of_another_session_is_refused(harness: CataloguePages):
    hostile = "<img src=x onerror=alert(1)>"
    rule = f"- {{id: sunk, match: {{category: road-damage, keywords: ['{hostile}']}}, lead: nh-transport}}"
    path = (await harness.send("/desk/catalogue/new", content=with_rule(rule), note=hostile)).url.path
    await harness.send(f"{path}/rehearse")
    published = await harness.send(f"{path}/publish", when="now", reason=hostile)
    refused = await harness.send("/desk/catalogue/new", 422, content=hostile, note=hostile)
    for shown in (published.text, refused.text, (await harness.client.get("/desk/catalogue")).text):
        assert "<img" not in shown
        assert "&lt;img" in shown
    for step in ("check", "rehearse", "publish", "cancel", "roll-back"):
        assert (await harness.client.post(f"{path}/{step}")).status_code == 403
    assert (await harness.client.post(f"/desk/hot-spots/{UUID(int=1)}/merge")).status_code == 403


async def test_an_invalid_time_is_refused_and_the_typed_reason_is_kept(harness: CataloguePages):
    path = await harness.drafted()
    await harness.send(f"{path}/rehearse")
    refused = await harness.send(f"{path}/publish", 422, when="later", at="", reason="因为")
    assert "请填写生效时间" in words(refused)
    assert "因为" in refused.text
    over = await harness.send(f"{path}/publish", 422, when="later", at="2020-01-01T08:00", reason="因为")
    assert "已过" in words(over)


async def test_an_earlier_version_is_restored_from_a_page_that_asks_for_confirmation(harness: CataloguePages):
    path = await harness.drafted()
    await harness.send(f"{path}/rehearse")
    await harness.send(f"{path}/publish", when="now")
    await harness.pool.execute("UPDATE catalogue_publication SET in_force_from = now() - interval '1 minute'")
    assert f"/desk/catalogue/{FILE}/roll-back" in (await harness.client.get("/desk/catalogue")).text
    assert "恢复为现行版本" in await harness.page(f"/desk/catalogue/{FILE}/roll-back")
    page = words(await harness.send(f"/desk/catalogue/{FILE}/roll-back", reason="派错单位"))
    assert "已恢复" in page
    assert "派错单位" in page


async def test_other_staff_can_read_and_only_those_with_the_right_can_change(harness: CataloguePages):
    path = await harness.drafted()
    for unit, role in ((COORDINATOR, "auditor"), (COORDINATOR, "leader")):
        await harness.sign_in(unit, role)
        page = await harness.client.get(path)
        assert page.status_code == 200
        assert "/rehearse" not in page.text
        assert "/new" not in (await harness.client.get("/desk/catalogue")).text
        await harness.page("/desk/catalogue/new", 403)
        await harness.send(f"{path}/rehearse", 403)
        await harness.send(f"{path}/publish", 403, when="now")
        await harness.page(f"{path}/publish", 403)
        await harness.send("/desk/catalogue/new", 403, content=with_rule(SUNK))
        await harness.send(f"/desk/catalogue/{FILE}/roll-back", 403)
    await harness.sign_in(STATION, "clerk")
    assert "派单目录供统筹单位人员、审计员和管理员查看" in await harness.page("/desk/catalogue", 403)
    assert "/desk/catalogue" not in (await harness.client.get("/desk")).text


async def test_a_rule_to_correct_links_to_the_returned_demands(harness: CataloguePages):
    for n in (1, 2):
        await harness.deliver(n)
    returned = number("NH", 2021, 1)
    desk = CaseHandler(harness.pool, demand_repository(harness.packs), harness.packs)
    clerk = Person("陈", STATION, frozenset({Role.CLERK}))
    command = c.ReturnDemand(reason="不归我们管", suggested_unit="nh-transport")
    await desk.handle(returned, command, Actor(clerk, "1"))
    overview = await harness.client.get("/desk/catalogue")
    assert "road-damage 2 1 0 50 %" in re.sub(rf" {FILE}(?= 2)", "", words(overview))
    link = re.findall(r'href="(/desk/catalogue/returns[^"]+)"', overview.text)[0]
    cases = await harness.page(unescape(link))
    assert returned in cases
    assert number("NH", 2021, 2) not in cases
    assert "不归我们管" in cases


async def test_the_page_says_which_rule_decided_and_what_each_other_rule_requires(harness: CataloguePages):
    decided = await harness.deliver(1)
    page = await harness.page(f"/desk/cases/{decided}/why")
    assert f"由规则 road-damage 派给 {PACK.unit(STATION).name}" in page  # type: ignore[union-attr]
    assert FILE in page
    assert "类别不符：要求“噪声”，本件“道路破损”" in page
    undecided = await harness.deliver(2, category=None)
    assert "没有规则决定，转派单员 原因：没有选择类别" in await harness.page(f"/desk/cases/{undecided}/why")
    assert f"/desk/cases/{decided}/why" in (await harness.client.get(f"/desk/cases/{decided}")).text
    english = await harness.page(f"/desk/cases/{decided}/why?lang=en")
    assert "Decided by the rule road-damage" in english
    await harness.sign_in(STATION, "clerk")
    assert "由规则 road-damage" in await harness.page(f"/desk/cases/{decided}/why")
    await harness.page(f"/desk/cases/{undecided}/why", 404)


async def test_a_triage_case_opens_a_draft_that_begins_with_a_rule_for_it(harness: CataloguePages):
    demand_number = await harness.deliver(1, division=PACK.root)
    link = f"/desk/catalogue/new?case={demand_number}"
    assert link in (await harness.client.get("/desk/triage")).text
    form = unescape((await harness.client.get(link)).text)
    typed = form.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    rule = f"id: road-damage-1, match: {{category: road-damage, division: '{PACK.root}'}}, lead: "
    assert rule in typed.partition("id: road-damage\n")[0]
    drafted = await harness.send("/desk/catalogue/new", content=typed.lstrip("\n"))
    assert "新增 road-damage-1" in words(drafted)


async def test_a_cluster_is_merged_with_one_command_and_a_result_for_each_case(harness: CataloguePages):
    for n, title in enumerate(TITLES, 1):
        await harness.deliver(n, title=title, category="noise")
    await Detection(harness.pool, harness.packs, Lease(harness.pool, LEASE), lambda: story.AT).turn()
    page = await harness.client.get("/desk/hot-spots")
    assert "搅拌站" in words(page)
    assert "共性需求（1）" in page.text
    action = re.findall(r'action="(/desk/hot-spots/[^"]+)"', page.text)[0]
    numbers = [number("NH", 2021, n) for n in range(1, 7)]
    merged = words(await harness.send(action, into=numbers[0], number=numbers[:5], key="k"))
    assert [f"{demand_number} 已并入" in merged for demand_number in numbers] == [False, True, True, True, True, False]
    statuses = dict(await harness.pool.fetch("SELECT number, status FROM demand"))
    assert [statuses[demand_number] for demand_number in numbers[1:]] == ["merged"] * 4 + ["routed"]
    repeated = words(await harness.send(action, into=numbers[1], number=numbers, key="other"))
    assert "已并入 " + numbers[0] in repeated, "an outcome for each, and a refusal is one too"
    await harness.send(action, 422, into=numbers[0], key="k")
    await harness.sign_in(COORDINATOR, "auditor")
    assert "/merge" not in (await harness.client.get("/desk/hot-spots")).text
    await harness.sign_in(STATION, "clerk")
    await harness.page("/desk/hot-spots", 403)
    assert "/desk/hot-spots" not in (await harness.client.get("/desk")).text
