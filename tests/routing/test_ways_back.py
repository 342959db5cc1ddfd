"""A case links back to the list that it was opened from, and its printed sheet has all that an office signs."""

import csv
import html
import io
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.intake.vault.contact import Contact
from services.intake.vault.persons import correspondents
from services.intake.vault.queries import put_correspondents
from services.intake.vault.sealing import Vault
from services.routing.web import triage_pages
from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.city import AUDITOR, CLERK, DISPATCHER, EDUCATION, LEADER, STATION, City
from tests.keys import KEYS
from tests.routing.visitor import Visitor, visitor, words_of

ACCEPTED = f.DemandAccepted(by="陈晓岚")
CONTACTED = f.DemandContacted(by="陈晓岚", reached=True, note="已致电，约周三查看")
RESOLVED = f.DemandResolved(by="陈晓岚", result="已铺好沥青")


@pytest.fixture
async def clerk(city: City) -> AsyncIterator[Visitor]:
    async with visitor(city, CLERK) as opened:
        yield opened


def linked(page: str, words: str) -> str:
    """The address of the first link with this text."""
    (href, *_) = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>(?:<bdi>)?{re.escape(words)}<', page)
    return html.unescape(href)


async def test_a_case_links_back_to_the_list_with_its_filters(city: City, clerk: Visitor):
    await city.raises(title="村口路面塌陷")
    response = await clerk.open("/desk?list=unsigned&text=塌陷&sort=age")
    case = await clerk.open(linked(response.text, "村口路面塌陷"))
    back = await clerk.open(linked(case.text, "返回待办"))
    assert dict(back.url.params) == {"list": "unsigned", "text": "塌陷", "sort": "age"}


async def test_another_list_keeps_the_filters_and_the_order(city: City, clerk: Visitor):
    await city.raises(title="村口路面塌陷")
    filters = "text=塌陷&category=road-damage&handler=陈晓岚&due_from=2026-01-01&sort=age"
    listed = await clerk.open(f"/desk?list=unsigned&{filters}")
    (href,) = set(re.findall(r'href="(/desk\?list=overdue[^"]*)"', listed.text))
    assert dict(httpx.URL(html.unescape(href)).params) == {"list": "overdue", **dict(httpx.QueryParams(filters))}
    assert '<input type="hidden" name="handler" value="陈晓岚">' in listed.text


async def test_signing_for_several_links_back_to_the_list_with_its_filters(city: City, clerk: Visitor):
    number = await city.raises(title="村口路面塌陷")
    signed = await clerk.send("/desk?list=unsigned&text=塌陷", "/desk/sign", number=number)
    back = await clerk.open(linked(signed.text, "返回待办"))
    assert dict(back.url.params) == {"list": "unsigned", "text": "塌陷", "sort": "due"}
    assert (await city.demand(number)).status == "accepted"


async def test_a_command_keeps_the_link_back(city: City, clerk: Visitor):
    number = await city.raises(title="村口路面塌陷")
    back = "/desk?list=unsigned"
    await clerk.send(f"/desk/cases/{number}?back={back}", f"/desk/cases/{number}/accept")
    form = f"/desk/cases/{number}/progress?back=%2Fdesk%3Flist%3Dunsigned"
    empty = await clerk.send(form, note="")
    assert linked(empty.text, number).endswith("?back=%2Fdesk%3Flist%3Dunsigned")
    response = await clerk.send(form, note="明天开工")
    assert (response.url.path, linked(response.text, "返回待办")) == (f"/desk/cases/{number}", back)


@pytest.mark.parametrize(
    ("person", "path", "words"),
    [
        (LEADER, "/desk/overview", "返回总览"),
        (LEADER, "/desk/overview/cases?unit=station-440605011001&list=overdue", "返回明细"),
        (CLERK, "/desk/done?text=塌陷", "返回已办"),
    ],
)
async def test_every_list_has_a_link_back(city: City, person: str, path: str, words: str):
    finished = await city.raises(title="村口路面塌陷")
    await city.tells(finished, ACCEPTED, RESOLVED)
    await city.routed(await city.raises(title="三巷路面塌陷"), days=-3)
    async with visitor(city, person) as browser:
        page = (await browser.open(path)).text
        title = "村口路面塌陷" if person == CLERK else "三巷路面塌陷"
        case = (await browser.open(linked(page, title))).text
        back = await browser.open(linked(case, words))
        assert title in back.text
        assert back.url.path == path.partition("?")[0]


async def test_a_case_never_links_back_to_another_site(city: City, clerk: Visitor):
    number = await city.raises()
    for back in ("https://evil.example/desk", "//evil.example", "/board", "/desk/../ops"):
        page = (await clerk.open(f"/desk/cases/{number}?back={back}")).text
        assert linked(page, "返回待办") == "/desk"


