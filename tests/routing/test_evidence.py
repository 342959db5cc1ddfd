"""Files that units hand in at the desk: kept by intake, named in the case, opened by whoever may read it."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.routing.web.evidence_files import MOST
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.city import CLERK, DISPATCHER, EDUCATION, LEADER, TOWN_CLERK, City
from tests.intake.papers import plain
from tests.intake.test_attachments import picture
from tests.routing.visitor import Visitor, visitor, words_of

PHOTO = ("修复后.jpg", picture("JPEG"))
PAPER = ("验收单.pdf", plain())


@pytest.fixture
async def clerk(city: City) -> AsyncIterator[Visitor]:
    async with visitor(city, CLERK) as opened:
        yield opened


async def accepted(city: City) -> str:
    case = await city.raises()
    await city.tells(case, f.DemandAccepted(by="陈晓岚"))
    return case


async def send(staff: Visitor, path: str, *files: tuple[str, bytes], **typed: str) -> httpx.Response:
    """Fill in the form of a command with files."""
    parts = [("attachments", file) for file in files]
    return await staff.client.post(path, data=await staff.hidden(path) | typed, files=parts)


def file_links(html: str) -> list[str]:
    return re.findall(r'href="(/desk/cases/[^"]+/files/[^"]+)"', html)


async def stored(city: City) -> int:
    count: int = await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM attachment")
    return count


async def test_several_files_come_with_one_command_and_open_from_the_case(city: City, clerk: Visitor):
    case = await accepted(city)
    done = await send(clerk, f"/desk/cases/{case}/attach", PHOTO, PAPER, kind="handling", note="已回填")
    assert (done.status_code, done.url.path) == (200, f"/desk/cases/{case}")
    words = words_of(done.text)
    assert {"添加佐证", "附件 1", "附件 2"} <= set(words)
    assert "办理附件" in "".join(words)
    links = file_links(done.text)
    kinds = []
    for link in links:
        file = await clerk.client.get(link)
        kinds.append(file.headers["content-type"])
        assert file.status_code == 200
        assert "sandbox" in file.headers["content-security-policy"]
        assert file.headers["content-disposition"].startswith("attachment")
    assert kinds == ["image/jpeg", "application/pdf"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("contact", {"reached": "yes", "note": "已致电"}),
        ("progress", {"note": "已开工"}),
        ("resolve", {"result": "已修复"}),
    ],
)
async def test_what_is_told_of_the_work_may_bring_files(city: City, clerk: Visitor, name: str, typed: dict[str, str]):
    case = await accepted(city)
    done = await send(clerk, f"/desk/cases/{case}/{name}", PHOTO, **typed)
    assert done.status_code == 200, done.text
    assert len(file_links(done.text)) == 1
    assert "evidence-attached" in await city.facts(case)


async def test_files_of_an_answer_are_for_the_citizen_where_the_clerk_says_so(city: City, clerk: Visitor):
    for shown in ("yes", ""):
        case = await accepted(city)
        done = await send(clerk, f"/desk/cases/{case}/resolve", PHOTO, result="已修复", show_files=shown)
        (link,) = file_links(done.text)
        assert (await clerk.client.get(link)).status_code == 200
        told = await city.fact(case, f.DemandResolved)
        assert told.attachments == ((link.rpartition("/")[2],) if shown else ())
        assert ("evidence-attached" in await city.facts(case)) is not bool(shown)


async def test_a_unit_that_helps_hands_in_files_with_its_report(city: City):
    case = await accepted(city)
    async with visitor(city, TOWN_CLERK) as helper:
        done = await send(helper, f"/desk/cases/{case}/report-assistance", PAPER, note="图纸见附件", done="yes")
    assert len(file_links(done.text)) == 1


async def test_evidence_opens_for_those_who_may_read_the_case_and_for_no_channel(city: City, clerk: Visitor):
    case = await accepted(city)
    done = await send(clerk, f"/desk/cases/{case}/attach", PHOTO, kind="identity")
    (link,) = file_links(done.text)
    for reader in (DISPATCHER, LEADER):
        async with visitor(city, reader) as staff:
            assert (await staff.client.get(link)).status_code == 200
    async with visitor(city, EDUCATION) as stranger:
        assert (await stranger.client.get(link)).status_code == 404
    reference = link.rpartition("/")[2]
    key = {"X-API-Key": await city.channel_with("submit", "read-all")}
    async with httpx.AsyncClient(base_url=city.url, trust_env=False) as channel:
        assert (await channel.get(f"/v1/attachments/{reference}", headers=key)).status_code == 404
        assert (await channel.get(f"/v1/attachments/{reference}")).status_code == 401


async def test_who_may_read_a_case_and_not_work_on_it_hands_in_nothing(city: City):
    case = await accepted(city)
    async with visitor(city, LEADER) as leader:
        hidden = await leader.hidden(f"/desk/cases/{case}/note")
        path = f"/desk/cases/{case}/attach"
        refused = await leader.client.post(path, data=hidden, files=[("attachments", PHOTO)])
    assert refused.status_code == 403
    assert await stored(city) == 0


async def test_a_form_with_files_that_is_sent_twice_does_it_once(city: City, clerk: Visitor):
    case = await accepted(city)
    path = f"/desk/cases/{case}/attach"
    hidden = await clerk.hidden(path)
    for _ in range(2):
        answer = await clerk.client.post(path, data=hidden, files=[("attachments", PHOTO), ("attachments", PAPER)])
        assert answer.status_code == 200, answer.text
    assert (await city.facts(case)).count("evidence-attached") == 1
    assert await stored(city) == 2


async def test_a_file_that_is_refused_is_named_and_the_others_are_kept(city: City, clerk: Visitor):
    case = await accepted(city)
    path = f"/desk/cases/{case}/resolve"
    wrong = await send(clerk, path, PHOTO, ("视频.mp4", b"\x00\x00\x00\x18ftypmp42"), result="已修复")
    assert wrong.status_code == 422
    assert 'href="#attachments"' in wrong.text
    assert "视频.mp4：不接受此类文件" in wrong.text
    assert {"已修复", "修复后.jpg"} <= set(words_of(wrong.text))
    (kept,) = re.findall(r'name="kept" value="([^"]+)" checked', wrong.text)
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', wrong.text))
    answer = await clerk.client.post(path, data=again | {"result": "已修复", "kept": kept}, files=[])
    assert answer.status_code == 200
    assert len(file_links(answer.text)) == 1
    assert "resolved" in await city.facts(case)


async def test_too_many_files_and_too_large_ones_are_refused_on_a_page(city: City, clerk: Visitor):
    case = await accepted(city)
    path = f"/desk/cases/{case}/attach"
    many = await send(clerk, path, *[PHOTO] * (MOST + 1))
    assert many.status_code == 422
    assert f"最多上传 {MOST} 个文件" in many.text
    large = await send(clerk, path, ("大.jpg", b"\xff\xd8\xff" + bytes(49 * 1_048_576)))
    assert (large.status_code, large.headers["content-type"].split(";")[0]) == (413, "text/html")
    assert 'href="/desk' in large.text
    assert await city.facts(case) == ["routed", "accepted"]
