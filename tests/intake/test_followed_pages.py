"""The page of a demand: the person who raised it reads everything and can add to it, a supporter reads what was
released."""

import json
import re
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from services.intake.notes.domain import SUPPLEMENT
from services.intake.tracking.details import DetailsReader
from services.intake.web.follow_conversation import TO_SUPPORTERS
from services.intake.web.follow_lookup import FollowLookup
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service, Status
from shared.identity.citizen_links import BrokenLink, LinkHolder
from tests.city import City
from tests.intake.portal_visitor import LINKS, PortalVisitor, link, visiting
from tests.intake.test_attachments import picture
from tests.keys import KEYS
from tests.packs import shipped

PROGRESS = f.DemandProgressed(by="陈志强", note="已安排施工队", evidence=("验收单",))
RESOLVED = f.DemandResolved(by="陈志强", result="路面已修复，请放心通行", summary="道路已修复", evidence=("验收单",))
REPORT = {"kind": "report"}


@pytest.fixture
async def visitor(city: City) -> Any:
    async with visiting(city) as opened:
        yield opened


async def worked_on(city: City, *facts: f.Fact, **changes: Any) -> str:
    """Raise a demand, let its unit sign for it, record these facts, and return its number."""
    number = await city.raises(**changes)
    await city.routed(number, 10)
    await city.tells(number, f.DemandAccepted(by="陈志强"), *facts)
    return number


def in_order(page: str, *words: str) -> bool:
    """Whether these texts are on the page in this order."""
    places = [page.find(word) for word in words]
    return -1 not in places and places == sorted(places)


async def notes(city: City, kind: str) -> list[str]:
    """The facts of one kind in intake's journal, such as `supplemented`."""
    rows = await city.loop.pools[Service.INTAKE].fetch(
        "SELECT payload FROM journal WHERE type = $1 ORDER BY position", f"demand.{kind}.v1"
    )
    return [row["payload"] for row in rows]


async def test_the_page_shows_the_status_the_unit_and_the_due_time(city: City, visitor: PortalVisitor):
    number = await city.raises(text="下雨就积水")
    await city.routed(number, 10)
    zh, en = await visitor.see(await link(city, number)), await visitor.see(await link(city, number), lang="en")
    assert "no-store" in zh.headers["cache-control"]
    for words in (number, "村口路面塌陷", "下雨就积水", "已交由", "个工作日", "前答复", "接下来由"):
        assert words in zh.text
    for words in ("Given to", "working day", "Next", "Ask to hurry", "Take the demand back"):
        assert words in en.text
    assert "<script" not in zh.text


async def test_the_page_shows_the_whole_history_in_plain_words(city: City, visitor: PortalVisitor):
    number = await worked_on(city, text="下雨就积水")
    path = await link(city, number)
    assert (await visitor.send(path, f"{path}/add", text="今天又塌了一块")).status_code == 200
    await city.tells(
        number,
        f.DemandContacted(by="陈志强", note="约周三看现场", reached=False),
        f.DemandExtended(due_at=now() + timedelta(days=20), reason="需现场勘测", approved_by="黄主任"),
        f.DemandPaused(by="陈志强", reason="weather", note="台风登陆", until=now() + timedelta(days=3)),
        f.DemandResumed(due_at=now() + timedelta(days=25)),
        f.DemandReturned(by="陈志强", reason="由公路部门养护"),
    )
    page = (await visitor.see(path)).text
    assert in_order(
        page, "下雨就积水", "交由", "今天又塌了一块", "联系您未接通", "约周三看现场", "答复时间延长", "需现场勘测",
        "暂缓办理", "天气", "台风登陆", "最晚", "恢复办理", "应由其他单位办理，重新安排", "由公路部门养护",
    )  # fmt: skip
    assert not re.search("陈志强|黄主任|退单|签收|派单|附议|计时|None", page)


async def test_a_stopped_clock_is_shown(city: City, visitor: PortalVisitor):
    number = await worked_on(city, f.DemandPaused(by="陈志强", reason="weather", note="台风登陆"))
    page = (await visitor.see(await link(city, number))).text
    assert "暂缓办理，原因见下方" in page
    assert '<span class="due paused">' in page