async def test_after_a_triage_decision_the_next_case_is_shown(city: City):
    first_case = await city.raises(category=None, text="不清楚归谁管")
    second_case = await city.raises(category=None, text="也不清楚")
    async with visitor(city, DISPATCHER) as dispatcher:
        response = await dispatcher.send("/desk/triage", f"/desk/cases/{first_case}/route", unit="nh-education")
        assert response.url.path == "/desk/triage"
        assert {"派单", first_case, second_case} <= set(words_of(response.text)) | set(
            re.findall(r"NH\d\d-\d{6}-\w", response.text)
        )
        assert f"/desk/cases/{first_case}/route" not in response.text
        noted = await dispatcher.send(f"/desk/cases/{second_case}/note?back=/desk/triage", text="等居委会回复")
        assert noted.url.path == f"/desk/cases/{second_case}"
        by_hand = f"/desk/cases/{second_case}/route?back=%2Fdesk%2Ftriage%3Fpath%3Dx%26self%3Dy"
        response = await dispatcher.send(by_hand, unit="nh-education")
        assert (response.status_code, response.url.path) == (200, "/desk/triage")


async def test_the_next_case_of_the_triage_is_on_the_same_page_of_the_list(city: City, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(triage_pages, "PAGE", 1)
    cases = [await city.raises(category=None, text="不清楚归谁管") for _ in range(3)]
    async with visitor(city, DISPATCHER) as dispatcher:
        first_page = (await dispatcher.open("/desk/triage")).text
        (second_page,) = re.findall(r'href="(/desk/triage\?after=[^"&]+)"', first_page)
        response = await dispatcher.send(second_page, f"/desk/cases/{cases[1]}/route", unit="nh-education")
        assert response.url.params["after"] == second_page.partition("after=")[2].replace("%3D", "=")
        assert f"/desk/cases/{cases[2]}/route" in response.text


async def test_a_case_is_merged_into_a_similar_one_without_typing_its_number(city: City, clerk: Visitor):
    case, other = await city.raises(title="村口路面塌陷"), await city.raises(title="村口路塌了")
    await city.tells(case, ACCEPTED)
    page = (await clerk.open(f"/desk/cases/{case}")).text
    form = linked(page, "并入此件")
    assert f'value="{other}"' in (await clerk.open(form)).text
    merged = await clerk.send(form, into=other, reason="同一处")
    assert (merged.status_code, (await city.demand(case)).parent_number) == (200, other)


async def test_a_revealed_telephone_is_a_link_to_call(city: City, clerk: Visitor):
    number = await city.raises(contact={"name": "邹某某", "phone": "13800138000"})
    await city.tells(number, ACCEPTED)
    path = f"/desk/cases/{number}"
    case = (await clerk.open(path)).text
    assert f'action="{path}/contact-details#contact"' in case, "the answer opens at the number, not at the top"
    assert '<button name="why" value="联系群众了解情况">' in case, "a usual reason needs no typing"
    shown = await clerk.send(path, f"{path}/contact-details", why="联系群众了解情况")
    assert 'href="tel:13800138000"' in shown.text
    assert linked(shown.text, "登记联系情况") == f"{path}/contact"
    form = (await clerk.open(f"{path}/contact")).text
    assert linked(form, "还没打电话？先查看联系方式") == f"{path}#contact"


async def test_a_command_that_the_case_does_not_allow_leads_back_to_the_case(city: City, clerk: Visitor):
    number = await city.raises()
    refused = await clerk.open(f"/desk/cases/{number.lower()}/resume")
    assert refused.status_code == 409
    assert linked(refused.text, "返回这件诉求") == f"/desk/cases/{number}"
    assert "现在不能“恢复计时”：这件诉求现在是" in refused.text
    not_theirs = await clerk.open(f"/desk/cases/{number}/grant-extension")
    assert not_theirs.status_code == 403
    assert "状态" not in not_theirs.text, "it says who may, not that the case changed"
    gone = await clerk.open("/desk/cases/NH26-999999-9/grant-extension")
    assert linked(gone.text, "返回待办") == "/desk"


async def two_of_one_citizen(city: City) -> tuple[str, str]:
    """Raise two demands of one citizen, who got a message about the second."""
    contact = {"name": "邹某某", "phone": "13800138000"}
    number, other = await city.raises(contact=contact), await city.raises(contact=contact)
    hashes = correspondents(Vault.of(KEYS["vault_key"], "", KEYS["secret"]), Contact.model_validate(contact))
    async with city.loop.pools[Service.INTAKE].acquire() as db:
        await put_correspondents(db, [(hashe, (await city.demand(other)).id) for hashe in hashes], now())
    return number, other


async def test_a_demand_opened_beside_the_contact_links_back_to_the_call(city: City):
    number, other = await two_of_one_citizen(city)
    await city.tells(number, ACCEPTED, CONTACTED, RESOLVED)
    path = f"/desk/call-backs/{number}"
    async with visitor(city, DISPATCHER) as caller:
        await caller.send(path, f"{path}/start")
        shown = await caller.send(path, f"{path}/contact-details", why="回访核实办理结果")
        card = shown.text.partition('id="contact"')[2].partition("</section>")[0]
        case = (await caller.open(linked(card, other))).text
    assert linked(case, "返回回访") == path


async def test_other_demands_of_the_citizen_are_listed_beside_the_contact(city: City, clerk: Visitor):
    number, other = await two_of_one_citizen(city)
    path = f"/desk/cases/{number}"
    shown = await clerk.send(f"{path}?back=/desk?list=mine", f"{path}/contact-details", why="联系群众核实")
    card = shown.text.partition('id="contact"')[2].partition("</section>")[0]
    assert "这位群众的其他诉求" in words_of(card), "it was raised later"
    assert linked(card, other) == f"/desk/cases/{other}?back=%2Fdesk%3Flist%3Dmine"


async def test_an_error_names_its_field_and_keeps_the_input(city: City, clerk: Visitor):
    number = await city.raises()
    await city.tells(number, ACCEPTED)
    form = f"/desk/cases/{number}/request-extension"
    words = words_of((await clerk.send(form, working_days="", reason="等沥青")).text)
    assert words.count("请填写“延长几个工作日”") == 2
    assert "等沥青" in words
    words = words_of((await clerk.send(form, working_days="很多", reason="")).text)
    assert {"延长几个工作日：应为整数", "请填写“申请理由”"} <= set(words)
    help_asked = words_of((await clerk.send(f"/desk/cases/{number}/request-assistance", reason="需要图纸")).text)
    assert "请选择“请哪个单位协办”" in help_asked


async def test_the_sheet_of_a_case_has_known_values_and_no_empty_rows(city: City, clerk: Visitor):
    number = await city.raises(title="村口路面塌陷", text="下雨后塌了一块", contact={"phone": "13800138000"})
    early = (await clerk.open(f"/desk/cases/{number}/sheet")).text
    assert "佛山市南海区群众诉求承办单" in early
    for words in ("办理结果", "群众评价", "签收时间", "经办人</dt>", "<dd><bdi></bdi></dd>", "13800138000"):
        assert words not in early
    await city.tells(number, ACCEPTED, CONTACTED, RESOLVED)
    words = words_of((await clerk.open(f"/desk/cases/{number}/sheet")).text)
    assert {number, "下雨后塌了一块", "已致电，约周三查看", "办理结果", "已铺好沥青", "签收时间"} <= set(words)
    signed = [word for word in words if word.endswith("：") and "人" in word]
    assert signed == ["经办人：", "审核人：", "签发人（单位盖章）："]
    assert "Handler:" in words_of((await clerk.open(f"/desk/cases/{number}/sheet?lang=en")).text)


async def test_every_step_of_a_case_can_be_printed_and_exported_as_evidence(city: City):
    number = await city.raises(contact={"phone": "13800138000"})
    note = f.DemandNoted(by="陈晓岚", unit=STATION, text="=1+1")
    await city.tells(number, ACCEPTED, CONTACTED, RESOLVED, note)
    async with visitor(city, AUDITOR) as auditor:
        page = (await auditor.open(linked((await auditor.open(f"/desk/cases/{number}")).text, "打印、导出"))).text
        steps = (await auditor.open(linked(page, "全部过程"))).text
        table = await auditor.open(linked(steps, "下载全部过程（表格）"))
    times = [steps.index(f">{words}<") for words in ("派单", "签收", "联系群众", "办结", "内部备注")]
    assert times == sorted(times), "from the first to the last"
    assert ("内部备注" in page, "签发人" in page, "签发人" in steps) == (False, True, False)
    assert "今天" not in steps, "a paper is read on another day"
    header, *rows = csv.reader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert header[:3] == ["时间", "事项", "谁"]
    assert [row[1] for row in rows] == ["派单", "签收", "联系群众", "办结", "内部备注"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", rows[0][4]), "when the answer is due"
    assert rows[-1][3] == "'=1+1", "no formula"


async def test_the_sheet_of_a_declined_demand_says_why_and_where_to_go(city: City, clerk: Visitor):
    number = await city.raises()
    declined = f.DemandDeclined(by="陈晓岚", reason="接送点在邻区", legal_basis="属地管理", instead="荔湾区 12345")
    await city.tells(number, ACCEPTED, declined)
    words = "\n".join(words_of((await clerk.open(f"/desk/cases/{number}/sheet")).text))
    assert "不予受理：接送点在邻区\n依据：属地管理\n请到：荔湾区 12345" in words


async def test_an_earlier_answer_is_not_on_the_sheet_of_a_reopened_case(city: City, clerk: Visitor):
    number = await city.raises()
    await city.tells(number, ACCEPTED, RESOLVED)
    await city.tells(number, f.DemandReopened(reason="下雨又塌了", rating=1), service=Service.FEEDBACK)
    page = (await clerk.open(f"/desk/cases/{number}/sheet")).text
    assert ("办理结果" in page, "下雨又塌了" in page) == (False, True)


async def test_the_sheet_is_only_for_those_who_may_read_the_case(city: City):
    number = await city.raises()
    async with visitor(city, EDUCATION) as elsewhere:
        assert (await elsewhere.open(f"/desk/cases/{number}/sheet")).status_code == 404
