"""The working day of a village's station, its town, the dispatchers, the coordinator and a leader, in a browser."""

import re

import pytest
from playwright.async_api import Page, expect

from shared.contracts.demand import facts as f
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.city import CLERK, COORDINATOR, DISPATCHER, HEAD, LEADER, STATION, TOWN, TOWN_CLERK, TOWN_HEAD, City

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


async def command(page: Page, name: str) -> None:
    """Choose one of the commands of a case."""
    panel = page.locator(".command-panel")
    more = panel.locator("details:not([open]) > summary")
    if await more.count():
        await more.click()
    await panel.get_by_text(name, exact=True).click()


async def send(page: Page, name: str) -> None:
    """Send the form of a command, which leads back to the case."""
    await page.locator("main form").get_by_role("button", name=name, exact=True).click()
    await expect(page.get_by_role("status").first).to_contain_text(f"已办理：{name}")


async def sign_in(page: Page, city: City, person: str) -> None:
    """Sign in on the page that names the demo people."""
    await page.goto(f"{city.url}/desk")
    await page.locator(f'button[value="{person}"]').click()
    await expect(page).to_have_url(f"{city.url}/desk")


@BOTH
async def test_a_station_signs_asks_for_help_and_time_contacts_and_answers(
    tabs: Tabs, at_desk: OpenPage, city: City, javascript: bool
):
    first, second = await city.raises(title="村口路面塌陷"), await city.raises(title="三巷路灯旁路面开裂")
    page = await tabs.new(PHONE, javascript)
    await sign_in(page, city, CLERK)
    for title in ("村口路面塌陷", "三巷路灯旁路面开裂"):
        await page.get_by_role("checkbox", name=title).check()
    await page.get_by_role("button", name="签收所选").click()
    await expect(page.locator(".outcomes li")).to_contain_text(["已签收", "已签收"])
    await page.get_by_role("link", name=first).click()
    await command(page, "请求协办")
    await page.get_by_label("请哪个单位协办").select_option("nh-education")
    await page.get_by_label("需要协办的事项").fill("塌陷处紧邻学校")
    await send(page, "请求协办")
    await command(page, "申请延期")
    await page.get_by_label("延长几个工作日").fill("3")
    await page.get_by_label("申请理由").fill("需等待沥青")
    await send(page, "申请延期")

    head = await at_desk(TOWN_HEAD, "/desk", DESK, javascript)
    await head.get_by_role("link", name="待我审批").click()
    await head.get_by_role("link", name="村口路面塌陷").click()
    await expect(head.locator("main")).to_contain_text("需等待沥青")
    due = (await city.demand(first)).due_at
    await command(head, "同意延期")
    await send(head, "同意延期")

    await page.reload()
    await command(page, "联系群众")
    await page.get_by_label("沟通情况").fill("已致电，约周三查看")
    await send(page, "联系群众")
    await command(page, "记录进展")
    await page.get_by_label("办理进展").fill("沥青已到场")
    await send(page, "记录进展")
    await command(page, "办结")
    await page.get_by_label("给群众的答复").fill("塌陷处已回填并铺好沥青")
    await page.context.clear_cookies()  # the session ended while the answer was written
    await page.locator("main form").get_by_role("button", name="办结", exact=True).click()
    await page.locator(f'button[value="{CLERK}"]').click()
    await expect(page).to_have_url(re.compile(f"/desk/cases/{first}/resolve"))
    answer = page.get_by_label("给群众的答复")
    if javascript:
        await expect(page.get_by_text("还没有提交的内容")).to_be_visible()
        await expect(answer).to_have_value("塌陷处已回填并铺好沥青")
    else:
        await answer.fill("塌陷处已回填并铺好沥青")
    await send(page, "办结")
    if javascript:
        assert "塌陷处" not in str(await page.evaluate("Object.entries(sessionStorage)")), "what was sent is not kept"
    demand = await city.demand(first)
    assert (demand.status, demand.extensions) == ("resolved", 1)
    assert due
    assert demand.due_at
    assert demand.due_at > due
    assert "nh-education" in demand.assisting
    assert (await city.demand(second)).status == "accepted"
    await page.locator(".page-tools").get_by_role("button", name="退出").click()
    await expect(page).to_have_url(re.compile("/sign-in"))
    await page.goto(f"{city.url}/desk/cases/{first}")
    await expect(page).to_have_url(re.compile("/sign-in"))


async def test_a_case_is_handled_by_keyboard_alone(at_desk: OpenPage, city: City):
    case = await city.raises()
    page = await at_desk(CLERK)

    async def reach(selector: str) -> None:
        """Press Tab until the element has the focus."""
        for _ in range(80):
            await page.keyboard.press("Tab")
            if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
                return
        pytest.fail(f"Tab does not lead to {selector}")

    await reach(f'a[href^="/desk/cases/{case}?"]')
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/desk/cases/{case}\?back="))
    await reach(f'form[action^="/desk/cases/{case}/accept"] button')
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("已办理：签收")
    await reach(f'a[href^="/desk/cases/{case}/progress"]')
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/desk/cases/{case}/progress\?back="))
    await reach("#note")
    await page.keyboard.type("已到现场")
    await reach("main form button")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("已办理：记录进展")
    assert (await city.demand(case)).status == "in_progress"


