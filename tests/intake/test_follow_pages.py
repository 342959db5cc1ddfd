"""A demand is found by number and code; a lost link is sent to the contact of the demand."""

import re
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from services.intake.notes.lost_link_handler import LATEST, PER_DEMAND, PER_TELEPHONE, WITHOUT_NUMBER
from services.intake.submission.secret_code import SecretCodes
from services.intake.vault.contact import Contact
from services.intake.vault.persons import correspondents
from services.intake.vault.queries import put_correspondents
from services.intake.vault.sealing import Vault
from shared.chassis.base.clock import now
from shared.contracts.demand.state import Service
from tests.city import City
from tests.eventually import eventually
from tests.intake.portal_visitor import LINKS, PortalVisitor, visiting
from tests.keys import KEYS

PHONE = "13800138000"
CONTACT = {"contact": {"name": "陈先生", "phone": PHONE}}


@pytest.fixture
async def visitor(city: City) -> Any:
    async with visiting(city) as opened:
        yield opened


async def code_of(city: City, number: str) -> str:
    return SecretCodes(KEYS["secret"]).of((await city.demand(number)).id)


async def test_number_and_code_open_the_page_and_the_code_is_in_no_address(city: City, visitor: PortalVisitor):
    number = await city.raises()
    code = await code_of(city, number)
    with capture_logs() as logs:
        response = await visitor.send("/follow", "/follow", number=number.lower().replace("-", ""), code=code.lower())
    assert (response.status_code, number in response.text) == (200, True)
    addresses = [str(step.url) for step in (*response.history, response)]
    assert response.url.path.startswith("/follow/")
    assert not [address for address in addresses if code.lower() in address.lower()]
    assert not [log for log in logs if code.lower() in str(log).lower()]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        ("NH26-000001-?", "7K2M9QXD", "编号不完整或抄错了"),
        ("", "", "请填写 8 位查询码"),
        ("NH21-001335-9", "7K2M9QXD", "编号和查询码不相符"),
    ],
)
async def test_an_invalid_number_or_code_is_refused_with_help(
    visitor: PortalVisitor, number: str, code: str, words: str
):
    answer = await visitor.send("/follow", "/follow", number=number, code=code)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert (f'value="{number}"' in answer.text, "7K2M9QXD" in answer.text) == (True, False)
    assert [w for w in ("编号和查询码在哪里", "/follow/lost") if w not in answer.text] == []


async def test_a_wrong_code_is_answered_like_an_unknown_number_and_counted(city: City, visitor: PortalVisitor):
    number = await city.raises()
    response = await visitor.send("/follow", "/follow", number=number, code="00000000")
    unknown = await visitor.send("/follow", "/follow", number="NH21-001335-9", code="00000000")
    assert response.status_code == unknown.status_code == 422
    assert _without_number(response) == _without_number(unknown)
    assert await city.loop.pools[Service.INTAKE].fetchval("SELECT failures FROM wrong_code") == 1


def _without_number(answer: httpx.Response) -> str:
    return re.sub(r"NH\d\d-\d{6}-\w", "", re.sub(r'name="csrf" value="[^"]*"', "", answer.text))


async def test_a_form_from_another_site_finds_nothing(city: City, visitor: PortalVisitor):
    number = await city.raises()
    form = {"number": number, "code": await code_of(city, number)}
    assert (await visitor.client.post("/follow", data=form)).status_code == 403


# --- a lost code -------------------------------------------------------------------------------------------------


async def asks(city: City, visitor: PortalVisitor, number: str, phone: str) -> httpx.Response:
    """The response, after the server's background task has finished."""
    before = await counted(city)
    answer = await visitor.send("/follow/lost", "/follow/lost", number=number, phone=phone)
    await eventually(lambda: counted(city), lambda response: response != before)
    return answer


async def counted(city: City) -> object:
    """Changes with each counted request; the message is written in the same transaction."""
    rows = await city.loop.pools[Service.INTAKE].fetch("SELECT name, requests, since FROM link_request ORDER BY name")
    return [tuple(row) for row in rows]


async def messages(city: City) -> list[str]:
    """The texts of messages with a new link, after the facts were delivered."""
    await city.loop.turn()
    rows = await city.loop.pools[Service.FEEDBACK].fetch(
        "SELECT body ->> 'text' AS text FROM intent WHERE body ->> 'template' = 'link-requested' ORDER BY position"
    )
    return [row["text"] for row in rows]


