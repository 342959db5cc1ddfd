"""Publication of answers: the waiting list, release, correction and withdrawal, and what the public then reads."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.city import CLERK, DISPATCHER, City
from tests.routing.visitor import Visitor, visitor

TITLE, TEXT = "村口路面塌陷伤了人", "晚上骑车摔倒，路灯也不亮"
SUMMARY, RESULT = "路面已回填并铺好沥青", "已联系施工队连夜回填"
DOORS = (
    "/demands",
    "/demands/{number}",
    "/demands?words=塌陷",
    "/demands/feed.atom",
    "/v1/public/demands",
    "/v1/public/demands/{number}",
    "/open311/v2/requests.json?jurisdiction_id=nanhai",
    "/open311/v2/requests/{number}.json?jurisdiction_id=nanhai&extensions=true",
    "/open311/v2/servicerequestupdates.json?jurisdiction_id=nanhai",
)


@pytest.fixture
async def reviewer(city: City) -> AsyncIterator[Visitor]:
    """A dispatcher of the coordinator."""
    async with visitor(city, DISPATCHER) as opened:
        yield opened


async def answered(city: City, **changes: Any) -> str:
    """Raise a demand with consent to publication, answer it with a public text, and return its number."""
    number = await city.raises(**{"title": TITLE, "text": TEXT, "may_publish": True} | changes)
    resolved = f.DemandResolved(by="陈晓岚", result=RESULT, summary=SUMMARY)
    await city.tells(number, f.DemandAccepted(by="陈晓岚"), resolved)
    return number


async def read(city: City, number: str) -> dict[str, str]:
    """The texts of all public pages and routes."""
    async with httpx.AsyncClient(base_url=city.url, trust_env=False, follow_redirects=True) as client:
        texts = {}
        for path in DOORS:
            answer = await client.get(path.format(number=number))
            assert answer.status_code == 200, f"{path}: {answer.text}"
            texts[path] = answer.text
    return texts


def telling(texts: dict[str, str], *words: str) -> set[str]:
    """The public pages and routes that contain one of these words."""
    return {path for path, text in texts.items() if any(word in text for word in words)}


async def test_every_public_page_follows_the_release_correction_and_withdrawal_of_an_answer(
    city: City, reviewer: Visitor
):
    number = await answered(city)
    assert telling(await read(city, number), TITLE, TEXT, SUMMARY, RESULT) == set()
    page = await reviewer.open("/desk/publications")
    assert all(words in page.text for words in (TITLE, TEXT, SUMMARY, number))
    path = f"/desk/cases/{number}"
    assert (await reviewer.send("/desk/publications", f"{path}/publish")).status_code == 200
    await city.loop.turn()
    texts = await read(city, number)
    assert telling(texts, SUMMARY, TITLE) == set(DOORS)
    assert telling(texts, TEXT) >= {"/demands/{number}", "/demands/feed.atom", "/v1/public/demands/{number}"}
    assert telling(texts, RESULT) == set()
    assert "没有待公开的答复" in (await reviewer.open("/desk/publications")).text
    corrected = await reviewer.send(
        f"{path}/correct-publication", title="村口路面塌陷", text="", answer="路面已修复", correction="删去个人情况"
    )
    assert corrected.status_code == 200, corrected.text
    await city.loop.turn()
    texts = await read(city, number)
    assert telling(texts, TITLE, TEXT, SUMMARY) == set()
    assert "删去个人情况" in texts["/demands/{number}"]
    withdrawn = await reviewer.send(f"{path}/withdraw-publication", ground="privacy", reason="能看出是哪一户")
    assert withdrawn.status_code == 200, withdrawn.text
    await city.loop.turn()
    texts = await read(city, number)
    assert telling(texts, "村口路面塌陷", "路面已修复", "能看出是哪一户") == set()
    assert "公开内容已撤回" in texts["/demands/{number}"]
    assert "为保护个人隐私" in texts["/demands/{number}"]
    assert await city.facts(number) == ["routed", "accepted", "resolved", "published", "published", "unpublished"]


async def test_an_answer_that_may_not_be_published_is_in_no_list_and_refused_with_the_reason(
    city: City, reviewer: Visitor
):
    silent, no, report = [
        await answered(city, **changes)
        for changes in ({"may_publish": None}, {"may_publish": False}, {"kind": "report"})
    ]
    page = (await reviewer.open("/desk/publications")).text
    assert not [number for number in (silent, no, report) if number in page]
    for number, reason in ((silent, "没有征得群众同意"), (no, "群众不同意公开"), (report, "举报一律不公开")):
        answer = await reviewer.client.post(f"/desk/cases/{number}/publish", data=await token(reviewer))
        assert answer.status_code == 409, answer.text
        assert reason in answer.text
    assert telling(await read(city, silent), TITLE, TEXT, SUMMARY) == set()


async def token(someone: Visitor) -> dict[str, str]:
    """The CSRF token of the person's forms."""
    page = (await someone.open("/desk")).text
    return {"csrf": page.split('name="csrf-token" content="')[1].split('"')[0]}


