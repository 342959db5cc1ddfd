"""The pages of the desk over HTTP: their forms, refusals and texts."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.routing.web import case_pages
from services.routing.web.command_forms import FORMS, bounds
from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from shared.contracts.numbers import number
from shared.identity.demo import demo_people
from tests.city import AUDITOR, CLERK, DISPATCHER, EDUCATION, LEADER, PACK, TOWN_CLERK, TOWN_HEAD, City
from tests.intake.test_attachments import picture
from tests.packs import shipped
from tests.routing.visitor import Visitor, visitor, words_of

NAMED = re.compile(r'href="/desk/cases/[^"/]+/([a-z-]+)"')
"""The commands that a page links to."""
CONTACT = {"name": "邹某某", "phone": "13800138000"}


@pytest.fixture
async def clerk(city: City) -> AsyncIterator[Visitor]:
    """A clerk of a village's station, signed in."""
    async with visitor(city, CLERK) as opened:
        yield opened


def is_page(answer: httpx.Response, status: int) -> bool:
    """Whether it is a complete page with navigation, and no problem document."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/desk' in answer.text
    return True


@pytest.mark.parametrize("path", ["/desk", "/desk/triage", "/desk/overview", "/desk/cases/NH26-000001-4/accept"])
async def test_a_signed_out_person_is_redirected_to_the_sign_in_and_back(city: City, path: str):
    async with visitor(city) as signed_out:
        answer = await signed_out.open(path)
        assert (answer.url.path, answer.url.params["next"]) == ("/sign-in", path)
        back = await signed_out.client.post("/sign-in/demo", data={"person": DISPATCHER, "next": path})
    assert back.url.path == path


async def test_a_form_without_the_csrf_token_is_refused_with_a_page_and_does_nothing(city: City, clerk: Visitor):
    case = await city.raises()
    path = f"/desk/cases/{case}/accept"
    for fields in ({}, {"csrf": "0" * 64}):
        assert is_page(await clerk.client.post(path, data=fields), 403)
        assert is_page(await clerk.client.post("/desk/sign", data=fields | {"number": case}), 403)
    assert await city.facts(case) == ["routed"]


async def test_unknown_numbers_commands_and_addresses_get_a_page_with_navigation(city: City, clerk: Visitor):
    case = await city.raises()
    unknown = number("NH", 2026, 999_999)
    assert is_page(await clerk.open(f"/desk/cases/{unknown}"), 404)
    assert is_page(await clerk.open("/desk/cases/x"), 404)
    assert is_page(await clerk.open(f"/desk/cases/{case}/dance"), 404)
    assert is_page(await clerk.open("/desk?list=everything"), 422)
    assert is_page(await clerk.open("/desk?overdue=true"), 422)
    assert is_page(await clerk.open("/desk?after=xyz"), 422)
    hidden = await clerk.hidden(f"/desk/cases/{case}", f"/desk/cases/{case}/accept")
    assert is_page(await clerk.client.post(f"/desk/cases/{case}/dance", data=hidden), 404)
    assert is_page(await clerk.client.post(f"/desk/cases/{unknown}/accept", data=hidden), 404)


async def test_a_case_of_another_unit_is_not_found(city: City):
    case = await city.raises()
    async with visitor(city, EDUCATION) as elsewhere:
        assert is_page(await elsewhere.open(f"/desk/cases/{case}"), 404)
        assert case not in (await elsewhere.open("/desk")).text


async def test_the_triage_and_the_overview_are_refused_to_a_clerk_with_the_reason(city: City, clerk: Visitor):
    refused = await clerk.open("/desk/triage")
    assert is_page(refused, 403)
    assert "仅统筹单位可以查看" in refused.text
    assert is_page(await clerk.open("/desk/overview?lang=en"), 403)


async def test_a_command_without_the_right_is_neither_offered_nor_accepted(city: City):
    case = await city.raises()
    async with visitor(city, TOWN_CLERK) as helper:
        page = (await helper.open(f"/desk/cases/{case}")).text
        assert f"/desk/cases/{case}/resolve" not in page
        not_theirs = await helper.open(f"/desk/cases/{case}/resolve")
        assert is_page(not_theirs, 403)
        assert "请联系主办单位桂一社区驻点直联工作站。" in not_theirs.text, "it says whom to ask, by name"
        hidden = await helper.hidden(f"/desk/cases/{case}/note")
        refused = await helper.client.post(f"/desk/cases/{case}/resolve", data=hidden | {"result": "x"})
    assert is_page(refused, 403)
    assert await city.facts(case) == ["routed"]


async def test_the_second_of_two_people_keeps_the_input_and_sees_what_happened(city: City, clerk: Visitor):
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))
    path = f"/desk/cases/{case}/progress"
    hidden = await clerk.hidden(path)
    await city.tells(case, f.DemandProgressed(by="李志强", note="材料已到场"))
    stale = await clerk.client.post(path, data=hidden | {"note": "明天开工", "evidence": "照片1"})
    assert is_page(stale, 412)
    words = words_of(stale.text)
    assert {"明天开工", "照片1", "材料已到场", "记录进展"} <= set(words)
    assert (await city.facts(case)).count("progressed") == 1
    hidden_fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', stale.text))
    answer = await clerk.client.post(path, data=hidden_fields | {"note": "明天开工"})
    assert (answer.status_code, (await city.facts(case)).count("progressed")) == (200, 2)


async def test_a_form_that_is_sent_twice_is_executed_once(city: City, clerk: Visitor):
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))
    path = f"/desk/cases/{case}/progress"
    sent = await clerk.hidden(path) | {"note": "明天开工"}
    for _ in range(2):
        answer = await clerk.client.post(path, data=sent)
        assert (answer.status_code, answer.url.path) == (200, f"/desk/cases/{case}")
    assert (await city.facts(case)).count("progressed") == 1


async def test_signing_for_several_at_once_shows_a_result_for_each(city: City, clerk: Visitor):
    mine, taken = await city.raises(), await city.raises()
    hidden = await clerk.hidden("/desk", "/desk/sign")
    await city.tells(taken, f.DemandAccepted(by="李志强"))
    for _ in range(2):
        answer = await clerk.client.post("/desk/sign", data={**hidden, "number": [mine, taken]})
        words = words_of(answer.text)
        assert words[words.index(mine) + 1] == "已签收"
        assert words[words.index(taken) + 1] != "已签收"
    assert (await city.facts(mine)).count("accepted") == 1


async def test_refused_input_is_shown_again_with_its_error(city: City, clerk: Visitor):
    case = await city.raises()
    path = f"/desk/cases/{case}/return"
    incomplete = await clerk.send(path, suggested_unit="", reason="不属本单位职责")
    assert is_page(incomplete, 422)
    assert "不属本单位职责" in words_of(incomplete.text)
    assert 'href="#suggested_unit"' in incomplete.text
    unknown_unit = await clerk.send(path, suggested_unit="", reason="不属本单位职责", entries="²")
    assert is_page(unknown_unit, 422)
    assert await city.facts(case) == ["routed"]


async def test_a_form_shows_the_citizens_text_and_the_steps_so_far(city: City, clerk: Visitor):
    case = await city.raises(text="井盖松动，夜里很响", title="井盖")
    await city.tells(case, f.DemandAccepted(by="陈晓岚"), f.DemandContacted(by="陈晓岚", note="约周三查看"))
    await city.tells(case, f.DemandSupplemented(text="旁边还有一个坑"), service=Service.INTAKE)
    for name in ("resolve", "return", "decline"):
        words = words_of((await clerk.open(f"/desk/cases/{case}/{name}")).text)
        assert {"井盖松动，夜里很响", "旁边还有一个坑", "约周三查看"} <= set(words), name


async def test_a_case_offers_four_usual_commands_first_and_calling_before_answering(city: City, clerk: Visitor):
    case = await city.raises(contact=CONTACT)
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))

    async def offered() -> tuple[list[str], list[str]]:
        page = (await clerk.open(f"/desk/cases/{case}")).text
        panel = page[page.index('class="command-panel"') :].partition("</section>")[0]
        first, _, more = panel.partition("<details>")
        return NAMED.findall(first), NAMED.findall(more)

    first, more = await offered()
    assert first == ["contact", "progress", "resolve", "request-extension"]
    assert {"return", "pause", "attach", "request-assistance"} <= set(more)
    await city.tells(case, f.DemandContacted(by="陈晓岚"))
    assert (await offered())[0] == ["resolve", "contact", "progress", "request-extension"]


async def test_a_stopped_clock_is_shown_once_beside_the_status(city: City, clerk: Visitor):
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"), f.DemandPaused(by="陈晓岚", reason="weather"))
    row = (await clerk.open("/desk?list=paused")).text.partition(f'href="/desk/cases/{case}?')[2].partition("</tr>")[0]
    assert row.count("暂停计时") == 1
    assert "已签收" in row
    head = (await clerk.open(f"/desk/cases/{case}")).text.partition('class="case-line"')[2].partition("</p>")[0]
    assert head.count("暂停计时") == 1


async def test_the_form_of_urgency_begins_with_the_present_value(city: City, clerk: Visitor):
    case = await city.raises()
    path = f"/desk/cases/{case}/prioritize"
    await city.tells(case, f.DemandPrioritized(by="何", urgency=f.Urgency.URGENT, vulnerable=True, reason="x"))
    form = (await clerk.open(path)).text
    assert re.search(r'<option value="urgent" selected', form)
    assert re.search(r'id="vulnerable"[^>]* checked', form)
    response = await clerk.send(path, urgency="critical", vulnerable="yes", reason="路面塌陷扩大")
    assert (response.status_code, (await city.demand(case)).urgency) == (200, f.Urgency.CRITICAL)
    lower = await clerk.send(path, urgency="ordinary", vulnerable="yes", reason="x")
    assert is_page(lower, 409)
    assert "不能自行办理" in lower.text


def test_a_field_accepts_the_same_length_as_its_command():
    bounds_by_command = {
        name: {field.name: bounds(name, field.name) for field in inputs} for name, inputs in FORMS.items()
    }
    assert bounds_by_command["assign"]["handler"] == {"maxlength": 100}
    assert bounds_by_command["decline"]["instead"] == {"maxlength": 1000}
    assert bounds_by_command["list"]["project"] == {"maxlength": 200}
    assert bounds_by_command["extend"]["working_days"] == {"min": 1, "max": 250}
    assert bounds_by_command["pause"]["days"] == {"min": 1, "max": 366}
    typed = [(name, field) for name, inputs in FORMS.items() for field in inputs if field.kind in ("text", "textarea")]
    assert [
        f"{name} {field.name}" for name, field in typed if "maxlength" not in bounds_by_command[name][field.name]
    ] == []


async def test_the_bounds_of_a_field_are_in_its_form(city: City, clerk: Visitor):
    case = await city.raises()
    page = (await clerk.open(f"/desk/cases/{case}/return")).text
    assert re.search(r'<textarea id="reason"[^>]*maxlength="1000"', page)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_refused_page_keeps_the_navigation(city: City, clerk: Visitor, lang: str):
    for path in ("/desk/triage", "/desk/cases/NH26-999999-9", "/desk?list=everything"):
        refused = await clerk.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert 'class="main-nav"' in refused.text, path
        assert "陈晓岚" in refused.text
        assert 'action="/sign-out' in refused.text
    without_token = await clerk.client.post("/desk/sign", data={})
    assert (without_token.status_code, 'class="main-nav"' in without_token.text) == (403, True)


async def test_a_long_navigation_shows_the_daily_pages_and_hides_the_others_behind_a_menu(city: City, clerk: Visitor):
    def shown(page: httpx.Response) -> tuple[list[str], list[str]]:
        """The texts of the visible links, and of those behind 更多."""
        navigation = page.text.partition('class="main-nav"')[2].partition("</nav>")[0]
        first, _, more = navigation.partition('<details class="more-nav">')
        linked = re.compile(r"<a [^>]*>([^<]+)</a>")
        return linked.findall(first), linked.findall(more)

    assert shown(await clerk.open("/desk"))[1] == []
    async with visitor(city, DISPATCHER) as dispatcher:
        first, more = shown(await dispatcher.open("/desk"))
        assert (first[:2], "总览" in first, {"已办", "消息", "公示数据"} <= set(more)) == (["待办", "派单"], True, True)
        at_done = await dispatcher.open("/desk/done")
        assert shown(at_done) == ([*first, "已办"], [word for word in more if word != "已办"])
        assert re.search(r'aria-current="page">已办<', at_done.text)


async def test_the_sign_in_shows_errors_on_a_page(city: City):
    async with visitor(city) as signed_out:
        for path in ("/sign-in?lang=xx", "/sign-in?colour=red", f"/sign-in?next={'x' * 3000}"):
            answer = await signed_out.open(path)
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (422, "text/html"), path
            assert 'href="/sign-in"' in answer.text
        english = await signed_out.client.post("/sign-in/demo?lang=en", data={"person": "nobody"})
        assert english.status_code == 404
        assert "there is nobody of this name" in english.text
        assert 'href="/sign-in?lang=en"' in english.text


async def test_a_mistyped_number_is_an_error_beside_its_field(city: City, clerk: Visitor):
    case = await city.raises()
    wrong = await clerk.send(f"/desk/cases/{case}/merge", into="NH26-999999-9", reason="同一处")
    assert is_page(wrong, 404)
    assert 'href="#into"' in wrong.text


async def test_a_long_answer_fits_into_a_form(city: City, clerk: Visitor):
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))
    long = "修" * 4000
    answer = await clerk.send(f"/desk/cases/{case}/resolve", result=long, summary=long, evidence="", not_contacted="")
    assert is_page(answer, 200)
    assert "resolved" in await city.facts(case)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_fault_is_shown_as_a_page(city: City, clerk: Visitor, monkeypatch: pytest.MonkeyPatch, lang: str):
    case = await city.raises()

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(case_pages, "open_case", broken)
    answer = await clerk.open(f"/desk/cases/{case}?lang={lang}")
    assert is_page(answer, 500)
    assert ("系统出错了" if lang == "zh" else "Something went wrong") in answer.text
    assert "ZeroDivisionError" not in answer.text


async def test_an_incomplete_form_is_answered_with_a_page(city: City, clerk: Visitor):
    case = await city.raises()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await clerk.client.post(f"/desk/cases/{case}/accept", content=b"--y\r\nbroken", headers=headers)
    assert is_page(answer, 400) if answer.status_code == 400 else is_page(answer, 422)


async def test_personal_data_is_shown_only_with_a_reason_and_the_access_is_recorded(city: City, clerk: Visitor):
    case = await city.raises(contact=CONTACT)
    path, action = f"/desk/cases/{case}", f"/desk/cases/{case}/contact-details"
    assert CONTACT["phone"] not in (await clerk.open(path)).text
    without = await clerk.send(path, action, why=" ")
    assert is_page(without, 422)
    assert 'aria-describedby="why-hint why-error"' in without.text
    assert CONTACT["phone"] not in without.text
    shown = await clerk.send(path, action, why="约定现场查看时间")
    assert is_page(shown, 200)
    assert {CONTACT["name"], CONTACT["phone"]} <= set(words_of(shown.text))
    await city.loop.turn()
    page = await clerk.open(path)
    assert CONTACT["phone"] not in page.text
    assert "查阅个人信息" in page.text
    assert "约定现场查看时间" in page.text
    assert is_page(await clerk.open(action), 404)


async def test_files_of_a_case_can_be_read_only_by_those_who_may_read_it(city: City, clerk: Visitor):
    reference, another = await city.uploads(picture("PNG")), await city.uploads(picture("JPEG"))
    case = await city.raises(attachments=[reference])
    await city.raises(attachments=[another])
    path = f"/desk/cases/{case}/files"
    assert f'href="{path}/{reference}"' in (await clerk.open(f"/desk/cases/{case}")).text
    file = await clerk.client.get(f"{path}/{reference}")
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in file.headers["content-security-policy"]
    assert file.headers["content-disposition"].startswith("attachment")
    assert (await clerk.client.get(f"{path}/{another}")).status_code == 404, "of another case"
    async with visitor(city, EDUCATION) as stranger:
        assert (await stranger.client.get(f"{path}/{reference}")).status_code == 404


async def test_personal_data_is_hidden_from_staff_without_the_right(city: City):
    case = await city.raises(contact=CONTACT)
    path = f"/desk/cases/{case}"
    for person in (TOWN_HEAD, LEADER, AUDITOR):
        async with visitor(city, person) as other:
            assert "contact-details" not in (await other.open(path)).text
            hidden = await other.hidden(path, "/sign-out")
            refused = await other.client.post(f"{path}/contact-details", data=hidden | {"why": "约定现场查看时间"})
            assert is_page(refused, 403)
            assert CONTACT["phone"] not in refused.text


CODES = re.compile(r"PDF|NH\d\d-\d{6}-\w|(?<!\w)[A-Za-z]+@[0-9a-f]+")
FOREIGN = {"zh": re.compile(r"[A-Za-z]{2,}[-\w@:.]*"), "en": re.compile(r"[\u4e00-\u9fff]+")}
OURS = {"English", "中文"}
"""The link to the other language is written in that language."""


def foreign_words(html: str, lang: str) -> list[str]:
    """The texts of a page in the other language, except names of people and offices."""
    names = [unit.name for unit in PACK.units] + [division.name for division in PACK.divisions]
    names += [team.name for team in PACK.teams] + [person.person.name for person in demo_people(shipped())] + ["甲"]
    text = "\n".join(word for word in words_of(html) if word not in OURS)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return FOREIGN[lang].findall(CODES.sub(" ", text))


async def eventful(city: City) -> list[str]:
    """The numbers of cases with everything that a page can show."""
    station, town = "station-440605011001", "town-440605011000"
    due_at = now() + timedelta(days=3)
    case, parent, waits = await city.raises(title="甲", contact=CONTACT), await city.raises(title="甲"), ""
    waits = await city.raises(title="甲", category=None)
    await city.tells(
        case,
        f.DemandAccepted(by="陈晓岚"),
        f.DemandContacted(by="陈晓岚", note="甲", reached=False),
        f.AssistanceAccepted(by="黄文静", unit=town),
        f.AssistanceReported(by="黄文静", unit=town, note="甲"),
        f.DemandPrioritized(by="陈晓岚", urgency=f.Urgency.URGENT, vulnerable=True, reason="甲"),
        f.ExtensionRequested(by="陈晓岚", unit=station, working_days=2, due_at=due_at, reason="甲", decider=town),
        f.DemandExtended(by="何国华", approved_by="何国华", working_days=2, reason="甲", due_at=due_at),
        f.DemandPaused(by="陈晓岚", reason="weather"),
        f.DemandResumed(by=None),
        f.DemandListed(level="village", reason="甲", by="陈晓岚"),
        f.DeadlineMissed(due_at=due_at, unit=station),
        f.DemandEscalated(to=town, reason="甲", stage=f.Stage.RESOLVE, leader="梁永康"),
        f.EvidenceAttached(by="陈晓岚", unit=station, evidence=("甲",)),
        f.DemandReturned(by="陈晓岚", reason="甲", suggested_unit=town),
    )
    child = await city.raises(title="甲")
    await city.tells(child, f.DemandMerged(parent=(await city.demand(parent)).id, parent_number=parent, reason="甲"))
    return [case, parent, waits, child]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_pages_speak_one_language(city: City, lang: str):
    cases = await eventful(city)
    async with visitor(city, DISPATCHER) as dispatcher:
        action = f"/desk/cases/{cases[0]}/contact-details"
        await dispatcher.send(f"/desk/cases/{cases[0]}", action, why="甲甲甲甲")
        await city.loop.turn()
        paths = ["/desk", "/desk/triage", "/desk/overview", "/desk/cases/NH26-999999-9", "/desk?text=甲"]
        paths += [f"/desk/cases/{case}" for case in cases]
        foreign = {}
        for path in paths:
            page = await dispatcher.open(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            foreign[path] = foreign_words(page.text, lang)
        for name in FORMS:
            page = await dispatcher.open(f"/desk/cases/{cases[0]}/{name}?lang={lang}")
            foreign[name] = foreign_words(page.text, lang)
    assert {path: words for path, words in foreign.items() if words} == {}
