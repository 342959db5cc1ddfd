"""The board shows the figures in two languages, and never executes what a citizen wrote."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from services.reporting import app
from services.reporting.drilldown.steps import INTERNAL, STEPS
from services.reporting.settings import ReportingSettings
from services.reporting.web.words import in_order
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import Fact, RequestKind
from shared.contracts.numbers import number
from shared.jurisdiction.publication import PublicPart
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.keys import KEYS
from tests.packs import showing

REPORT = "NH21-000004-Q"
SEVENTH = number("NH", 2021, 7)
Told = Delivery


async def test_the_board_shows_the_rate_and_its_parts(reader: httpx.AsyncClient):
    page = (await reader.get("/board", params={"jurisdiction": "nanhai"})).text
    assert "33.33" in page
    assert "办结率" in page
    assert 'lang="zh' in page
    assert "completion rate" in (await reader.get("/board?jurisdiction=nanhai&lang=en")).text.lower()
    assert 'href="/demands"' in page, "whoever reads figures wants to read demands too"


def test_statuses_are_listed_in_the_order_of_a_demands_life():
    counts = {"accepted": 2, "closed/confirmed": 9, "new-one": 1, "in_progress": 3, "resolved": 1, "triage": 4}
    listed = [standing for standing, _ in in_order(counts)]
    assert listed == ["triage", "accepted", "in_progress", "resolved", "closed/confirmed", "new-one"]


@pytest.mark.parametrize("cookie", ["huying", "__Host-huying"])
async def test_somebody_who_is_signed_in_finds_the_way_back_to_the_desk(reader: httpx.AsyncClient, cookie: str):
    listed = (await reader.get("/board/demands?jurisdiction=nanhai")).text
    number = re.findall(r'href="/board/demands/(NH[^"?]+)', listed)[0]
    for path in ("/board?", "/board/demands?jurisdiction=nanhai&", f"/board/demands/{number}?"):
        everybody = await reader.get(path)
        assert (everybody.status_code, 'href="/desk' in everybody.text) == (200, False)
        assert "Cookie" in everybody.headers["vary"]
        staff = await reader.get(f"{path}lang=en", headers={"Cookie": f"{cookie}=secret"})
        assert '<a href="/desk?lang=en">Back to the desk</a>' in staff.text
        assert '<a href="/desk">返回办理台</a>' in (await reader.get(path, headers={"Cookie": f"{cookie}=x"})).text


@pytest.mark.parametrize("by", ["month", "division", "unit", "category", "channel"])
async def test_every_breakdown_can_be_opened(reader: httpx.AsyncClient, by: str):
    answer = await reader.get("/board", params={"jurisdiction": "nanhai", "by": by})
    assert answer.status_code == 200
    assert "/board/demands?" in answer.text


async def test_a_figure_of_a_past_day_links_to_the_demands_of_that_day(reader: httpx.AsyncClient):
    page = (await reader.get("/board", params={"jurisdiction": "nanhai", "until": "2021-05-01"})).text
    assert "/board/demands?jurisdiction=nanhai&amp;until=2021-05-01" in page
    assert "NH21" not in (await reader.get("/board/demands?jurisdiction=nanhai&until=2021-05-01")).text
    assert "NH21" in (await reader.get("/board/demands?jurisdiction=nanhai&until=2021-12-31")).text


async def test_a_month_and_a_day_together_are_refused(reader: httpx.AsyncClient):
    parameters = {"jurisdiction": "nanhai", "month": "2021-05", "until": "2021-12-31"}
    for path in ("/board", "/v1/figures/completion"):
        answer = await reader.get(path, params=parameters)
        assert (answer.status_code, "month" in answer.text) == (422, True)


@pytest.fixture
async def text_reader(
    database: str, pool: Pool, tmp_path: Path, browser: httpx.AsyncClient
) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose pack publishes the texts of demands."""
    values = KEYS | {"DATABASE_URL": database, "jurisdictions_dir": showing(tmp_path / "packs", *PublicPart)}
    settings = ReportingSettings.model_validate(values)
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        yield client


async def test_the_text_of_a_citizen_is_shown_if_the_pack_publishes_it_and_never_executed(
    text_reader: httpx.AsyncClient,
):
    for path in ("/board/demands?jurisdiction=nanhai", "/board/demands/NH21-000003-S"):
        page = (await text_reader.get(path)).text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


