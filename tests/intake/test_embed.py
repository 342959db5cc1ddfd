"""Embedded forms: only on the origins of their key, each sent once, within the channel's quota."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app as cli
from services.intake.channels import keys
from services.intake.channels.embed_queries import EmbedRow
from services.intake.channels.embedding import Embeds, origin_of
from services.intake.web.allowance import TIMES, Act
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Refused
from tests.built import Built
from tests.intake.conftest import built_with, visiting
from tests.intake.test_api import GOOD
from tests.intake.test_raise import VILLAGE, WORDS, client_of
from tests.keys import KEYS

SCHOOL, THIRD = "https://school.example", "https://third.example"


@pytest.fixture(scope="module")
def built() -> Built:
    return built_with(portal_jurisdictions="nanhai")


@pytest.fixture
async def site(built: Built, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(built, pool) as visitor:
        yield visitor.client


@pytest.fixture
async def embed(pool: Pool) -> EmbedRow:
    await keys.add(pool, "school", ChannelKind.WEB, "学校网站")
    return await Embeds(pool).allow("school", [SCHOOL, "https://www.school.example:443/"])


async def filled(site: httpx.AsyncClient, embed: EmbedRow, **fields: Any) -> httpx.Response:
    """Send the form of the frame."""
    address = f"/embed/submit?key={embed.key}"
    page = await site.get(address)
    token = re.findall(r'name="token" value="([^"]+)"', page.text)[0]
    return await site.post(address, data={"token": token, "words": WORDS, "division": VILLAGE} | fields)


async def test_a_form_is_sent_once_over_the_channel_of_its_site_and_sets_no_cookie(
    site: httpx.AsyncClient, embed: EmbedRow, pool: Pool
):
    first = await filled(site, embed)
    token = re.findall(r'name="token" value="([^"]+)"', (await site.get(f"/embed/submit?key={embed.key}")).text)[0]
    fields = {"token": token, "words": WORDS, "division": VILLAGE}
    second = [
        await site.post(f"/embed/submit?key={embed.key}", data=fields | {"words": words}) for words in (WORDS, "别的")
    ]
    assert [answer.status_code for answer in (first, *second)] == [200] * 3
    receipts = [re.findall(r'class="receipt">([^<]+)<', answer.text) for answer in second]
    assert receipts[0] == receipts[1]
    rows = await pool.fetch("SELECT channel, count(*) FROM submission GROUP BY channel")
    assert [tuple(row) for row in rows] == [("school", 2)]
    assert not any("set-cookie" in answer.headers for answer in (first, *second))


async def test_only_origins_of_the_key_may_show_the_frame(site: httpx.AsyncClient, embed: EmbedRow):
    expected = f"frame-ancestors {SCHOOL} https://www.school.example"
    for path in ("submit", "follow"):
        page = await site.get(f"/embed/{path}?key={embed.key}")
        assert page.headers["content-security-policy"].endswith(expected)
    invalid = await filled(site, embed, words=" ", division="nowhere")
    assert invalid.status_code == 422
    assert invalid.headers["content-security-policy"].endswith(expected)
    unknown = await site.get("/embed/submit?key=hyp_nothing")
    assert unknown.status_code == 404
    assert unknown.headers["content-security-policy"].endswith("frame-ancestors 'none'")


async def test_scripts_of_other_origins_may_not_read_the_answer(site: httpx.AsyncClient, embed: EmbedRow):
    async def asked(origin: str, key: str = embed.key) -> httpx.Response:
        return await site.get("/embed/check", params={"key": key}, headers={"Origin": origin})

    allowed, refused = await asked(SCHOOL), await asked(THIRD)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, SCHOOL)
    assert refused.status_code == 403
    assert f"来源 {THIRD} 没有登记" in refused.json()["detail"]
    for answer in (refused, await asked(SCHOOL, "hyp_nothing"), await asked("")):
        assert "access-control-allow-origin" not in answer.headers
        assert answer.status_code in (403, 404)
    assert (await site.get("/embed/v1.js")).headers["access-control-allow-origin"] == "*"


async def test_a_form_of_another_key_or_of_nobody_is_refused(site: httpx.AsyncClient, embed: EmbedRow, pool: Pool):
    await keys.add(pool, "other", ChannelKind.WEB, "另一网站")
    other = await Embeds(pool).allow("other", [THIRD])
    page = await site.get(f"/embed/submit?key={other.key}")
    token = re.findall(r'name="token" value="([^"]+)"', page.text)[0]
    for invalid in (token, "", "x.y.z"):
        assert (await filled(site, embed, token=invalid)).status_code == 403
    assert await pool.fetchval("SELECT count(*) FROM submission") == 0


async def test_the_public_key_has_a_quota_separate_from_the_secret_one(
    site: httpx.AsyncClient, embed: EmbedRow, pool: Pool
):
    secret = await keys.rotate(pool, "school", timedelta())
    await pool.execute("""UPDATE channel SET settings = '{"quota_per_minute": 1}' WHERE id = 'school'""")
    answers = [await site.get(f"/embed/follow?key={embed.key}") for _ in range(4)]
    assert answers[-1].status_code == 429  # another minute may have begun in between
    assert SCHOOL in answers[-1].headers["content-security-policy"]
    answer = await site.post("/v1/demands", json=GOOD, headers={"X-API-Key": secret, "Idempotency-Key": "1"})
    assert answer.status_code == 201, answer.text


async def test_one_address_may_open_a_limited_number_of_frames_in_an_hour(
    database: str, embed: EmbedRow, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(TIMES, Act.FRAME, 2)
    async with client_of(database, pool, portal_jurisdictions="nanhai", portal_sends_per_hour=1) as client:
        answers = [(await client.get(f"/embed/submit?key={embed.key}")).status_code for _ in range(5)]
    assert answers[:2] == [200, 200]
    assert answers[-1] == 429  # another hour may have begun in between


async def test_number_and_code_show_the_status_of_a_demand(site: httpx.AsyncClient, embed: EmbedRow):
    receipt = await filled(site, embed)
    number, code = re.findall(r'class="receipt">([^<]+)<', receipt.text)
    found = await site.post(f"/embed/follow?key={embed.key}", data={"number": number, "code": code})
    assert found.status_code == 200
    assert "村口的路灯坏了三天" in found.text
    assert 'target="_blank"' in found.text
    invalid = await site.post(f"/embed/follow?key={embed.key}", data={"number": number, "code": "0000 0000"})
    assert invalid.status_code == 422
    assert "编号和查询码不相符" in invalid.text


async def test_new_origins_replace_the_earlier_ones_and_a_revoked_channel_has_none(
    site: httpx.AsyncClient, embed: EmbedRow, pool: Pool
):
    again = await Embeds(pool).allow("school", [THIRD])
    assert (again.key, list(again.origins)) == (embed.key, [THIRD])
    await keys.revoke(pool, "school")
    assert (await site.get(f"/embed/submit?key={embed.key}")).status_code == 404
    with pytest.raises(Refused, match="huying channel list"):
        await Embeds(pool).allow("school", [SCHOOL])


@pytest.mark.parametrize(
    ("entered", "origin"),
    [
        ("HTTPS://School.example", "https://school.example"),
        ("https://school.example:8443", "https://school.example:8443"),
        ("http://localhost:3000/", "http://localhost:3000"),
    ],
)
def test_an_origin_is_stored_as_browsers_write_it(entered: str, origin: str):
    assert origin_of(entered) == origin


@pytest.mark.parametrize(
    "entered",
    [
        "school.example", "http://school.example", "https://school.example/path", "https://*", "https://*.example",
        "https://a b", "https://a;b", "https://u@school.example", "https://", "https://x:99999", "null", "https://a'",
    ],
)  # fmt: skip
def test_an_invalid_origin_is_refused(entered: str):
    with pytest.raises(Refused, match="is not an origin"):
        origin_of(entered)


def test_an_operator_binds_a_channel_to_origins_by_command(monkeypatch: pytest.MonkeyPatch, database: str):
    monkeypatch.setenv("DATABASE_URL", database)
    for name, value in KEYS.items():
        monkeypatch.setenv(f"HUYING_{name.upper()}", value)
    run = CliRunner().invoke
    run(cli, ["channel", "add", "school", "--kind", "web"])
    assert run(cli, ["channel", "embed", "school"]).exit_code == 1
    result = run(cli, ["channel", "embed", "school", "--origin", SCHOOL])
    key = result.output.partition(" ")[0]
    assert key.startswith("hyp_")
    assert f'<huying-submit key="{key}">' in result.output
    assert run(cli, ["channel", "embed", "school"]).output == result.output
    refused = run(cli, ["channel", "embed", "school", "--origin", "school.example"])
    assert (refused.exit_code, "is not an origin" in refused.output) == (1, True)
    assert run(cli, ["channel", "embed", "school", "--stop"]).exit_code == 0
    assert run(cli, ["channel", "embed", "school"]).exit_code == 1