async def test_the_answer_is_at_the_top_with_its_files_and_the_link_to_rate(city: City, visitor: PortalVisitor):
    number = await worked_on(city, PROGRESS)
    reference = await handed_in(city, number)
    await city.tells(number, RESOLVED.model_copy(update={"attachments": (reference,)}))
    path = await link(city, number)
    page = (await visitor.see(path)).text
    assert in_order(page, "已有答复", "/rate/", "路面已修复，请放心通行", "图片 1", "已安排施工队", "全文见上方")
    assert page.count("路面已修复，请放心通行") == 1
    assert "验收单" not in page
    file = await visitor.see(f"{path}/files/{reference}")
    assert (file.status_code, file.headers["content-type"]) == (200, "image/png")


async def handed_in(city: City, number: str) -> str:
    """The reference of a file of the demand, whoever uploaded it."""
    reference = await city.uploads(picture("PNG"))
    demand = await city.demand(number)
    await city.loop.pools[Service.INTAKE].execute(
        "UPDATE attachment SET demand_id = $1 WHERE reference = $2", demand.id, reference
    )
    return reference


async def test_files_can_be_opened_only_from_the_page_that_shows_them(city: City, visitor: PortalVisitor):
    own = await city.uploads(picture("JPEG"))
    number = await worked_on(city, attachments=[own])
    path, internal = await link(city, number), await handed_in(city, number)
    response = await visitor.see(f"{path}/files/{own}")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "no-store" in response.headers["cache-control"]
    assert (await visitor.see(f"{path}/files/{internal}")).status_code == 404, "units keep it for themselves"
    assert (await visitor.see(f"{await link(city, number, LinkHolder.SUPPORTER)}/files/{own}")).status_code == 403
    assert (await visitor.see(f"{await link(city, await city.raises())}/files/{own}")).status_code == 404
    await city.loop.pools[Service.INTAKE].execute("UPDATE attachment SET erased_at = now()")
    assert (await visitor.see(f"{path}/files/{own}")).status_code == 404
    assert "图片 1" not in (await visitor.see(path)).text


# --- adding to it -----------------------------------------------------------------------------------------


async def test_text_and_pictures_are_added_once_even_if_the_form_is_sent_again(city: City, visitor: PortalVisitor):
    number = await worked_on(city)
    path = await link(city, number)
    form = {"text": "早上七点最挤，电话13800138000", "key": "made-with-the-form"}
    files = {"photos": ("a.jpg", picture("JPEG"))}
    for _ in range(2):
        answer = await visitor.send(path, f"{path}/add", files=files, **form)
        assert (answer.status_code, "已收到您的补充" in answer.text) == (200, True)
    assert len(await notes(city, "supplemented")) == 1
    assert ("早上七点最挤，电话［手机号］" in answer.text, "图片 1" in answer.text) == (True, True)
    await visitor.send(path, f"{path}/add", **form | {"text": "晚上也挤"})
    assert len(await notes(city, "supplemented")) == 2, "the form was changed before it was sent again"


async def test_pictures_may_be_added_without_text(city: City, visitor: PortalVisitor):
    path = await link(city, await worked_on(city))
    answer = await visitor.send(path, f"{path}/add", files={"photos": ("a.png", picture("PNG"))}, text="")
    assert ("补充照片" in answer.text, "图片 1" in answer.text) == (True, True)


async def test_a_refused_addition_says_why_and_keeps_the_text(city: City, visitor: PortalVisitor):
    path = await link(city, await worked_on(city))
    empty = await visitor.send(path, f"{path}/add", text=" ")
    assert (empty.status_code, "请写下要补充的内容" in empty.text) == (422, True)
    words = "长" * (SUPPLEMENT + 1)
    long = await visitor.send(path, f"{path}/add", text=words)
    assert (long.status_code, words in long.text, "填写的内容太长" in long.text) == (422, True, True)
    page_path = await visitor.send(path, f"{path}/add", files={"photos": ("a.jpg", b"no picture")}, text="见照片")
    assert (page_path.status_code, "见照片" in page_path.text, 'id="photos-error"' in page_path.text) == (
        422,
        True,
        True,
    )
    assert await notes(city, "supplemented") == []


async def test_a_demand_can_be_urged_once_a_day(city: City, visitor: PortalVisitor):
    path = await link(city, await worked_on(city))
    answer = await visitor.send(path, f"{path}/urge")
    assert ("已催办，承办单位会看到" in answer.text, "一天内已催办过" in answer.text) == (True, True)
    assert f'action="{path}/urge"' not in answer.text
    assert len(await notes(city, "urged")) == 1