async def test_a_demand_shows_its_steps_in_order_and_in_everyday_language(reader: httpx.AsyncClient):
    for lang, kinds in (("en", story.CLOSED), ("zh", story.CLOSED)):
        page = (await reader.get(f"/board/demands/NH21-000001-W?lang={lang}")).text
        places = [page.index(f'<span class="what">{STEPS[type(kind)][lang == "en"]}</span>') for kind in kinds]
        assert places == sorted(places)
        assert len(places) == 6
    assert "道路破损" in page
    assert "路面破损" not in page, "the words of its citizen"


def test_every_fact_is_a_step_in_both_languages_or_internal():
    kinds = {
        kind
        for kind in vars(f).values()
        if isinstance(kind, type) and issubclass(kind, f.Fact) and "type" in vars(kind)
    }
    assert set(STEPS) | INTERNAL == kinds
    assert not set(STEPS) & INTERNAL
    assert all(not zh.isascii() and en.isascii() for zh, en in STEPS.values())


async def test_accesses_to_personal_data_and_messages_are_not_shown(browser: httpx.AsyncClient, delivery: Told):
    notes: list[Fact] = [
        f.PersonalDataViewed(by="Chen", fields=("phone",), why="x"),
        f.NotificationSent(template="resolved", via="sms", about=UUID(int=9)),
        f.NotificationFailed(template="resolved", via="sms", about=UUID(int=9), cause="x"),
        f.DeadlineWarned(due_at=story.AT),
        f.DemandUrged(reason="x"),
    ]
    log = Log()
    await delivery.deliver([log.record(envelope(note, None, UUID(int=1), story.AT)) for note in notes])
    body = (await browser.get("/v1/figures/facts/NH21-000001-W")).json()
    assert [fact["type"] for fact in body if fact["sequence"] is None] == ["demand.urged.v1"]
    page = (await browser.get("/board/demands/NH21-000001-W")).text
    assert page.count('<span class="what">') == len(body) == len(story.CLOSED) + 1
    assert "群众催办" in page
    for word in ("personal", "notification", "warned", "intake", "/services/"):
        assert word not in page


@pytest.mark.parametrize(
    "path",
    ["/board?jurisdiction=nanhai", "/board/demands?jurisdiction=nanhai&by=month", "/board/demands/NH21-000001-W"],
)
async def test_every_page_links_to_itself_in_the_other_language(reader: httpx.AsyncClient, path: str):
    page = (await reader.get(path)).text
    (link,) = re.findall(r'<a href="([^"]+)" lang="en">English</a>', page)
    other = (await reader.get(html.unescape(link))).text
    assert '<html lang="en"' in other
    (link_back,) = re.findall(r'<a href="([^"]+)" lang="zh">中文</a>', other)
    assert (await reader.get(html.unescape(link_back))).text == page


async def test_a_confidential_report_is_counted_and_shows_only_that_it_was_raised(
    browser: httpx.AsyncClient, text_reader: httpx.AsyncClient, delivery: Told
):
    report = story.SUBMISSION.model_copy(
        update={"kind": RequestKind.REPORT, "title": "村长受贿", "number": REPORT, "channel": "discipline-line"}
    )
    answered = f.DemandResolved(by="Chen", result="x", summary="已立案")
    routed = f.DemandRouted(unit="nh-education", rule="r1", due_at=story.AT)
    await delivery.deliver(Log().records(report, routed, f.DemandAccepted(by="Chen"), answered, key=UUID(int=4)))
    secrets = ("受贿", "立案", "440605011001", "road-damage", "nh-education", "教育局", "discipline-line", "resolved")
    for reader in (browser, text_reader):
        for path in (f"/board/demands/{REPORT}", f"/board/demands/{REPORT}?lang=en", f"/v1/figures/facts/{REPORT}"):
            answer = await reader.get(path)
            assert answer.status_code == 200
            assert not [word for word in secrets if word in answer.text], path
        assert (await reader.get(f"/v1/figures/facts/{REPORT}")).json() == []
        demands = (await reader.get("/v1/figures/completion/demands")).json()["demands"]
        (row,) = [row for row in demands if row["number"] == REPORT]
        shown_fields = {name for name, value in row.items() if value is not None}
        assert shown_fields == {"id", "number", "confidential", "submitted_at", "imported"}
        page = (await reader.get("/board/demands?jurisdiction=nanhai")).text
        assert REPORT in page
        assert "举报内容不公开" in page
    figure = (await browser.get("/v1/figures/completion")).json()
    assert figure["total"]["collected"] == 4