async def test_the_link_is_sent_to_the_contact_and_shown_nowhere(city: City, visitor: PortalVisitor):
    number = await city.raises(**CONTACT)
    answer = await asks(city, visitor, number, "+86 138-0013-8000")
    (text,) = await messages(city)
    response = re.search(r"/follow/([\w.-]+)", text)
    assert response
    assert LINKS.read(response[1]).demand == (await city.demand(number)).id
    assert number in (await visitor.see(f"/follow/{response[1]}")).text
    assert "请留意短信" in answer.text
    assert not re.search(rf"{PHONE}|{response[1]}|{await code_of(city, number)}", answer.text)


async def test_all_mismatches_get_the_same_answer_and_send_nothing(city: City, visitor: PortalVisitor):
    number, without = await city.raises(**CONTACT), await city.raises()
    right = await asks(city, visitor, number, PHONE)
    for response in (
        await asks(city, visitor, number, "13900139000"),
        await asks(city, visitor, without, PHONE),
        await asks(city, visitor, "NH21-001335-9", PHONE),
    ):
        assert (response.status_code, response.url, response.text) == (right.status_code, right.url, right.text)
    assert len(await messages(city)) == 1


async def test_only_a_few_links_are_sent_for_one_demand(city: City, visitor: PortalVisitor):
    number = await city.raises(**CONTACT)
    pages = {(await asks(city, visitor, number, PHONE)).text for _ in range(PER_DEMAND + 2)}
    assert len(pages) == 1
    assert len(await messages(city)) == PER_DEMAND
    await city.loop.pools[Service.INTAKE].execute("UPDATE link_request SET since = since - interval '2 hours'")
    await asks(city, visitor, number, PHONE)
    assert len(await messages(city)) == PER_DEMAND + 1


async def test_without_a_number_the_links_of_the_latest_demands_are_sent(city: City, visitor: PortalVisitor):
    numbers = [await city.raises(**CONTACT) for _ in range(LATEST + 1)]
    await city.raises(contact={"phone": "13900139000"})
    await told(city, *numbers)
    answer = await asks(city, visitor, "", PHONE)
    assert "请留意短信" in answer.text
    assert sorted(number for text in await messages(city) for number in numbers if number in text) == numbers[1:]
    for _ in range(WITHOUT_NUMBER + 1):
        assert (await asks(city, visitor, "", PHONE)).text == answer.text
    assert len(await messages(city)) == LATEST * WITHOUT_NUMBER, "for it nobody has to know anything: so only a few"


async def told(city: City, *numbers: str) -> None:
    """Record that messages about these demands were sent to the telephone."""
    persons = correspondents(Vault.of(KEYS["vault_key"], "", KEYS["secret"]), Contact(phone=PHONE))
    pairs = [(person, (await city.demand(number)).id) for person in persons for number in numbers]
    async with city.loop.pools[Service.INTAKE].acquire() as db:
        await put_correspondents(db, pairs, now())


async def test_a_telephone_can_be_used_only_a_few_times(city: City, visitor: PortalVisitor):
    numbers = [await city.raises(**CONTACT) for _ in range(PER_TELEPHONE + 2)]
    for number in numbers:
        await asks(city, visitor, number, PHONE)
    assert len(await messages(city)) == PER_TELEPHONE


async def test_after_an_erasure_no_link_is_sent(city: City, visitor: PortalVisitor):
    number = await city.raises(**CONTACT)
    intake = city.loop.pools[Service.INTAKE]
    await intake.execute("DELETE FROM vault")
    await intake.execute("UPDATE vault_key SET wrapped = NULL, destroyed_at = now()")
    assert (await asks(city, visitor, number, PHONE)).status_code == 200
    assert await messages(city) == []


async def test_an_empty_form_is_refused_with_a_reason(visitor: PortalVisitor):
    answer = await visitor.send("/follow/lost", "/follow/lost", number="NH", phone="")
    assert answer.status_code == 422
    assert [w for w in ("编号不完整或抄错了", "请填写提交诉求时留下的电话", 'value="NH"') if w not in answer.text] == []


async def test_a_telephone_with_a_control_character_is_refused_at_once(visitor: PortalVisitor):
    answer = await visitor.send("/follow/lost", "/follow/lost", number="NH21-001335-9", phone="138\x0000138000")
    assert (answer.status_code, "请填写提交诉求时留下的电话" in answer.text) == (422, True)
