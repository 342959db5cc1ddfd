"""Published demands: the newest edition is shown in whatever order facts arrive, and demands are listed."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any, Final
from uuid import UUID, uuid4
from xml.etree import ElementTree

import httpx
import pytest

from services.intake.assembled import demand_repository
from services.intake.publications import queries
from services.intake.publications.consent import consent_of, is_ever_published
from services.intake.publications.list_queries import PublicFilter, list_query
from services.intake.publications.queries import Published
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.http.pagination import NEWEST
from shared.contracts.demand import facts as f
from shared.jurisdiction.release import ReleaseRules
from tests import story
from tests.chassis.conftest import envelope
from tests.packs import nanhai, shipped

VILLAGE, NEXT_DOOR, OTHER_TOWN, TOWN = "440605011001", "440605011004", "440605126222", "440605011000"
POLICY: Final = "nanhai: reviewed"
ATOM: Final = {"a": "http://www.w3.org/2005/Atom"}
MAPS: Final = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def published(edition: int = 1, **changes: Any) -> f.DemandPublished:
    texts = {
        "title": f"标题{edition}",
        "text": f"原话{edition}",
        "answer": f"答复{edition}",
        "policy": "nanhai: reviewed",
    }
    return f.DemandPublished(edition=edition, **(texts | changes))


def withdrawn(edition: int) -> f.DemandUnpublished:
    return f.DemandUnpublished(edition=edition, ground=f.UnpublishedFor.PRIVACY, reason="x", by="何")


async def submit(client: httpx.AsyncClient, **body: Any) -> httpx.Response:
    answer = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    return answer


async def hears(pool: Pool, key: UUID, *dated_facts: tuple[f.Fact, int]) -> None:
    """Deliver facts of one demand in one batch, each with its minute."""
    async with pool.acquire() as db, db.transaction():
        work = await demand_repository(shipped()).load(db, [key], now())
        for fact, minute in dated_facts:
            sequence = work.state(key).version + 1 if fact.moves else None
            at = story.AT + timedelta(minutes=minute)
            work.apply(envelope(fact, sequence, key, at)._replace(id=uuid4()))
        await demand_repository(shipped()).save(db, work)


async def known_of(pool: Pool, key: UUID) -> Published:
    async with pool.acquire() as db:
        return await queries.of_demand(db, key)


EDITIONS: Final = ((published(1), 1), (published(2, correction="更正"), 2), (withdrawn(3), 3), (published(4), 4))


@pytest.mark.parametrize("length", [1, 2, 3, 4])
async def test_the_highest_edition_counts_in_every_order_and_batching_of_facts(pool: Pool, length: int):
    rows_found = set()
    for order in permutations(EDITIONS[:length]):
        for batches in ([order], [(demand,) for demand in order]):
            key = uuid4()
            await hears(pool, key, (story.SUBMISSION, 0))
            for batch in batches:
                await hears(pool, key, *batch)
            stands = await known_of(pool, key)
            listed = await pool.fetchval("SELECT released_at FROM demand_listing WHERE id = $1", key)
            rows_found.add((stands, listed))
    ((stands, listed),) = rows_found
    assert stands.released_at == story.AT + timedelta(minutes=1)
    assert stands.changed_at == story.AT + timedelta(minutes=length)
    assert stands.withheld == (stands.release is None) == (length == 3) == (listed is None)
    if stands.release:
        assert (stands.release.edition, stands.release.title) == (length, f"标题{length}")


@pytest.mark.parametrize("at", range(3))
async def test_a_citizens_refusal_counts_whenever_it_arrives(pool: Pool, at: int):
    key, facts = uuid4(), [(published(1), 1), (published(2), 2)]
    facts.insert(at, (f.PublicationRefused(), 9))
    await hears(pool, key, (story.SUBMISSION, 0))
    for fact in facts:
        await hears(pool, key, fact)
    stands = await known_of(pool, key)
    assert (stands.release, stands.withheld, stands.ground) == (None, True, f.UnpublishedFor.CITIZEN)
    row = await pool.fetchrow("SELECT title, text, answer, pieces FROM publication WHERE demand_id = $1", key)
    assert tuple(row) == (None, "", "", []), "words that nobody may read are not kept"
    assert await pool.fetchval("SELECT released_at FROM demand_listing WHERE id = $1", key) is None


YES_AND_NO: Final = ((f.PublicationRefused(), 1), (f.PublicationAllowed(refusals=1), 2), (f.PublicationRefused(), 3))


@pytest.mark.parametrize("length", [1, 2, 3])
async def test_a_consent_cancels_earlier_refusals_in_every_order_of_arrival(pool: Pool, length: int):
    refused = length != 2
    for order in permutations(YES_AND_NO[:length]):
        for batches in ([order], [(demand,) for demand in order]):
            key = uuid4()
            await hears(pool, key, (story.SUBMISSION.model_copy(update={"may_publish": False}), 0))
            for batch in batches:
                await hears(pool, key, *batch)
            await hears(pool, key, (published(2), 4))
            stands = await known_of(pool, key)
            assert (stands.withheld, stands.allowed, stands.release is None) == (refused, not refused, refused), order


# --- lists ------------------------------------------------------------------------------------------------------


async def released(client: httpx.AsyncClient, pool: Pool, title: str, **changes: Any) -> str:
    """Make a released demand, each later than the previous one, and return its number."""
    receipt = (await submit(client, title="未公开的原话", **changes)).json()
    latest = await pool.fetchval("SELECT count(*) FROM publication")
    await hears(pool, UUID(receipt["id"]), (published(1, title=title, text=f"{title}的原话"), latest + 1))
    return str(receipt["number"])


@pytest.fixture
async def four(client: httpx.AsyncClient, pool: Pool) -> list[str]:
    """Four released demands, the oldest release first; beside them one unreleased and one withdrawn."""
    numbers = [
        await released(client, pool, "路灯不亮", division=VILLAGE, category="street-lighting"),
        await released(client, pool, "路面塌陷", division=NEXT_DOOR, category="road-damage"),
        await released(client, pool, "搅拌站夜间施工", division=OTHER_TOWN, category="noise"),
        await released(client, pool, "路灯被撞坏", division=OTHER_TOWN, category="street-lighting"),
    ]
    await submit(client, title="没有公开的诉求", division=VILLAGE)
    gone = (await submit(client, title="未公开的原话", division=VILLAGE)).json()["id"]
    await hears(pool, UUID(gone), (published(1, title="路灯撤回"), 8), (withdrawn(2), 9))
    return numbers


async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/v1/public/demands", params=query)
    assert answer.status_code == 200, answer.text
    return [demand["number"] for demand in answer.json()["demands"]]


async def test_the_latest_release_comes_first_and_filters_include_subtrees(client: httpx.AsyncClient, four: list[str]):
    lamp, road, noise, other_lamp = four
    assert await listed(client) == [other_lamp, noise, road, lamp]
    assert await listed(client, division=TOWN) == [road, lamp]
    assert await listed(client, division=VILLAGE) == [lamp]
    assert await listed(client, category="street-lighting") == [other_lamp, lamp]
    assert await listed(client, division=TOWN, category="street-lighting") == [lamp]
    assert await listed(client, words="路灯") == [other_lamp, lamp]
    assert await listed(client, words="路灯", division=TOWN) == [lamp]
    assert await listed(client, words="未公开") == []
    assert await listed(client, jurisdiction="losangeles") == []
    assert await listed(client, status="open") == [other_lamp, noise, road, lamp]
    assert await listed(client, status="ended") == []


async def test_pages_are_read_by_keyset(client: httpx.AsyncClient, four: list[str]):
    numbers: list[str] = []
    query: dict[str, Any] = {"limit": 1}
    for _ in range(4):
        answer = (await client.get("/v1/public/demands", params=query)).json()
        numbers += [demand["number"] for demand in answer["demands"]]
        query["after"] = answer.get("next")
    assert numbers == four[::-1]
    assert "next" not in answer


@pytest.mark.parametrize(
    "parameters", [{"division": "1"}, {"category": "x"}, {"words": "灯"}, {"after": "x"}, {"jurisdiction": "nowhere"}]
)
async def test_an_invalid_search_is_refused_with_a_reason(client: httpx.AsyncClient, parameters: dict[str, str]):
    answer = await client.get("/v1/public/demands", params=parameters)
    assert answer.status_code == (404 if "jurisdiction" in parameters else 422)
    assert answer.json()["errors"][0]["field"] in parameters


async def test_the_page_lists_and_searches_and_explains_an_empty_result(client: httpx.AsyncClient, four: list[str]):
    page = (await client.get("/demands")).text
    assert page.index("路灯被撞坏") < page.index("搅拌站夜间施工") < page.index("路灯不亮")
    assert "未公开的原话" not in page
    assert "没有公开的诉求</" not in page
    assert "<button>查找</button>" in page
    nothing = (await client.get("/demands", params={"words": "龙舟"})).text
    assert "没有找到" in nothing
    assert "提交前会列出附近相似的" in nothing, "where to learn of those that are not published"
    assert "请至少输入两个字" in (await client.get("/demands", params={"words": "灯"})).text
    assert "publishes no words" in (await client.get("/demands?jurisdiction=losangeles&lang=en")).text
    answer = await client.get("/demands", params={"words": four[0].lower()})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/demands/{four[0]}")


async def test_an_empty_list_explains_how_demands_get_there(client: httpx.AsyncClient):
    assert "群众同意、审核通过后" in (await client.get("/demands")).text


async def test_an_unreleased_demand_shows_its_status_and_no_text(client: httpx.AsyncClient):
    receipt = (await submit(client, title="未公开的原话", division=VILLAGE, category="noise")).json()
    page = (await client.get(f"/demands/{receipt['number']}")).text
    assert "这件诉求的内容没有公开" in page
    assert "未公开的原话" not in page
    assert "噪声" in page
    assert f'href="/board/demands/{receipt["number"]}"' in page, "which unit has it, until when"
    report = (await submit(client, title="举报的原话", division=VILLAGE, category="noise", kind="report")).json()
    page = (await client.get(f"/demands/{report['number']}")).text
    assert "举报内容一律不公开" in page
    assert not [words for words in ("举报的原话", "噪声", "桂城", "/board/demands/") if words in page]


async def test_a_released_demand_shows_its_corrections_and_no_names_of_staff(client: httpx.AsyncClient, pool: Pool):
    receipt = (await submit(client, title="未公开的原话", division=VILLAGE)).json()
    second = published(2, correction="更正了日期", by="何主任")
    await hears(pool, UUID(receipt["id"]), (published(1), 1), (second, 2))
    page = (await client.get(f"/demands/{receipt['number']}")).text
    assert all(words in page for words in ("标题2", "原话2", "答复2", "更正了日期", "2021年5月10日"))
    assert not [words for words in ("标题1", "何主任", POLICY) if words in page]
    story_ = (await client.get(f"/v1/public/demands/{receipt['number']}")).json()
    assert [step["became"] for step in story_["history"]] == ["corrected", "published"]
    assert "何主任" not in str(story_)


async def test_hostile_text_is_shown_as_text_on_pages_and_in_feeds(client: httpx.AsyncClient, pool: Pool):
    receipt = (await submit(client, title="x", division=VILLAGE)).json()
    hostile = "<script>alert(1)</script>\u202e&amp;]]>"
    await hears(pool, UUID(receipt["id"]), (published(1, title=hostile, text=hostile, answer=hostile), 1))
    for path in ("/demands", f"/demands/{receipt['number']}"):
        assert "<script>alert" not in (await client.get(path)).text
    feed = ElementTree.fromstring((await client.get("/demands/feed.atom")).content)
    assert feed.findtext("a:entry/a:title", None, ATOM) == hostile


async def test_a_feed_has_the_released_demands_of_a_place_and_a_category(client: httpx.AsyncClient, four: list[str]):
    lamp, road, _, _ = four
    answer = await client.get("/demands/feed.atom", params={"division": TOWN})
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert "no-cache" in answer.headers["cache-control"]
    feed = ElementTree.fromstring(answer.content)
    links = [link.attrib["href"] for link in feed.iterfind("a:entry/a:link", ATOM)]
    assert [link.rpartition("/")[2] for link in links] == [road, lamp]
    assert feed.findtext("a:entry/a:content", "", ATOM).startswith("路面塌陷的原话")
    lamps = await client.get("/demands/feed.atom", params={"division": TOWN, "category": "street-lighting"})
    assert len(ElementTree.fromstring(lamps.content).findall("a:entry", ATOM)) == 1


async def test_the_sitemap_lists_exactly_the_public_pages(client: httpx.AsyncClient, four: list[str]):
    index = ElementTree.fromstring((await client.get("/sitemap.xml")).content)
    months = [element.text or "" for element in index.iterfind("s:sitemap/s:loc", MAPS)]
    assert [month.rpartition("/")[2] for month in months] == ["2021-05.xml"]
    urls = ElementTree.fromstring((await client.get("/sitemap/2021-05.xml")).content)
    places = [element.text or "" for element in urls.iterfind("s:url/s:loc", MAPS)]
    assert {path.rpartition("/")[2] for path in places} == set(four)
    assert (await client.get("/sitemap/2021-13.xml")).status_code == 422


async def test_a_citizen_refuses_publication_through_the_channel_or_with_the_code(
    client: httpx.AsyncClient, pool: Pool
):
    receipt = (await submit(client, title="x", division=VILLAGE, may_publish=True)).json()
    await hears(pool, UUID(receipt["id"]), (published(1), 1))
    path = f"/v1/demands/{receipt['number']}/publication-refusal"
    answer = await client.post(path, json={}, headers={"Idempotency-Key": "no"})
    assert answer.status_code == 201, answer.text
    repeated = await client.post(path, json={}, headers={"Idempotency-Key": "no"})
    assert repeated.json() == answer.json()
    assert await listed(client) == []
    assert "应诉求人要求" in (await client.get(f"/demands/{receipt['number']}")).text


async def publication(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    demands: dict[str, Any] = (await client.get(f"/v1/demands/{number}")).json()["publication"]
    return demands


async def test_a_citizen_can_agree_later_in_a_mini_program_and_take_it_back(client: httpx.AsyncClient, pool: Pool):
    receipt = (await submit(client, title="x", division=VILLAGE, may_publish=False)).json()
    number, id = receipt["number"], UUID(receipt["id"])
    path = f"/v1/demands/{number}/publication-"
    no, yes, public = "not-agreed", "agreed", "public"
    assert await publication(client, number) == {"state": no, "may_agree": True, "may_refuse": False}
    answer = await client.post(f"{path}consent", json={}, headers={"Idempotency-Key": "yes"})
    assert answer.status_code == 201, answer.text
    repeated = await client.post(f"{path}consent", json={}, headers={"Idempotency-Key": "yes"})
    assert repeated.json() == answer.json()
    assert await consents(pool, id) == ["demand.publication-allowed.v1"]
    assert await publication(client, number) == {"state": yes, "may_agree": False, "may_refuse": True}
    await hears(pool, id, (published(1), 2))
    assert (await publication(client, number))["state"] == public
    await client.post(f"{path}refusal", json={}, headers={"Idempotency-Key": "no"})
    assert await publication(client, number) == {"state": "refused", "may_agree": True, "may_refuse": False}
    assert await listed(client) == []


async def consents(pool: Pool, id: UUID) -> list[str]:
    rows = await pool.fetch("SELECT type FROM journal WHERE aggregateid = $1 AND type LIKE '%publication%'", id)
    return [row["type"] for row in rows]


async def test_no_consent_is_requested_for_a_confidential_report(client: httpx.AsyncClient):
    receipt = (await submit(client, title="x", division=VILLAGE, kind="report")).json()
    assert await publication(client, receipt["number"]) is None
    path = f"/v1/demands/{receipt['number']}/publication-consent"
    answer = await client.post(path, json={}, headers={"Idempotency-Key": "yes"})
    assert (answer.status_code, "举报" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(("kind", "is_published"), [(f.RequestKind.HELP, False), (f.RequestKind.SUGGESTION, True)])
def test_no_consent_is_requested_for_a_kind_that_is_never_published(kind: f.RequestKind, is_published: bool):
    rules = ReleaseRules(never=(f.RequestKind.HELP,), source="x")
    receipt = story.demand(story.SUBMISSION.model_copy(update={"kind": kind}))
    assert is_ever_published(rules, receipt) is is_published
    assert (consent_of(rules, receipt, Published()) is not None) is is_published
    assert not is_ever_published(None, receipt)


def plan(rows: Sequence[Any]) -> str:
    return "\n".join(row[0] for row in rows)


WIDE: Final = [place.code for place in nanhai().divisions if nanhai().is_within(place.code, TOWN)]


@pytest.mark.parametrize(
    ("public_filter", "index"),
    [
        (PublicFilter("nanhai"), "demand_listing_released"),
        (PublicFilter("nanhai", is_open=True), "demand_listing_released_open"),
        (PublicFilter("nanhai", divisions=WIDE), "demand_listing_released_place"),
        (PublicFilter("nanhai", categories=["noise"]), "demand_listing_released_category"),
        (PublicFilter("nanhai", WIDE, ["noise", "road-damage"]), "demand_listing_released_place_and_category"),
        (PublicFilter("nanhai", pieces=("稀有",)), "publication_pieces"),
    ],
    ids=["all", "open", "place", "category", "place and category", "rare words"],
)
async def test_a_list_is_read_from_its_index_without_sorting_other_rows(
    pool: Pool, many_demands: None, public_filter: PublicFilter, index: str
):
    question, values = list_query(public_filter, NEWEST, 21)
    rows_found = plan(await pool.fetch(f"EXPLAIN {question}", *values))
    assert index in rows_found, rows_found
    assert "Seq Scan on demand_listing" not in rows_found, rows_found


@pytest.fixture
async def many_demands(pool: Pool) -> None:
    """Twenty thousand released demands, so that the planner has a choice."""
    await pool.execute(CROWD, 20_000, WIDE, [leaf_category.code for leaf_category in nanhai().leaf_categories])
    for table in ("demand_listing", "publication", "demand"):
        await pool.execute(f"ANALYZE {table}")


CROWD: Final = """
    WITH raised AS (
        SELECT gen_random_uuid() AS id, n, ($2::text[])[1 + n % cardinality($2::text[])] AS division,
            ($3::text[])[1 + n % cardinality($3::text[])] AS category,
            timestamptz '2026-01-01' + n * interval '10 seconds' AS at
        FROM generate_series(1, $1::int) AS n
    ), kept AS (
        INSERT INTO publication SELECT id, 1, '标题' || n, '原话', '答复', 0,
            ARRAY['标题', '原话', CASE WHEN n % 5000 = 0 THEN '稀有' ELSE '常见' END], at, at, NULL, false FROM raised
    ), known AS (
        INSERT INTO demand (id, version, state) SELECT id, 1, jsonb_build_object('number', 'N' || n) FROM raised
    )
    INSERT INTO demand_listing (
        id, number, jurisdiction, channel, kind, category, division, title, text, status, is_open,
        submitted_at, updated_at, released_at
    )
    SELECT id, 'N' || n, 'nanhai', 'web', 'help', category, division, '标题', '', 'resolved', n % 10 = 0, at, at, at
    FROM raised
"""