@pytest.mark.parametrize(
    "query",
    ["by=division&key=440605011001", "by=unit&key=nh-education", "by=category&key=road-damage", "by=channel&key=web",
     "counted=status:routed", "counted=overdue", "by=division&key=440605000000&until=2021-12-31"],
)  # fmt: skip
async def test_no_list_reveals_the_place_or_state_of_a_confidential_report(
    browser: httpx.AsyncClient, delivery: Told, query: str
):
    routed = f.DemandRouted(unit="nh-education", rule="r1", due_at=story.AT)
    for n, kind in ((4, RequestKind.REPORT), (5, RequestKind.HELP)):
        submission = story.SUBMISSION.model_copy(update={"kind": kind, "number": f"NH21-00000{n}-X"})
        await delivery.deliver(Log().records(submission, routed, key=UUID(int=n)))
    for path in ("/board/demands", "/v1/figures/completion/demands"):
        page = (await browser.get(f"{path}?{query}")).text
        assert ("NH21-000005-O" in page, REPORT in page) == (True, False)
    assert "举报只计数，不在此列出" in (await browser.get(f"/board/demands?{query}")).text


async def test_a_field_that_the_pack_hides_gives_no_link_to_demands(
    database: str, pool: Pool, tmp_path: Path, browser: httpx.AsyncClient
):
    values = KEYS | {"DATABASE_URL": database, "jurisdictions_dir": showing(tmp_path / "packs", "category")}
    settings = ReportingSettings.model_validate(values)
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as reader:
        for by, key, is_open in (("division", "440605011001", False), ("unit", "roads", False),
                                 ("channel", "web", False), ("category", "road-damage", True)):  # fmt: skip
            figure = (await reader.get("/v1/figures/completion", params={"by": by})).json()
            assert all(bool(row["demands"]) == is_open for row in figure["rows"]), by
            assert figure["total"]["demands"]
            page = (await reader.get("/board", params={"by": by})).text
            assert (f"&amp;key={key}" in page) == is_open
            for path in ("/board/demands", "/v1/figures/completion/demands"):
                answer = await reader.get(path, params={"by": by, "key": key})
                assert answer.status_code == (200 if is_open else 403)
        (row, *_) = (await reader.get("/v1/figures/completion/demands")).json()["demands"]
        assert (row["division"], row["unit"], row["channel"], row["category"]) == (None, None, None, "road-damage")


async def test_rows_say_which_rows_they_contain(reader: httpx.AsyncClient):
    for by, top, parent, leaf in (
        ("division", "440605000000", "440605011000", "440605011001"),
        ("category", "traffic", "traffic", "road-damage"),
    ):
        figure = (await reader.get("/v1/figures/completion", params={"by": by})).json()
        rows = {row["key"]: row for row in figure["rows"]}
        assert rows[leaf]["parent"] == parent
        assert (rows[top]["parent"], rows[top]["level"], rows[top]["contains"]) == (None, 0, True)
        assert (rows[leaf]["level"], rows[leaf]["contains"]) == (2 if by == "division" else 1, False)
        assert sum(row["collected"] for row in rows.values() if row["parent"] is None) == figure["total"]["collected"]
        assert all(row["parent"] in rows for row in rows.values() if row["level"])
        page = (await reader.get("/board", params={"by": by})).text
        assert page.count("含下级") == sum(row["contains"] for row in rows.values()) > 0
        assert page.index(parent) < page.index(leaf)
    units = (await reader.get("/v1/figures/completion", params={"by": "unit"})).json()["rows"]
    assert {(row["parent"], row["level"], row["contains"]) for row in units} == {(None, 0, False)}


@pytest.mark.parametrize(
    ("registered", "zh", "en"),
    [("南海民声", "南海民声", "南海民声"), ("web", "网站", "Website"), (None, "网站", "Website")],
)
async def test_a_channel_is_shown_with_its_display_name(
    browser: httpx.AsyncClient, delivery: Told, registered: str | None, zh: str, en: str
):
    submission = story.SUBMISSION.model_copy(update={"number": "NH21-000006-M", "channel_name": registered})
    await delivery.deliver(Log().records(submission, key=UUID(int=6)))
    for lang, name in (("zh", zh), ("en", en)):
        for path in ("/board?by=channel", "/board/demands/NH21-000006-M?", "/board/demands?by=channel&key=web"):
            assert name in (await browser.get(f"{path}&lang={lang}")).text, path
    figure = (await browser.get("/v1/figures/completion?by=channel")).json()
    assert [(row["key"], row["name"]) for row in figure["rows"]] == [("web", zh)]


