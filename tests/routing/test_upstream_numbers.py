"""A demand from another system is found by its number there, which the case, the printed sheet and the table show."""

import csv
import io

import pytest

from shared.contracts.demand import facts as f
from tests.city import CLERK, LEADER, City
from tests.routing.visitor import visitor, words_of

UPSTREAM = "GD2026-88301-7"


@pytest.mark.parametrize("words", [UPSTREAM, UPSTREAM.lower(), "88301"])
async def test_an_open_case_is_found_by_the_number_at_its_source(city: City, words: str):
    case, other = await city.raises(external_id=UPSTREAM), await city.raises(external_id="GD2026-11111-0")
    async with visitor(city, CLERK) as clerk:
        page = (await clerk.open(f"/desk?text={words}")).text
    assert (case in page, other in page) == (True, False)


async def test_the_case_and_its_sheet_show_the_number_at_its_source(city: City):
    case, other_case = await city.raises(external_id=UPSTREAM), await city.raises()
    async with visitor(city, CLERK) as clerk:
        for path in ("", "/sheet"):
            words = words_of((await clerk.open(f"/desk/cases/{case}{path}")).text)
            assert words[words.index("来源编号") + 1] == UPSTREAM
            assert "来源编号" not in (await clerk.open(f"/desk/cases/{other_case}{path}")).text


async def test_a_finished_case_is_found_and_exported_with_the_number_at_its_source(city: City):
    case = await city.raises(external_id=UPSTREAM)
    await city.tells(case, f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result="已铺好"))
    async with visitor(city, LEADER) as leader:
        assert case in (await leader.open("/desk/done?text=88301")).text
        answer = await leader.open("/desk/done.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["编号"], row["来源编号"]) == (case, UPSTREAM)


async def test_nobody_outside_of_the_office_sees_the_number_at_its_source(city: City):
    case = await city.raises(external_id=UPSTREAM)
    async with visitor(city) as citizen:
        for path in (f"/board/demands/{case}", f"/v1/figures/facts/{case}", f"/demands/{case}"):
            answer = await citizen.open(path)
            assert (answer.status_code, UPSTREAM in answer.text) == (200, False)
