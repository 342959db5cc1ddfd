"""The steps and figures on the pages of a catalogue version."""

import json
import re

from shared.contracts.numbers import number
from tests.routing.test_catalogue_pages import COORDINATOR, FILE, CataloguePages, harness, words
from tests.routing.visitor import forms_of

__all__ = ["harness"]
NEXT = re.compile(r'(?:href|action)="/desk/catalogue/[0-9a-f]{12}/([a-z-]+)')
NOISE = "- {id: night, match: {category: noise, keywords: [夜间]}, lead: nh-police}"


async def offered(harness: CataloguePages, path: str) -> list[str]:
    """The steps that the page of a version links to, in order, without repetition."""
    return list(dict.fromkeys(NEXT.findall((await harness.client.get(path)).text)))


async def in_force_at_once(harness: CataloguePages, path: str) -> None:
    await harness.send(f"{path}/publish", when="now")
    await harness.pool.execute("UPDATE catalogue_publication SET in_force_from = now() - interval '1 minute'")


async def test_a_version_offers_the_steps_that_may_come_next_and_no_others(harness: CataloguePages):
    path = await harness.drafted()
    version = path.rpartition("/")[2]
    assert await offered(harness, path) == ["rehearse"]
    await harness.send(f"{path}/rehearse")
    assert await offered(harness, path) == ["publish", "rehearse"]
    await harness.send(f"{path}/publish", when="later", at="2099-01-01T08:00")
    assert await offered(harness, path) == ["cancel"]
    await harness.send(f"{path}/cancel")
    await in_force_at_once(harness, path)
    assert await offered(harness, path) == ["roll-back"], "to the one before"
    assert f"/desk/catalogue/{FILE}/roll-back" in (await harness.client.get(path)).text
    assert f'href="/desk/catalogue/new?from={version}"' in (await harness.client.get(path)).text
    base = (await harness.client.get(f"/desk/catalogue/new?from={version}")).text
    assert "id: sunk" in base
    assert "id: sunk" not in (await harness.client.get(f"/desk/catalogue/new?from={FILE}")).text


async def test_a_rehearsal_must_be_repeated_when_another_version_is_in_force(harness: CataloguePages):
    path, other = await harness.drafted(), await harness.drafted(NOISE)
    for page_path in (path, other):
        await harness.send(f"{page_path}/rehearse")
    assert "请重新预演" not in await harness.page(path)
    await in_force_at_once(harness, other)
    assert "请重新预演" in await harness.page(path)
    assert await offered(harness, path) == ["rehearse"]


async def test_the_publish_page_names_the_publication_that_would_be_cancelled(harness: CataloguePages):
    path, other = await harness.drafted(), await harness.drafted(NOISE)
    for page_path in (path, other):
        await harness.send(f"{page_path}/rehearse")
    await harness.send(f"{other}/publish", when="later", at="2099-01-01T08:00")
    assert f"{other.rpartition('/')[2]} 的发布会被取消" in await harness.page(f"{path}/publish")
    assert "的发布会被取消" not in await harness.page(f"{other}/publish")


async def test_every_figure_of_a_rehearsal_is_in_its_place(harness: CataloguePages):
    late = await harness.deliver(1, text="路面塌陷")
    await harness.deliver(2, text="有坑")
    path = await harness.drafted()
    rehearsed = words(await harness.send(f"{path}/rehearse"))
    assert "南海区交通运输局 0 1 +1 原来没有" in rehearsed
    assert "桂一社区驻点直联工作站 2 1 -1 -50 %" in rehearsed
    assert "会逾期的诉求" not in rehearsed
    version = path.rpartition("/")[2]
    example = {"number": late, "title": "路", "due_after": "2021-05-11T15:59:59Z", "ended_at": "2021-05-12T02:00:00Z"}
    await harness.pool.execute(
        "UPDATE catalogue_version SET rehearsal = rehearsal || $2::jsonb WHERE version = $1",
        version, json.dumps({"late": 3, "late_examples": [example]}),
    )  # fmt: skip
    shown = await harness.page(path)
    assert "其中 3 件原来按时、改后会逾期" in shown
    listed = shown.partition("会逾期的诉求")[2]
    assert number("NH", 2021, 1) in listed
    assert "5月11日 23:59" in listed


async def test_a_version_says_how_many_errors_and_warnings_its_check_found(harness: CataloguePages):
    path = await harness.drafted()
    version = path.rpartition("/")[2]
    findings = [
        {"severity": kind, "line": 3, "message": "m", "message_zh": "有问题"}
        for kind in ("error", "warning", "warning")
    ]
    await harness.pool.execute(
        "UPDATE catalogue_version SET findings = $2::jsonb WHERE version = $1", version, json.dumps(findings)
    )
    assert "错误 1，提醒 2" in (await harness.page("/desk/catalogue")).partition(version)[2]
    shown = await harness.page(path)
    assert (shown.count("错误 第 3 行"), shown.count("提醒 第 3 行")) == (1, 2)


async def test_every_changing_form_of_the_catalogue_has_the_csrf_token(harness: CataloguePages):
    path, waits = await harness.drafted(), await harness.drafted(NOISE)
    await harness.send(f"{path}/rehearse")
    await harness.send(f"{waits}/rehearse")
    await harness.send(f"{waits}/publish", when="later", at="2099-01-01T08:00")
    await harness.deliver(1)
    pages = ["/desk/catalogue", "/desk/catalogue/new", path, f"{path}/publish", waits, f"{FILE}/roll-back"]
    tokens = {}
    for page in pages:
        address = page if page.startswith("/") else f"/desk/catalogue/{page}"
        for action, hidden in forms_of((await harness.client.get(address)).text).items():
            tokens[f"{address} {action}"] = bool(hidden.get("csrf"))
    steps = {action.rpartition("/")[2] for action in tokens}
    assert {"sign-out", "new", "rehearse", "publish", "cancel", "roll-back"} <= steps
    assert [form for form, has_token in tokens.items() if not has_token] == []
    await harness.sign_in(COORDINATOR, "auditor")
    assert "/desk/catalogue/new" not in (await harness.client.get("/desk/catalogue")).text