async def test_a_citizens_refusal_hides_the_answer_at_once_and_for_ever(city: City, reviewer: Visitor):
    number = await answered(city)
    await reviewer.send("/desk/publications", f"/desk/cases/{number}/publish")
    await city.loop.turn()
    assert telling(await read(city, number), SUMMARY)
    await city.tells(number, f.PublicationRefused(), service=Service.INTAKE)
    texts = await read(city, number)
    assert telling(texts, TITLE, TEXT, SUMMARY) == set()
    assert "应诉求人要求" in texts["/demands/{number}"]
    await city.tells(number, f.DemandReopened(reason="又塌了", rating=1), service=Service.FEEDBACK)
    await city.tells(number, f.DemandAccepted(by="陈"), f.DemandResolved(by="陈", result="x", summary="再次修好"))
    assert number not in (await reviewer.open("/desk/publications")).text
    again = await reviewer.client.post(f"/desk/cases/{number}/publish", data=await token(reviewer))
    assert (again.status_code, "群众不同意公开" in again.text) == (409, True)


@pytest.mark.parametrize("consent", [False, None], ids=["refused", "not asked"])
async def test_a_later_consent_puts_the_answer_on_the_list_and_a_refusal_removes_it(
    city: City, reviewer: Visitor, consent: bool | None
):
    number = await answered(city, may_publish=consent)
    assert number not in (await reviewer.open("/desk/publications")).text
    for refusals in (0, 1):
        await city.tells(number, f.PublicationAllowed(refusals=refusals), service=Service.INTAKE)
        page = (await reviewer.open("/desk/publications")).text
        assert all(words in page for words in (number, TITLE, SUMMARY))
        sent = await reviewer.send("/desk/publications", f"/desk/cases/{number}/publish")
        assert sent.status_code == 200, sent.text
        await city.loop.turn()
        assert telling(await read(city, number), TITLE, SUMMARY) == set(DOORS)
        await city.tells(number, f.PublicationRefused(), service=Service.INTAKE)
        assert telling(await read(city, number), TITLE, TEXT, SUMMARY) == set()
        assert number not in (await reviewer.open("/desk/publications")).text


async def test_after_a_reopening_the_answer_is_hidden_and_the_next_one_waits_as_a_correction(
    city: City, reviewer: Visitor
):
    number = await answered(city)
    await reviewer.send("/desk/publications", f"/desk/cases/{number}/publish")
    await city.tells(number, f.DemandReopened(reason="又塌了", rating=1), service=Service.FEEDBACK)
    texts = await read(city, number)
    assert telling(texts, SUMMARY) == set()
    assert telling(texts, TITLE) >= {"/demands", "/demands/{number}"}
    assert "重新办理" in texts["/demands/{number}"]
    await city.tells(number, f.DemandAccepted(by="陈"), f.DemandResolved(by="陈", result="x", summary="加固后验收"))
    page = (await reviewer.open("/desk/publications")).text
    assert "加固后验收" in page
    form = f"/desk/cases/{number}/correct-publication"
    assert "加固后验收" in (await reviewer.open(form)).text
    await reviewer.send(form, title=TITLE, text=TEXT, answer="加固后验收", correction="重新办理后的答复")
    await city.loop.turn()
    assert telling(await read(city, number), "加固后验收") >= {"/demands/{number}", "/v1/public/demands/{number}"}


async def test_a_reviewer_sees_the_masked_text_before_the_release(city: City, reviewer: Visitor):
    number = await answered(city)
    form = f"/desk/cases/{number}/publish"
    answer = await reviewer.send(form, title=TITLE, text="找陈先生，电话13800138000", answer=SUMMARY)
    assert answer.status_code == 422
    assert "［手机号］" in answer.text
    assert await city.facts(number) == ["routed", "accepted", "resolved"]
    await reviewer.send(form, title=TITLE, text="", answer=SUMMARY)
    await city.loop.turn()
    assert TEXT not in (await read(city, number))["/demands/{number}"]


async def test_publication_is_only_for_the_reviewers_of_the_pack(city: City):
    number = await answered(city)
    async with visitor(city, CLERK) as clerk:
        assert (await clerk.open("/desk/publications")).status_code == 403
        page = (await clerk.open(f"/desk/cases/{number}")).text
        assert "publish" not in page
        refused = await clerk.client.post(f"/desk/cases/{number}/publish", data=await token(clerk))
    assert refused.status_code == 403
    assert await city.facts(number) == ["routed", "accepted", "resolved"]