async def test_a_demand_is_withdrawn_after_a_confirmation(city: City, visitor: PortalVisitor):
    number = await worked_on(city)
    path = await link(city, number)
    assert "撤回后不再办理" in (await visitor.see(f"{path}/withdraw")).text
    answer = await visitor.send(f"{path}/withdraw", f"{path}/withdraw", reason="已经修好了")
    assert ("已收到您的撤回申请" in answer.text, f"{path}/withdraw" in answer.text) == (True, False)
    assert not re.search(f"{path}/(urge|support)", answer.text), "nobody hurries what is taken back"
    await city.loop.turn()
    page = (await visitor.see(path)).text
    assert in_order(page, "已撤回", "按您的要求，这件诉求不再办理", "已经修好了", "诉求已撤回")
    assert not re.search("不能再评价|同意办结后公开|停止接收", page), (
        "nothing of it is rated, published or told any more"
    )


async def test_a_supporter_is_recorded_with_a_telephone(city: City, visitor: PortalVisitor):
    path = await link(city, await worked_on(city))
    page = f"{path}/support"
    without = await visitor.send(page, page, name="陈先生", phone="无")
    assert (without.status_code, "请填写邻居的电话号码" in without.text, "陈先生" in without.text) == (
        422,
        True,
        True,
    )
    for key in ("1", "2"):
        answer = await visitor.send(page, page, name="陈先生", phone="13800138000", key=key)
        assert "已登记" in answer.text
    assert len(await notes(city, "supported")) == 1
    assert "13800138000" not in answer.text


async def test_an_action_that_comes_too_late_is_refused_with_a_reason(city: City, visitor: PortalVisitor):
    number = await worked_on(city)
    path = await link(city, number)
    await stands_at(city, number, Status.CLOSED)
    page = (await visitor.see(path)).text
    assert not re.search(r"/(add|urge|withdraw|support)\"", page)
    for action in ("add", "withdraw"):
        late = await visitor.send(f"{path}/withdraw", f"{path}/{action}", text="还没好")
        assert (late.status_code, "已办结归档，请重新提交诉求" in late.text) == (409, True), action


async def stands_at(city: City, number: str, status: Status) -> None:
    await city.loop.pools[Service.INTAKE].execute(
        "UPDATE demand SET state = state || jsonb_build_object('status', $2::text) WHERE id = $1",
        (await city.demand(number)).id,
        status.value,
    )


@pytest.mark.parametrize("action", ["add", "urge", "withdraw", "support"])
async def test_a_form_from_another_site_changes_nothing(city: City, visitor: PortalVisitor, action: str):
    path = await link(city, await worked_on(city))
    await visitor.see(path)
    answer = await visitor.client.post(f"{path}/{action}", data={"text": "x", "phone": "13800138000", "key": "1"})
    assert (answer.status_code, "请重新打开页面" in answer.text) == (403, True)
    rows = await city.loop.pools[Service.INTAKE].fetch("SELECT FROM journal WHERE sequence IS NULL")
    assert rows == []


async def test_a_refusal_says_where_to_go_and_can_be_contested(city: City, visitor: PortalVisitor):
    number = await city.raises()
    declined = f.DemandDeclined(reason="不属本区", instead="请联系<顺德>", legal_basis="《条例》第五条")
    await city.tells(number, declined)
    path = await link(city, number)
    page = (await visitor.see(path)).text
    for words in ("未能受理", "不属本区", "请联系&lt;顺德&gt;", "《条例》第五条", "有异议，申请重新办理"):
        assert words in page
    state = '{"reopenings": 9}'
    await city.loop.pools[Service.INTAKE].execute("UPDATE demand SET state = state || $1::text::jsonb", state)
    page = (await visitor.see(path)).text
    assert ("这是最终答复" in page, "/rate/" in page) == (True, False)


async def test_a_rating_leads_back_and_is_not_requested_again(city: City, visitor: PortalVisitor):
    number = await worked_on(city, RESOLVED)
    path = await link(city, number)
    rate = re.search(r'href="(/rate/[^"]+)"', (await visitor.see(path)).text)
    assert rate
    rated = await visitor.send(rate[1], rate[1], rating="2", solved="false", comment="水还在漏")
    assert (rated.url.path.startswith("/follow/"), "重新办理" in rated.text) == (True, True)
    assert "评价办理结果" not in rated.text, "intake has not heard of it yet"
    assert in_order(rated.text, "正在重新办理", "接下来确定承办单位")
    assert not re.search("待评价|到期未评价", rated.text), "what was just rated is not to be rated"
    await city.loop.turn()
    assert in_order((await visitor.see(path)).text, "路面已修复，请放心通行", "要求重新办理", "水还在漏")