@BOTH
async def test_a_dispatcher_decides_in_one_click_or_by_the_form(at_desk: OpenPage, city: City, javascript: bool):
    one, other = await city.raises(title="不知归谁管的路", category=None), await city.raises(category=None)
    page = await at_desk(DISPATCHER, "/desk/triage", PHONE, javascript)
    card = page.locator("article", has_text="不知归谁管的路")
    suggestion = card.locator('button[name="unit"]').first
    unit = await suggestion.get_attribute("value")
    await suggestion.click()
    await expect(page.get_by_role("status").first).to_contain_text(f"已办理：派单 · {one}")
    assert ((await city.demand(one)).status, (await city.demand(one)).unit) == ("routed", unit)

    await expect(page.locator("article")).to_have_count(1)
    await page.get_by_role("link", name="派给其他单位").click()
    await page.get_by_label("承办单位").select_option(TOWN)
    await page.get_by_label("办理时限（工作日）").fill("5")
    await page.get_by_label("派单说明").fill("跨村道路")
    await send(page, "派单")
    demand = await city.demand(other)
    assert (demand.unit, demand.due_at is not None) == (TOWN, True)
    await expect(page.locator("main")).to_contain_text("没有待派单的诉求")


async def test_a_case_that_was_returned_twice_is_with_the_coordinator_who_sends_it_to_the_right_unit(
    at_desk: OpenPage, city: City
):
    case = await city.raises()
    for person, unit, reason in ((CLERK, TOWN, "属镇管道路"), (TOWN_CLERK, "nh-education", "学校门前道路")):
        page = await at_desk(person, f"/desk/cases/{case}/return")
        await page.get_by_label("应由哪个单位办理").select_option(unit)
        await page.get_by_label("原因").fill(reason)
        await send(page, "退单")
    assert (await city.demand(case)).unit == COORDINATOR
    page = await at_desk(DISPATCHER)
    await page.get_by_role("link", name=re.compile("退回来的")).click()
    await expect(page.locator("main")).to_contain_text("退单2次")
    await page.locator("main table").get_by_role("link", name="村口路面塌陷").click()
    for words in ("属镇管道路", "学校门前道路", "陈晓岚", "黄文静"):
        await expect(page.locator(".timeline")).to_contain_text(words)
    await expect(page.locator(f'.command-panel a[href="/desk/cases/{case}/return"]')).to_have_count(0)
    await command(page, "派单")
    await page.get_by_label("承办单位").select_option("nh-transport")
    await send(page, "派单")
    assert (await city.demand(case)).unit == "nh-transport"


async def test_a_leader_sees_what_is_overdue_below_and_where(at_desk: OpenPage, city: City):
    late, later = await city.raises(title="拖了十天的路"), await city.raises(title="拖了两天的路")
    await city.routed(late, -10)
    await city.routed(later, -2)
    await city.routed(await city.raises(title="还早的路"), 20)
    page = await at_desk(LEADER)
    await page.get_by_role("link", name="总览").click()
    oldest = page.locator("main table").last
    await expect(oldest.get_by_role("link")).to_contain_text(["拖了十天的路", "拖了两天的路"])
    await expect(oldest).not_to_contain_text("还早的路")
    row = page.locator("main table").first.get_by_role("row", name=re.compile("桂一社区驻点直联工作站"))
    await expect(row.get_by_role("cell").nth(0)).to_have_text("3")
    await expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    await oldest.get_by_role("link", name="拖了十天的路").click()
    await expect(page.locator("main")).to_contain_text("逾期")


@BOTH
async def test_the_second_of_two_people_is_told_what_changed_and_loses_no_word(
    at_desk: OpenPage, city: City, javascript: bool
):
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))
    clerk = await at_desk(CLERK, f"/desk/cases/{case}/progress", PHONE, javascript)
    head = await at_desk(HEAD, f"/desk/cases/{case}/progress", DESK, javascript)
    await clerk.get_by_label("办理进展").fill("下午开工")
    await head.get_by_label("办理进展").fill("材料已到场")
    await send(head, "记录进展")
    await clerk.locator("main form").get_by_role("button", name="记录进展").click()
    await expect(clerk.locator(".notice")).to_contain_text("有了新变化")
    await expect(clerk.locator(".notice")).to_contain_text("材料已到场")
    await expect(clerk.locator(".notice")).to_contain_text("李志强")
    await expect(clerk.get_by_label("办理进展")).to_have_value("下午开工")
    assert (await city.facts(case)).count("progressed") == 1
    await send(clerk, "记录进展")
    assert (await city.facts(case)).count("progressed") == 2
    assert (await city.demand(case)).unit == STATION