async def test_a_renamed_channel_is_shown_with_its_new_name(browser: httpx.AsyncClient, delivery: Told):
    log = Log()
    for n, name in ((6, "民声热线"), (7, "南海民声")):
        submission = story.SUBMISSION.model_copy(update={"number": f"NH21-00000{n}-X", "channel_name": name})
        await delivery.deliver(log.records(submission, key=UUID(int=n)))
    page = (await browser.get("/board?by=channel")).text
    assert ("南海民声" in page, "民声热线" in page) == (True, False)


@pytest.mark.parametrize("until", ["9999-12-31", "0001-01-01", "3000-01-01", "1899-12-31"])
@pytest.mark.parametrize(
    "path", ["/board", "/board/demands", "/v1/figures/completion", "/v1/figures/completion/demands"]
)
async def test_a_day_outside_the_calendar_is_refused_with_a_reason(reader: httpx.AsyncClient, path: str, until: str):
    answer = await reader.get(path, params={"until": until})
    assert (answer.status_code, "应在 1900 年至 2999 年之间" in answer.text) == (422, True), answer.text
    for edge in ("1900-01-01", "2999-12-31"):
        assert (await reader.get(path, params={"until": edge})).status_code == 200


async def test_a_demand_that_does_not_exist_is_a_page_that_says_so(reader: httpx.AsyncClient):
    answer = await reader.get("/board/demands/NH21-999999-C")
    assert (answer.status_code, "没有编号为" in answer.text) == (404, True)


async def test_a_jurisdiction_that_does_not_exist_is_explained(reader: httpx.AsyncClient):
    answer = await reader.get("/board?jurisdiction=atlantis")
    assert answer.status_code == 422
    assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/board?jurisdiction=nanhai", "/board/demands?jurisdiction=nanhai", "/docs"])
async def test_no_page_loads_anything_from_another_host(reader: httpx.AsyncClient, path: str):
    answer = await reader.get(path)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", answer.text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for asset in re.findall(r"""(?:src|href)=["'](/[^"'?#]+(?:css|js|svg))["']""", answer.text):
        assert (await reader.get(asset)).status_code == 200, asset


NO, YES, SECOND_YES = f.PublicationRefused(), f.PublicationAllowed(), f.PublicationAllowed(refusals=1)


@pytest.mark.parametrize(
    ("may_publish", "notes", "shown"),
    [
        (False, [], False),
        (False, [YES], True),
        (False, [YES, NO], False),
        (True, [NO], False),
        (True, [NO, SECOND_YES], True),
        (True, [NO, SECOND_YES, NO], False),
    ],
    ids=["no", "no, yes", "no, yes, no", "yes, no", "yes, no, yes", "yes, no, yes, no"],
)
@pytest.mark.parametrize("minutes", [1, 0, -1], ids=["clocks agree", "at once", "clocks disagree"])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "out of order"])
async def test_the_board_counts_the_last_consent_to_publication_by_sequence_and_not_by_clock(
    text_reader: httpx.AsyncClient, delivery: Told, may_publish: bool, notes: list[Fact], shown: bool, minutes: int,
    turned: bool,
):  # fmt: skip
    submission = story.SUBMISSION.model_copy(update={"title": "门口水浸", "may_publish": may_publish})
    log, key = Log(), UUID(int=7)
    await delivery.deliver(log.records(submission, key=key))
    for n, note in sorted(enumerate(notes), reverse=turned):
        note_envelope = envelope(note, None, key, story.AT + timedelta(minutes=n * minutes))._replace(
            id=UUID(int=70 + n)
        )
        await delivery.deliver([log.record(note_envelope)])
    for path in ("/v1/figures/completion/demands", "/board/demands?jurisdiction=nanhai", f"/board/demands/{SEVENTH}"):
        answer = await text_reader.get(path)
        assert (answer.status_code, "门口水浸" in answer.text) == (200, shown), path


@pytest.mark.parametrize("address", ["/board?month=2026-13", "/board?by=colour", "/board/demands?until=yesterday"])
async def test_an_invalid_address_is_answered_with_a_page(reader: httpx.AsyncClient, address: str):
    answer = await reader.get(address, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "text/html; charset=utf-8")
    assert "地址或表单有误" in answer.text
    assert "返回公示" in answer.text
