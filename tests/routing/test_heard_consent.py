"""Staff enter by telephone whether a citizen allows publication; it is recorded who entered it and who said it."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import pytest

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.city import CLERK, DISPATCHER, TOWN_CLERK, City
from tests.routing.test_publication import SUMMARY, TITLE, answered, read, telling, token
from tests.routing.visitor import Visitor, visitor, words_of

CALLER = "nh-coordinator-caller"
SAID = "诉求人本人来电，电话13800138000"


@pytest.fixture
async def clerk(city: City) -> AsyncIterator[Visitor]:
    async with visitor(city, CLERK) as opened:
        yield opened


Wish = TypeVar("Wish", f.PublicationAllowed, f.PublicationRefused)


async def recorded_by_intake(city: City, number: str, kind: type[Wish]) -> Sequence[Wish]:
    """The facts that intake recorded about the wish."""
    rows = await city.loop.pools[Service.INTAKE].fetch(
        "SELECT payload FROM journal WHERE aggregateid = $1 AND type = $2 ORDER BY position",
        (await city.demand(number)).id,
        kind.wire_type(),
    )
    return [kind.model_validate_json(row["payload"]) for row in rows]


async def allowed(city: City, number: str) -> Sequence[f.PublicationAllowed]:
    """The recorded consents."""
    return await recorded_by_intake(city, number, f.PublicationAllowed)


async def refused(city: City, number: str) -> Sequence[f.PublicationRefused]:
    """The recorded refusals."""
    return await recorded_by_intake(city, number, f.PublicationRefused)


@pytest.mark.parametrize("consent", [False, None], ids=["refused", "not asked"])
async def test_a_consent_by_telephone_is_entered_on_the_case_and_the_answer_waits_for_release(
    city: City, clerk: Visitor, consent: bool | None
):
    number = await answered(city, may_publish=consent)
    path = f"/desk/cases/{number}"
    response = await clerk.send(path, f"{path}/record-consent", said_by=SAID)
    assert (response.status_code, "登记同意公开" in response.text) == (200, True)
    assert f"{path}/record-consent" not in response.text, "what was just entered is not asked for again"
    await city.loop.turn()
    (publication_allowed,) = await allowed(city, number)
    assert (publication_allowed.entered_by, publication_allowed.said_by) == ("陈晓岚", "诉求人本人来电，电话［手机号］")
    page = (await clerk.open(path)).text
    assert {"群众同意公开", "陈晓岚"} <= set("\n".join(words_of(page)).replace("：", "\n").splitlines())
    assert f"{path}/record-consent" not in page
    async with visitor(city, DISPATCHER) as reviewer:
        assert number in (await reviewer.open("/desk/publications")).text
        await reviewer.send("/desk/publications", f"{path}/publish")
    await city.loop.turn()
    assert telling(await read(city, number), TITLE, SUMMARY)


async def test_a_form_sent_twice_is_one_consent_and_a_later_refusal_counts(city: City, clerk: Visitor):
    number = await answered(city, may_publish=False)
    path = f"/desk/cases/{number}"
    hidden = await clerk.hidden(path, f"{path}/record-consent")
    for _ in range(2):
        answer = await clerk.client.post(f"{path}/record-consent", data=hidden | {"said_by": "诉求人本人来电"})
        assert answer.status_code == 200, answer.text
    await city.loop.turn()
    assert len(await allowed(city, number)) == 1
    await city.tells(number, f.PublicationRefused(), service=Service.INTAKE)
    assert "群众表示过不公开" in (await clerk.open(path)).text
    await clerk.send(path, f"{path}/record-consent", said_by="诉求人又来电")
    await city.loop.turn()
    assert [publication_allowed.refusals for publication_allowed in await allowed(city, number)] == [0, 1]


async def test_the_source_of_a_consent_is_required_and_the_page_keeps_the_input(city: City, clerk: Visitor):
    number = await answered(city, may_publish=None)
    path = f"/desk/cases/{number}"
    sent = await clerk.send(path, f"{path}/record-consent", said_by="他")
    assert (sent.status_code, "请写明是谁" in sent.text, 'value="他"' in sent.text) == (422, True, True)
    assert 'id="consent" open' in sent.text
    assert await allowed(city, number) == []
    page = (await clerk.open(path)).text
    assert '<details class="card" id="consent">' in page
    assert page.index("<h2>时限") < page.index('id="consent"'), "the due times come first"


async def test_a_refusal_by_telephone_is_entered_on_the_case_and_the_publication_is_hidden(city: City, clerk: Visitor):
    number = await answered(city)
    path = f"/desk/cases/{number}"
    async with visitor(city, DISPATCHER) as reviewer:
        await reviewer.send("/desk/publications", f"{path}/publish")
    await city.loop.turn()
    assert telling(await read(city, number), TITLE, SUMMARY)
    page = (await clerk.open(path)).text
    assert ("登记不同意公开" in page, "record-consent" in page) == (True, False)
    done = await clerk.send(path, f"{path}/record-refusal", said_by=SAID)
    assert (done.status_code, "登记不同意公开" in done.text) == (200, True)
    assert f"{path}/record-refusal" not in done.text, "what was just entered is not asked for again"
    await city.loop.turn()
    (fact,) = await refused(city, number)
    assert (fact.entered_by, fact.said_by) == ("陈晓岚", "诉求人本人来电，电话［手机号］")
    page = (await clerk.open(path)).text
    assert {"群众不同意公开", "陈晓岚"} <= set("\n".join(words_of(page)).replace("：", "\n").splitlines())
    assert (f"{path}/record-refusal" in page, f"{path}/record-consent" in page) == (False, True)
    assert not telling(await read(city, number), TITLE, SUMMARY)


async def test_one_form_enters_a_consent_or_a_refusal_if_the_citizen_was_not_asked(city: City, clerk: Visitor):
    number = await answered(city, may_publish=None)
    path = f"/desk/cases/{number}"
    page = (await clerk.open(path)).text
    assert f'action="{path}/record-consent"' in page
    assert f'formaction="{path}/record-refusal"' in page
    hidden = await clerk.hidden(path, f"{path}/record-consent")
    sent = await clerk.client.post(f"{path}/record-refusal", data=hidden | {"said_by": "他"})
    assert (sent.status_code, 'value="他"' in sent.text) == (422, True)
    for _ in range(2):
        await clerk.client.post(f"{path}/record-refusal", data=hidden | {"said_by": "本人来电"})
    await city.loop.turn()
    assert len(await refused(city, number)) == 1
    page = (await clerk.open(path)).text
    assert "群众表示过不公开" in page
    assert "record-refusal" not in page


async def test_a_caller_enters_the_wish_on_the_page_of_the_call(city: City):
    number = await answered(city, may_publish=None, contact={"name": "邹先生", "phone": "13800138000"})
    path = f"/desk/call-backs/{number}"
    async with visitor(city, CALLER) as caller:
        await caller.send(path, f"{path}/start")
        wrong = await caller.send(path, f"{path}/record-consent", said_by="他")
        assert (wrong.status_code, "请写明是谁" in wrong.text) == (422, True)
        done = await caller.send(path, f"{path}/record-consent", said_by="回访时本人说的")
        assert (done.url.path, "登记同意公开" in done.text, "record-consent" in done.text) == (path, True, False)
        await city.loop.turn()
        (fact,) = await allowed(city, number)
        assert fact.said_by == "回访时本人说的"
        await caller.send(path, f"{path}/record-refusal", said_by="又说不要公开")
        await city.loop.turn()
        assert len(await refused(city, number)) == 1
        assert "群众表示过不公开" in (await caller.open(path)).text


@pytest.mark.parametrize("changes", [{"may_publish": False}, {"kind": "report", "may_publish": None}])
async def test_the_form_is_not_offered_if_a_refusal_exists_or_changes_nothing(
    city: City, clerk: Visitor, changes: dict[str, object]
):
    number = await answered(city, **changes)
    assert "record-refusal" not in (await clerk.open(f"/desk/cases/{number}")).text


@pytest.mark.parametrize("changes", [{"may_publish": True}, {"kind": "report", "may_publish": None}])
async def test_the_form_is_not_offered_if_consent_exists_or_changes_nothing(
    city: City, clerk: Visitor, changes: dict[str, object]
):
    number = await answered(city, **changes)
    assert "record-consent" not in (await clerk.open(f"/desk/cases/{number}")).text


async def test_a_unit_that_only_assists_cannot_enter_a_consent(city: City):
    number = await answered(city, may_publish=None)
    path = f"/desk/cases/{number}"
    async with visitor(city, TOWN_CLERK) as helper:
        assert "record-consent" not in (await helper.open(path)).text
        sent = await helper.client.post(f"{path}/record-consent", data=await token(helper) | {"said_by": "本人来电"})
        assert (sent.status_code, "登记同意公开" in sent.text) == (403, True)
        sent = await helper.client.post(f"{path}/record-refusal", data=await token(helper) | {"said_by": "本人来电"})
        assert (sent.status_code, "登记不同意公开" in sent.text) == (403, True)
    assert (await allowed(city, number), await refused(city, number)) == ([], [])
