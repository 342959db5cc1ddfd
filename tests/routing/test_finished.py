"""Finished cases of a unit can be searched by words, place and month, also by units above, and exported as a table."""

import csv
import io
from zoneinfo import ZoneInfo

import pytest

from services.routing.web import finished_pages
from shared.contracts.demand import facts as f
from shared.web.spreadsheet import spreadsheet
from tests.city import CLERK, EDUCATION, LEADER, STATION, TOWN_CLERK, TOWN_HEAD, City
from tests.routing.visitor import visitor, words_of

HERE = ZoneInfo("Asia/Shanghai")
ACCEPTED, RESOLVED = f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result="已铺好")


async def done(city: City, title: str) -> str:
    case = await city.raises(title=title)
    await city.tells(case, ACCEPTED, RESOLVED)
    return case


async def test_finished_cases_and_no_open_ones_are_found_by_number_words_and_place(city: City):
    case, other, still_open = await done(city, "村口路面塌陷"), await done(city, "三巷路灯"), await city.raises()
    async with visitor(city, CLERK) as clerk:
        page = (await clerk.open("/desk/done")).text
        assert case in page
        assert other in page
        assert still_open not in page
        for words in (case, "塌陷"):
            page = (await clerk.open(f"/desk/done?text={words}")).text
            assert case in page
            assert other not in page
        assert other in (await clerk.open("/desk/done?text=桂一")).text
        assert other not in (await clerk.open("/desk/done?text=狮山")).text


async def test_a_month_lists_the_cases_answered_in_it(city: City):
    case = await done(city, "村口路面塌陷")
    answered = (await city.demand(case)).resolved_at
    assert answered
    async with visitor(city, CLERK) as clerk:
        assert case in (await clerk.open(f"/desk/done?month={answered.astimezone(HERE):%Y-%m}")).text
        assert case not in (await clerk.open("/desk/done?month=2020-02")).text
        assert (await clerk.open("/desk/done?month=2020-13")).status_code == 422


@pytest.mark.parametrize(
    ("person", "sees"), [(TOWN_HEAD, True), (LEADER, True), (TOWN_CLERK, False), (EDUCATION, False)]
)
async def test_only_staff_responsible_for_units_see_their_finished_cases(city: City, person: str, sees: bool):
    case = await done(city, "村口路面塌陷")
    async with visitor(city, person) as browser:
        assert (case in (await browser.open("/desk/done")).text) == sees
        assert (case in (await browser.open("/desk/done.csv")).text) == sees


async def test_the_table_has_a_row_for_every_case(city: City):
    case = await done(city, "村口路面塌陷")
    async with visitor(city, CLERK) as clerk:
        answer = await clerk.open(f"/desk/done.csv?text={case}")
    assert answer.headers["content-disposition"] == 'attachment; filename="done-all.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["编号"], row["诉求"], row["经办人"], row["状态"]) == (case, "村口路面塌陷", "陈晓岚", "已办结，待评价")


async def test_a_case_handled_by_a_program_of_the_unit_is_listed_with_the_name_of_the_unit(city: City):
    case = await city.raises()
    async with visitor(city, CLERK) as clerk:
        await city.tells(case, f.DemandAccepted(by=STATION))
        page_text = words_of((await clerk.open("/desk")).text)
        await city.tells(case, RESOLVED)
        (row,) = csv.DictReader(io.StringIO((await clerk.open("/desk/done.csv")).content.decode("utf-8-sig")))
    assert STATION not in page_text
    assert row["承办单位"] in page_text
    assert row["经办人"] == row["承办单位"]


async def test_a_table_longer_than_a_page_has_every_case_once(city: City, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finished_pages, "AT_ONCE", 2)
    cases = {await done(city, f"第{n}处路面塌陷") for n in range(5)}
    async with visitor(city, TOWN_HEAD) as head:
        answer = await head.open("/desk/done.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row["编号"] for row in rows) == sorted(cases)


def test_text_that_a_spreadsheet_would_calculate_stays_text():
    answer = spreadsheet("x", ["题"], [['=HYPERLINK("http://evil.example")'], ["-1"], ["1,5"]])
    rows = list(csv.reader(io.StringIO(bytes(answer.body).decode("utf-8-sig"))))
    assert rows == [["题"], ['\'=HYPERLINK("http://evil.example")'], ["'-1"], ["1,5"]]


async def test_a_search_by_place_finds_open_cases_and_says_where_finished_ones_are(city: City):
    case = await city.raises()
    async with visitor(city, CLERK) as clerk:
        assert case in (await clerk.open("/desk?text=桂一")).text
        assert "/desk/done?text=" in (await clerk.open("/desk?text=没有这样的字")).text


async def test_each_figure_of_the_overview_links_to_its_cases(city: City):
    late, early = await city.raises(title="拖了十天的路"), await city.raises(title="还早的路")
    await city.routed(late, -10)
    await city.routed(early, 20)
    path = "/desk/overview/cases?unit=station-440605011001&list=overdue"
    async with visitor(city, LEADER) as leader:
        assert path.replace("&", "&amp;") in (await leader.open("/desk/overview")).text
        page = (await leader.open(path)).text
        assert late in page
        assert early not in page
        assert early in (await leader.open("/desk/overview/cases?list=open")).text
        assert (await leader.open("/desk/overview/cases?list=triage")).status_code == 404
    async with visitor(city, CLERK) as clerk:
        assert (await clerk.open(path)).status_code == 403
    async with visitor(city, TOWN_HEAD) as head:
        assert (await head.open("/desk/overview/cases?unit=nh-education")).status_code == 403
