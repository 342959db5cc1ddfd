"""Files that units upload at the desk: stored by intake, listed in the case, and readable by those who may read the
case."""

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
    """Send the form of a command with files."""
    parts = [("attachments", file) for file in files]
    return await staff.client.post(path, data=await staff.hidden(path) | typed, files=parts)


def file_links(html: str) -> list[str]:
    return re.findall(r'href="(/desk/cases/[^"]+/files/[^"]+)"', html)


async def stored(city: City) -> int:
    count: int = await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM attachment")
    return count


async def test_several_files_come_with_one_command_and_open_from_the_case(city: City, clerk: Visitor):
    case = await accepted(city)
    response = await send(clerk, f"/desk/cases/{case}/attach", PHOTO, PAPER, kind="handling", note="已回填")
    assert (response.status_code, response.url.path) == (200, f"/desk/cases/{case}")
    words = words_of(response.text)
    assert {"添加佐证", "附件 1", "附件 2"} <= set(words)
    assert "办理附件" in "".join(words)
    links = file_links(response.text)
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
async def test_progress_reports_may_have_files(city: City, clerk: Visitor, name: str, typed: dict[str, str]):
    case = await accepted(city)
    response = await send(clerk, f"/desk/cases/{case}/{name}", PHOTO, **typed)
    assert response.status_code == 200, response.text
    assert len(file_links(response.text)) == 1
    assert "evidence-attached" in await city.facts(case)


async def test_files_of_an_answer_are_for_the_citizen_if_the_clerk_says_so(city: City, clerk: Visitor):
    for choice in ("yes", ""):
        case = await accepted(city)
        response = await send(clerk, f"/desk/cases/{case}/resolve", PHOTO, result="已修复", show_files=choice)
        (link,) = file_links(response.text)
        assert (await clerk.client.get(link)).status_code == 200
        resolved = await city.fact(case, f.DemandResolved)
        assert resolved.attachments == ((link.rpartition("/")[2],) if choice else ())
        assert ("evidence-attached" in await city.facts(case)) is not bool(choice)


async def test_an_assisting_unit_uploads_files_with_its_report(city: City):
    case = await accepted(city)
    async with visitor(city, TOWN_CLERK) as helper:
        response = await send(helper, f"/desk/cases/{case}/report-assistance", PAPER, note="图纸见附件", done="yes")
    assert len(file_links(response.text)) == 1


async def test_evidence_can_be_read_by_those_who_may_read_the_case_and_by_no_channel(city: City, clerk: Visitor):
    case = await accepted(city)
    response = await send(clerk, f"/desk/cases/{case}/attach", PHOTO, kind="identity")
    (link,) = file_links(response.text)
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


async def test_a_person_who_may_only_read_a_case_cannot_upload_files(city: City):
    case = await accepted(city)
    async with visitor(city, LEADER) as leader:
        hidden = await leader.hidden(f"/desk/cases/{case}/note")
        path = f"/desk/cases/{case}/attach"
        refused = await leader.client.post(path, data=hidden, files=[("attachments", PHOTO)])
    assert refused.status_code == 403
    assert await stored(city) == 0


async def test_a_form_with_files_that_is_sent_twice_is_executed_once(city: City, clerk: Visitor):
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
    refused_page = await send(clerk, path, PHOTO, ("视频.mp4", b"\x00\x00\x00\x18ftypmp42"), result="已修复")
    assert refused_page.status_code == 422
    assert 'href="#attachments"' in refused_page.text
    assert "视频.mp4：不接受此类文件" in refused_page.text
    assert {"已修复", "修复后.jpg"} <= set(words_of(refused_page.text))
    (kept_references,) = re.findall(r'name="kept" value="([^"]+)" checked', refused_page.text)
    hidden_fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', refused_page.text))
    answer = await clerk.client.post(path, data=hidden_fields | {"result": "已修复", "kept": kept_references}, files=[])
    assert answer.status_code == 200
    assert len(file_links(answer.text)) == 1
    assert "resolved" in await city.facts(case)


async def test_too_many_or_too_large_files_are_refused_with_a_page(city: City, clerk: Visitor):
    case = await accepted(city)
    path = f"/desk/cases/{case}/attach"
    response_many = await send(clerk, path, *[PHOTO] * (MOST + 1))
    assert response_many.status_code == 422
    assert f"最多上传 {MOST} 个文件" in response_many.text
    large = await send(clerk, path, ("大.jpg", b"\xff\xd8\xff" + bytes(49 * 1_048_576)))
    assert (large.status_code, large.headers["content-type"].split(";")[0]) == (413, "text/html")
    assert 'href="/desk' in large.text
    assert await city.facts(case) == ["routed", "accepted"]