async def test_a_kept_address_of_a_rating_asks_to_rate_the_next_answer(city: City, visitor: PortalVisitor):
    number = await worked_on(city, RESOLVED)
    rate = re.search(r'href="(/rate/[^"]+)"', (await visitor.see(await link(city, number))).text)
    assert rate
    rated = await visitor.send(rate[1], rate[1], rating="2", solved="false", comment="水还在漏")
    await city.loop.turn()
    await city.routed(number, 10)
    await city.tells(number, f.DemandAccepted(by="x"), f.DemandResolved(by="x", result="换了新的水管"))
    page = (await visitor.see(f"{rated.url.path}?{rated.url.query.decode()}")).text
    assert "done=reopened" in str(rated.url)
    assert in_order(page, "已有答复", "评价办理结果", "换了新的水管")
    assert "您的意见已转给办理单位" not in page


async def test_hostile_text_is_shown_as_text(city: City, visitor: PortalVisitor):
    hostile = "<script>alert(1)</script>\"'><b onmouseover=alert(1)>"
    number = await worked_on(city, title=hostile, text=hostile)
    path = await link(city, number)
    await visitor.send(path, f"{path}/add", text=hostile)
    await city.tells(number, f.DemandProgressed(by="x", note=hostile), f.DemandResolved(by="x", result=hostile))
    page = (await visitor.see(path)).text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5
    assert not re.search("<script|<b onmouse", page)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NONE])
async def test_every_status_has_an_explanation(city: City, visitor: PortalVisitor, status: Status):
    number = await city.raises()
    await stands_at(city, number, status)
    for holder in LinkHolder:
        answer = await visitor.see(await link(city, number, holder))
        assert answer.status_code == 200
        assert not re.search(r"\{unit\}|\{until\}|研判|None|派单|签收|退单|挂账|附议|计时", answer.text)


# --- who may see what --------------------------------------------------------------------------------------------


async def test_a_supporter_reads_what_was_released_and_cannot_add_anything(city: City, visitor: PortalVisitor):
    own = await city.uploads(picture("JPEG"))
    number = await worked_on(city, text="下雨就积水", attachments=[own])
    mine = await link(city, number)
    await visitor.send(mine, f"{mine}/add", text="今天又塌了一块")
    contacted = f.DemandContacted(by="陈志强", note="约周三看现场")
    demand_listed = f.DemandListed(level="village", project="风雨棚工程", reason="列入年度计划")
    reference = await handed_in(city, number)
    again = f.DemandResolved(by="x", result="第二次答复内容", summary="已重修", attachments=(reference,))
    await city.tells(number, contacted, PROGRESS, demand_listed, RESOLVED)
    await city.tells(number, f.DemandReopened(reason="水还在漏", rating=2), service=Service.FEEDBACK)
    await city.tells(number, f.DemandAccepted(by="x"), again)
    path = await link(city, number, LinkHolder.SUPPORTER)
    page = (await visitor.see(path)).text
    assert [
        w for w in ("您也遇到了这个问题", "道路已修复", "已重修", "已安排施工队", "列入年度计划") if w not in page
    ] == []
    hidden = "请放心通行|第二次答复|约周三|下雨就积水|又塌了一块|水还在漏|风雨棚工程|/rate/|/files/|<form"
    assert re.findall(hidden, page) == []
    for action in ("add", "urge", "withdraw", "support"):
        refused = await visitor.send(mine, f"{path}/{action}", text="x", phone="13800138000")
        assert (refused.status_code, "仅诉求提出人可以操作" in refused.text) == (403, True), action


async def test_a_confidential_report_shows_its_text_only_to_the_person_who_raised_it(
    city: City, visitor: PortalVisitor
):
    number = await worked_on(city, PROGRESS, RESOLVED, **REPORT)
    mine = (await visitor.see(await link(city, number))).text
    assert [w for w in ("路面已修复", "已安排施工队", "村口路面塌陷", "工作站") if w not in mine] == []
    shown = (await visitor.see(await link(city, number, LinkHolder.SUPPORTER))).text
    assert "已有答复" in shown
    assert not re.search("路面|道路|施工队|工作站", shown)


def test_a_supporter_gets_messages_about_these_facts_and_no_others():
    names = {kind.removeprefix("demand.") for kind in TO_SUPPORTERS}
    assert names == {"progressed", "extended", "listed", "paused", "resumed", "merged", "resolved", "declined"}


async def test_a_broken_link_shows_a_page_with_help(city: City, visitor: PortalVisitor):
    path = await link(city, await city.raises())
    for page_path in (f"{path}x", "/follow/xyz", f"{path}x/withdraw", f"{path}x/files/{'a' * 22}"):
        answer = await visitor.see(page_path)
        assert answer.status_code == 403, page_path
        assert [w for w in ("请使用短信中的完整链接", "/follow/lost") if w not in answer.text] == []
    response = await visitor.client.post(f"{path}x/add", data={"text": "x"})
    assert (response.status_code, "请使用短信中的完整链接" in response.text) == (403, True)
    assert "This link does not work" in (await visitor.see(f"{path}x", lang="en")).text


FORGED = ("", "x" * 400, "eyJkIjoiQUFBIn0.abc.def", Tokens("y" * 40).write("rate", {"d": "AA"}),
          Tokens(KEYS["secret"]).write("staff", {"d": "AA"}))  # fmt: skip


@pytest.mark.parametrize("token", FORGED, ids=["nothing", "long", "made up", "another secret", "of staff"])
async def test_a_forged_link_is_refused_before_any_query(token: str):
    details_reader = DetailsReader(None, shipped(), None)  # type: ignore[arg-type]
    with pytest.raises(BrokenLink):
        await FollowLookup(LINKS, details_reader).followed(token, None)  # type: ignore[arg-type]


async def test_links_of_earlier_versions_and_of_a_year_ago_work(city: City, visitor: PortalVisitor):
    number = await city.raises()
    before = Tokens(KEYS["secret"]).write("rate", {"demand": str((await city.demand(number)).id)})
    assert number in (await visitor.see(f"/follow/{before}")).text
    later = int(time.time()) + 370 * 24 * 3600
    with patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda signer: later):
        assert number in (await visitor.see(f"/follow/{before}")).text
    with patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda signer: later + 40 * 24 * 3600):
        old = await visitor.see(f"/follow/{before}")
    assert (old.status_code, "链接已过期" in old.text) == (410, True)


async def test_a_link_opens_only_its_own_demand(city: City, visitor: PortalVisitor):
    one, other = await city.raises(title="村口路面塌陷"), await city.raises(title="路灯不亮")
    page: httpx.Response = await visitor.see(await link(city, one))
    assert (one in page.text, other in page.text, "路灯不亮" in page.text) == (True, False, False)


RELEASED = f.DemandPublished(
    edition=1, title="村口路面塌陷", text="原话", answer="路面已修复", policy="nanhai: reviewed"
)


async def test_a_citizen_can_refuse_publication_and_a_published_text_is_removed_at_once(
    city: City, visitor: PortalVisitor
):
    number = await worked_on(city, RESOLVED, RELEASED, may_publish=True)
    path = await link(city, number)
    shown = (await visitor.see(path)).text
    assert "诉求和答复已公开" in shown
    assert f'href="/demands/{number}"' in shown
    asked = (await visitor.see(f"{path}/keep-private")).text
    assert in_order(asked, "马上撤下", "不受影响", "再同意公开")
    after = await visitor.send(f"{path}/keep-private", f"{path}/keep-private")
    assert after.status_code == 200
    assert in_order(after.text, "已记下：这件诉求的内容不公开", "按您的要求，这件诉求的内容不公开")
    assert f"{path}/keep-private" not in after.text
    public = await visitor.see(f"/demands/{number}")
    assert "村口路面塌陷" not in public.text
    assert "路面已修复" not in public.text
    assert len(await notes(city, "publication-refused")) == 1


@pytest.mark.parametrize(
    ("agreed", "words"),
    [(True, "办结后，诉求和答复可能公开"), (None, "没有您的同意，内容不会公开"), (False, "没有您的同意")],
)
async def test_the_page_says_whether_a_demand_may_be_published(
    city: City, visitor: PortalVisitor, agreed: bool | None, words: str
):
    page = (await visitor.see(await link(city, await worked_on(city, may_publish=agreed)))).text
    assert words in page
    assert ("不要公开我的诉求" in page) is (agreed is not False), "who said no already is not asked again"


async def test_whoever_has_just_refused_publication_is_not_offered_it_again(city: City, visitor: PortalVisitor):
    path = await link(city, await worked_on(city, may_publish=True))
    refused = await visitor.send(f"{path}/keep-private", f"{path}/keep-private")
    assert in_order(refused.text, "已记下：这件诉求的内容不公开", "按您的要求")
    assert "不要公开我的诉求" not in refused.text


async def test_a_citizen_may_agree_to_publication_later_and_refuse_again(city: City, visitor: PortalVisitor):
    number = await worked_on(city, RESOLVED, may_publish=False)
    path = await link(city, number)
    assert "同意办结后公开" not in (await visitor.see(path)).text, "it is already answered"
    agreed = await visitor.send(path, f"{path}/publish")
    assert in_order(agreed.text, "已记下：您同意公开", "诉求和答复可能公开")
    assert f"{path}/publish" not in agreed.text
    await visitor.send(f"{path}/keep-private", f"{path}/keep-private")
    refused = (await visitor.see(path)).text
    assert "内容不公开" in refused
    assert f"{path}/publish" in refused
    await visitor.send(path, f"{path}/publish")
    assert [json.loads(fact).get("refusals", 0) for fact in await notes(city, "publication-allowed")] == [0, 1]
    await city.loop.turn()
    released = RELEASED.model_copy(update={"edition": 1, "title": "巷口路面塌陷"})
    await city.tells(number, released)
    assert "巷口路面塌陷" in (await visitor.see(f"/demands/{number}")).text
    supporter = await link(city, number, LinkHolder.SUPPORTER)
    assert (await visitor.send("/follow", f"{supporter}/publish")).status_code == 403


async def test_a_consent_to_an_already_public_answer_is_not_recorded(city: City, visitor: PortalVisitor):
    number = await worked_on(city, RESOLVED, RELEASED, may_publish=True)
    path = await link(city, number)
    for _ in range(2):
        assert (await visitor.send(path, f"{path}/publish")).status_code == 200
    assert await notes(city, "publication-allowed") == []
    assert "村口路面塌陷" in (await visitor.see(f"/demands/{number}")).text
    await visitor.send(f"{path}/keep-private", f"{path}/keep-private")
    await visitor.send(path, f"{path}/publish")
    assert len(await notes(city, "publication-allowed")) == 1


async def test_only_the_citizen_decides_about_publication_and_a_confidential_report_is_never_published(
    city: City, visitor: PortalVisitor
):
    number = await worked_on(city, may_publish=True)
    supporter = await link(city, number, LinkHolder.SUPPORTER)
    assert "不要公开我的诉求" not in (await visitor.see(supporter)).text
    assert (await visitor.see(f"{supporter}/keep-private")).status_code == 403
    assert (await visitor.send("/follow", f"{supporter}/keep-private")).status_code == 403
    assert await notes(city, "publication-refused") == []
    assert "不要公开我的诉求" not in (await visitor.see(await link(city, await worked_on(city, **REPORT)))).text


async def test_messages_can_be_stopped_and_started_on_the_page(city: City, visitor: PortalVisitor):
    contact = {"phone": "13800138000", "email": "chen@example.org"}
    path, another = [await link(city, await city.raises(contact=contact)) for _ in range(2)]
    assert "停止接收这件诉求的消息" in (await visitor.see(path)).text
    stopped = await visitor.send(path, f"{path}/stop")
    assert stopped.status_code == 200
    assert "已停止" in stopped.text
    assert "恢复接收这件诉求的消息" in stopped.text
    assert "Send me news of this demand again" in (await visitor.see(path, lang="en")).text
    assert "停止接收这件诉求的消息" in (await visitor.see(another)).text, "nothing is told of what was said elsewhere"
    assert await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM opt_out") == 1
    started = await visitor.send(path, f"{path}/start")
    assert "停止接收这件诉求的消息" in started.text
    assert await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM opt_out") == 0


async def test_without_a_contact_and_for_a_supporter_no_choice_of_messages_is_offered(
    city: City, visitor: PortalVisitor
):
    nameless, number = await city.raises(), await city.raises(contact={"phone": "13800138000"})
    assert "消息提醒" not in (await visitor.see(await link(city, nameless))).text
    path = await link(city, number, LinkHolder.SUPPORTER)
    assert "消息提醒" not in (await visitor.see(path)).text
    assert (await visitor.send(path, f"{path}/stop")).status_code == 403
