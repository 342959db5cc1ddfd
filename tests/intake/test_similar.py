"""While typing, a citizen sees similar open demands nearby, with the reasons."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import app
from services.intake.assembled import demand_repository
from services.intake.channels import keys
from services.intake.similar import queries
from services.intake.similar.indexing import Indexing
from services.intake.similar.rarity import UNKNOWN, Rarity, Search
from services.intake.similar.scoring import THRESHOLD, Candidate, NewDemand, ranked
from shared.chassis.base.clock import now
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Status
from shared.masking.pieces import worded, wording
from tests import story
from tests.bench.hot_spots import hot_spots, messages
from tests.bench.similar import PLACE, candidate
from tests.chassis.conftest import envelope
from tests.conftest import Server, fresh_database
from tests.intake.test_api import GOOD, is_a_problem, submit
from tests.packs import nanhai, shipped

MESSAGES = Path(__file__).parents[3] / "shared" / "data" / "messages_with_votes.xlsx"
FENGCHI, SAME_TOWN, OTHER_TOWN = "440605126222", "440605126221", "440605011001"
NOISE = {"title": "锦绣豪庭楼下搅拌站夜间施工噪音扰民", "division": FENGCHI, "category": "noise"}
AGAIN = {"title": "投诉锦绣豪庭附近的搅拌站半夜施工，噪音太大", "division": FENGCHI}


@pytest.fixture
async def client(client: httpx.AsyncClient, pool: Pool) -> httpx.AsyncClient:
    """A client that waits until the worker has indexed its submissions."""

    async def index(_: httpx.Response) -> None:
        await Indexing(pool).index()

    client.event_hooks["response"] = [index]
    return client


async def similar(client: httpx.AsyncClient, **body: Any) -> list[dict[str, Any]]:
    answer = await client.post("/v1/demands/similar", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["similar"])


async def tell(pool: Pool, id: str, *facts: f.StatusFact) -> None:
    """Apply facts of other services like intake's worker."""
    repository, key = demand_repository(shipped()), UUID(id)
    async with pool.acquire() as db, db.transaction():
        work = await repository.load(db, [key], now())
        for fact in facts:
            work.apply(envelope(fact, work.state(key).version + 1, key))
        await repository.save(db, work)


def test_a_word_of_two_characters_is_found_inside_a_longer_text():
    assert "积水" in wording("路面破损、积水严重").bigrams
    assert "损积" not in wording("路面破损、积水严重").bigrams


def test_a_latin_word_or_a_number_is_one_token():
    assert wording("K9公交车 WiFi 坏了 ５１２路").bigrams == {"k9", "公交", "交车", "wifi", "坏了", "512", "路"}


def test_masked_numbers_make_no_demands_similar():
    assert wording("请打［手机号］找我").bigrams == wording("请打 找我").bigrams


def test_a_short_title_is_complemented_by_the_text():
    assert "路灯" in worded("求助", "我家门口的路灯坏了").bigrams
    assert "路灯" not in worded("校车接送点没有风雨棚", "路灯也坏了").bigrams


@given(st.text(max_size=60))
def test_a_text_shares_all_its_phrases_with_itself(text: str):
    wording_of_text = wording(text)
    assert {
        piece for phrase in wording_of_text.shared(wording_of_text.bigrams) for piece in wording(phrase).bigrams
    } == wording_of_text.bigrams


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_score_is_between_zero_and_one(one: str, other: str):
    query = NewDemand(wording(one), ("a",), None, story.AT)
    candidate = Candidate(story.ID, sorted(wording(other).bigrams), ("a",), None, story.AT)
    for match in ranked(query, [candidate], UNKNOWN, 0.0, 9):
        assert 0 <= match.score <= 1.000001
        assert all(0 <= reason.value <= 1.000001 for reason in match.reasons)


def test_a_rare_pair_counts_for_more_than_a_common_one():
    rarity = Rarity(1000, {"路灯": 0.5, "锦绣": 0.001})
    query = NewDemand(wording("锦绣 路灯"), ("a",), None, story.AT)
    rare = Candidate(UUID(int=1), ["锦绣", "其他"], ("a",), None, story.AT)
    common = Candidate(UUID(int=2), ["路灯", "其他"], ("a",), None, story.AT)
    assert [match.candidate for match in ranked(query, [common, rare], rarity, 0.0, 9)] == [rare, common]


def test_a_search_uses_rare_tokens_alone_and_common_ones_in_pairs():
    rarity = Rarity(1_000_000, {"路灯": 0.1, "灯不": 0.06, "不亮": 0.05, "锦绣": 0.0001, "绣豪": 0.0002, "门口": 0.02})
    search = rarity.search(wording("锦绣豪 门口 路灯不亮"))
    assert search.any_of == ("锦绣", "绣豪")
    common = rarity.search(wording("门口 一二三四五 路灯不亮"))
    assert ("门口", "不亮") in common.both_of
    assert not {("路灯", "灯不"), ("灯不", "不亮"), ("不亮", "灯不")} & set(common.both_of)


def test_a_younger_and_a_nearer_demand_comes_first():
    query = NewDemand(wording("路灯不亮"), ("a", "t"), f.Location(lat=23.0, lon=113.0), story.AT)

    def candidate_at(id: int, divisions: tuple[str, ...], location: f.Location | None, days: int) -> Candidate:
        return Candidate(UUID(int=id), sorted(query.wording.bigrams), divisions, location, story.AT - timedelta(days))

    near, old = (
        candidate_at(1, ("a", "t"), f.Location(lat=23.0, lon=113.001), 1),
        candidate_at(2, ("a", "t"), None, 400),
    )
    far, beside = candidate_at(3, ("b", "t"), f.Location(lat=23.1, lon=113.0), 1), candidate_at(4, ("b", "t"), None, 1)
    order = [match.candidate.id.int for match in ranked(query, [far, beside, old, near], UNKNOWN, 0.0, 9)]
    assert order == [1, 2, 4, 3]
    (match,) = ranked(query, [near], UNKNOWN, 0.0, 9)
    assert match.distance_m == pytest.approx(102.4, abs=1)
    scores = [match.score for match in ranked(query, [near, old, beside, far], UNKNOWN, 0.0, 9)]
    for most, least in enumerate(scores, 1):
        assert len(ranked(query, [near, old, beside, far], UNKNOWN, least, 9)) == most, "the same words are not enough"


async def test_a_similar_demand_is_suggested_with_reasons(client: httpx.AsyncClient, open_reader: httpx.AsyncClient):
    receipt = (await submit(client, NOISE)).json()
    await submit(client, GOOD, "k2")
    (match,) = await similar(open_reader, **AGAIN)
    assert (match["number"], match["title"]) == (receipt["number"], NOISE["title"])
    assert (match["category"], match["status"], match["division"]) == ("noise", "submitted", FENGCHI)
    assert match["raised"] == receipt["submitted_at"]
    shown = {reason["aspect"]: reason for reason in match["reasons"]}
    assert "“锦绣豪庭”" in shown["wording"]["zh"]
    assert "“锦绣豪庭”" in shown["wording"]["en"]
    assert shown["place"]["value"] == 1.0


async def test_a_receipt_links_to_similar_open_demands_and_not_to_itself(client: httpx.AsyncClient):
    first = (await submit(client, NOISE)).json()
    assert (await client.get(first["similar"])).json() == {"similar": []}
    second = (await submit(client, AGAIN, "k2")).json()
    answer = await client.get(second["similar"])
    (match,) = answer.json()["similar"]
    assert match["number"] == first["number"]
    assert match == (await similar(client, **AGAIN))[-1] | {"score": match["score"], "reasons": match["reasons"]}


async def test_similar_demands_are_shown_to_channels_of_a_demand(client: httpx.AsyncClient, pool: Pool):
    receipt = (await submit(client, NOISE)).json()
    other = await keys.add(pool, "other", f.ChannelKind.WEB, "Other")
    for key, status in ((other, 404), ("", 401)):
        answer = await client.get(receipt["similar"], headers={"X-API-Key": key})
        assert answer.status_code == status
        is_a_problem(answer)


async def test_a_demand_in_another_town_is_not_suggested(client: httpx.AsyncClient):
    await submit(client, NOISE)
    assert await similar(client, **AGAIN | {"division": SAME_TOWN})
    assert not await similar(client, **AGAIN | {"division": OTHER_TOWN})


async def test_a_demand_about_the_whole_town_is_suggested_in_its_villages(client: httpx.AsyncClient):
    town = nanhai().ancestors(FENGCHI)[1]
    await submit(client, NOISE | {"division": town})
    assert await similar(client, **AGAIN)


async def test_a_demand_is_suggested_while_it_is_open_and_again_when_it_is_reopened(
    client: httpx.AsyncClient, pool: Pool
):
    id = (await submit(client, NOISE)).json()["id"]
    await tell(pool, id, f.DemandRouted(unit="nh-urban-management", rule="noise"), f.DemandAccepted(by="Chen"))
    (match,) = await similar(client, **AGAIN)
    assert match["status"] == Status.ACCEPTED
    await tell(pool, id, f.DemandResolved(by="Chen", result="停工"))
    assert await similar(client, **AGAIN) == []
    await tell(pool, id, f.DemandReopened(reason="又开工了"))
    (match,) = await similar(client, **AGAIN)
    assert match["status"] == Status.REOPENED


async def test_a_merged_demand_is_replaced_by_its_parent(client: httpx.AsyncClient, pool: Pool):
    parent = (await submit(client, NOISE)).json()
    child = (await submit(client, AGAIN, "k2")).json()["id"]
    await tell(pool, child, f.DemandMerged(parent=UUID(parent["id"]), parent_number=parent["number"]))
    assert [match["number"] for match in await similar(client, **AGAIN)] == [parent["number"]]


async def test_a_confidential_report_is_never_suggested(client: httpx.AsyncClient):
    await submit(client, NOISE | {"kind": "report"})
    assert await similar(client, **AGAIN) == []


async def test_a_phone_number_is_never_in_the_compared_text(client: httpx.AsyncClient, pool: Pool):
    await submit(client, NOISE | {"title": "求助13812345678", "text": "请打13812345678，锦绣豪庭搅拌站噪音"})
    async with pool.acquire() as db:
        stored = await db.fetchval("SELECT bigrams FROM likeness")
    assert "锦绣" in stored
    assert not [bigram for bigram in stored if any(character.isdigit() for character in bigram)]


HERE, NORTH = {"lat": 23.0301, "lon": 113.1402}, {"lat": 23.0310, "lon": 113.1402}


async def test_a_distance_is_given_if_both_places_are_known_and_public(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient
):
    await submit(client, NOISE | {"location": HERE})
    (match,) = await similar(open_reader, **AGAIN, location=NORTH)
    assert match["distance_m"] == 100


@pytest.mark.parametrize(
    ("north", "shown"),
    [
        (0.0009, "相距不超过300米"),
        (0.0026, "相距不超过300米"),
        (0.0060, "相距不超过1000米"),
        (0.0200, "相距超过1000米"),
    ],
)
async def test_a_similar_demand_shows_only_its_public_fields(client: httpx.AsyncClient, north: float, shown: str):
    await submit(client, NOISE | {"location": HERE})
    (match,) = await similar(client, **AGAIN, location=HERE | {"lat": HERE["lat"] + north})
    assert (match["title"], match["distance_m"], match["division"]) == (None, None, FENGCHI)
    reasons = {reason["aspect"]: reason for reason in match["reasons"]}
    assert (reasons["wording"]["zh"], reasons["place"]["zh"]) == ("用词相近", shown)
    assert "锦绣" not in str(match)
    assert match["score"] == round(match["score"], 1), "a finer score tells the distance"
    assert reasons["place"]["value"] in (1.0, 0.5, 0.2)


async def test_a_hidden_place_is_no_reason(client: httpx.AsyncClient, closed_reader: httpx.AsyncClient):
    await submit(client, NOISE | {"location": HERE})
    (match,) = await similar(closed_reader, **AGAIN, location=NORTH)
    assert (match["division"], match["category"]) == (None, None)
    assert {reason["aspect"] for reason in match["reasons"]} == {"wording", "time"}


async def test_an_unknown_place_is_refused_in_both_languages(client: httpx.AsyncClient):
    answer = await client.post("/v1/demands/similar", json=AGAIN | {"division": "000"})
    assert answer.status_code == 422
    assert is_a_problem(answer)["errors"][0]["field"] == "division"


async def test_a_request_without_a_key_gets_no_similar_demands(client: httpx.AsyncClient):
    answer = await client.post("/v1/demands/similar", json=AGAIN, headers={"X-API-Key": "wrong"})
    assert answer.status_code == 401


async def test_a_repeated_fact_about_the_submission_adds_no_second_entry(client: httpx.AsyncClient, pool: Pool):
    await submit(client, NOISE)
    async with pool.acquire() as db:
        (stored,) = await queries.candidates(db, Search(("锦绣",), ()), FENGCHI, FENGCHI)
        writes = WriteBatch()
        queries.note(writes, [stored])
        await writes.write(db)
        assert await queries.index(db, 10) == 1
        assert await db.fetchval("SELECT count(*) FROM likeness") == 1


async def test_several_workers_index_each_demand_once(client: httpx.AsyncClient, pool: Pool):
    client.event_hooks["response"] = []
    for n in range(5):
        await submit(client, NOISE, f"k{n}")
    assert await similar(client, **AGAIN) == []
    indexed = await asyncio.gather(*(Indexing(pool).index() for _ in range(3)))
    assert sum(indexed) == 5
    assert len(await similar(client, **AGAIN)) == 5


async def test_the_worker_leaves_no_pending_entries_that_a_search_would_read(client: httpx.AsyncClient, pool: Pool):
    client.event_hooks["response"] = []
    await submit(client, NOISE)
    await Indexing(pool).index()
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT gin_clean_pending_list('likeness_bigrams')") == 0


async def test_a_demand_submitted_by_the_previous_version_is_found_by_its_title(postgres: Server, tmp_path: Path):
    async with fresh_database(postgres, "template1") as dsn:
        for file in app.MIGRATIONS.glob("*.sql"):
            if file.name < "20261128000700":
                shutil.copy(file, tmp_path)
        await migrate(dsn, "intake", tmp_path)
        db = await asyncpg.connect(dsn, server_settings={"search_path": "intake"})
        shown = story.SUBMISSION.model_copy(update={"title": "锦绣豪庭：ＷｉＦｉ 噪音", "division": FENGCHI})
        first = envelope(shown, 1, uuid4())
        await db.execute(
            "INSERT INTO journal (id, aggregatetype, aggregateid, type, source, subject, time, sequence, payload)"
            " VALUES ($1, 'demand', $2, $3, '', '', $4, 1, $5)",
            first.id, first.key, first.type, first.time, first.data,
        )  # fmt: skip
        await db.execute("""INSERT INTO demand VALUES ($1, 1, '{"status": "submitted"}')""", first.key)
        await db.execute("INSERT INTO likeness_due VALUES ($1)", first.key)
        await migrate(dsn, "intake", app.MIGRATIONS)
        assert await queries.index(db, 10) == 1
        (stored,) = await queries.candidates(db, Search(("豪庭",), ()), FENGCHI, FENGCHI)
        await db.close()
        assert (stored.id, stored.raised_at) == (first.key, first.time)
        assert set(stored.bigrams) == {"锦绣", "绣豪", "豪庭", "噪音"}


async def test_the_previous_version_can_submit_until_its_last_process_has_ended(client: httpx.AsyncClient, pool: Pool):
    client.event_hooks["response"] = []
    id = UUID((await submit(client, NOISE)).json()["id"])
    async with pool.acquire() as db:
        await db.execute("DELETE FROM likeness_due")
        await db.execute("INSERT INTO likeness_due SELECT unnest($1::uuid[])", [id])
        assert await queries.index(db, 10) == 1
        assert await db.fetch("SELECT id, open FROM likeness") == [(id, True)]


async def test_due_demands_are_found_although_the_table_was_empty_at_the_start(
    client: httpx.AsyncClient, database: str
):
    client.event_hooks["response"] = []
    # A connection of its own: one of an earlier test has plans already.
    async with await open_pool(database, "intake") as new_pool, new_pool.acquire() as db:
        for _ in range(10):
            assert await queries.index(db, 1000) == 0
        for n in range(40):
            await submit(client, NOISE, f"k{n}")
        async with db.transaction():
            assert await queries.index(db, 10) == 10
            read = """
                SELECT relname, seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
                WHERE schemaname = 'intake' AND relname = 'demand'
            """
            assert dict(await db.fetch(read)) == {"demand": 10}


async def test_a_demand_that_is_closed_while_it_is_indexed_is_not_suggested(client: httpx.AsyncClient, pool: Pool):
    client.event_hooks["response"] = []
    routed = f.DemandRouted(unit="nh-urban-management", rule="noise")
    resolved = (routed, f.DemandAccepted(by="Chen"), f.DemandResolved(by="Chen", result="停工"))
    before = (await submit(client, NOISE)).json()
    await tell(pool, before["id"], *resolved)
    await Indexing(pool).index()
    meanwhile = (await submit(client, NOISE, "k2")).json()
    async with pool.acquire() as db, db.transaction():
        assert await queries.index(db, 10) == 1
        closing = asyncio.create_task(tell(pool, meanwhile["id"], *resolved))
        await asyncio.sleep(0.2)
        assert not closing.done()
    await closing
    async with pool.acquire() as db:
        assert await db.fetch("SELECT open FROM likeness") == [(False,), (False,)]


async def test_indexing_waits_for_a_demand_that_is_being_closed(client: httpx.AsyncClient, pool: Pool):
    client.event_hooks["response"] = []
    id = UUID((await submit(client, NOISE)).json()["id"])
    async with pool.acquire() as db, db.transaction():
        await db.execute("""UPDATE demand SET state = state || '{"status": "resolved"}' WHERE id = $1""", id)
        indexing = asyncio.create_task(Indexing(pool).index())
        await asyncio.sleep(0.2)
        assert not indexing.done()
    assert await indexing == 1
    async with pool.acquire() as db:
        assert await db.fetch("SELECT id, open FROM likeness") == [(id, False)]


async def test_the_rarity_of_a_token_comes_from_analyze(client: httpx.AsyncClient, pool: Pool, database: str):
    for n in range(20):
        await submit(client, NOISE | {"title": f"路灯不亮 {n % 2}号"}, f"k{n}")
    owner = await asyncpg.connect(database)
    await owner.execute("ANALYZE intake.likeness")
    await owner.close()
    async with pool.acquire() as db:
        rarity = await queries.rarity(db)
    assert rarity.open_rows == 20
    assert rarity.bigrams["路灯"] == 1
    assert rarity.weight("路灯") < rarity.weight("1") < rarity.weight("从未")


async def test_a_demand_is_found_by_two_common_tokens_and_not_by_one(client: httpx.AsyncClient, pool: Pool):
    elsewhere = NOISE | {"division": SAME_TOWN}
    await submit(client, elsewhere)
    town = nanhai().ancestors(FENGCHI)[1]
    async with pool.acquire() as db:
        both = await queries.candidates(db, Search((), (("锦绣", "噪音"),)), town, FENGCHI)
        one = await queries.candidates(db, Search((), (("锦绣", "路灯"),)), town, FENGCHI)
    assert (len(both), len(one)) == (1, 0)


async def test_a_search_among_many_uses_the_index_of_tokens(client: httpx.AsyncClient, pool: Pool):
    async with pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        plan = await db.fetch(
            "EXPLAIN SELECT * FROM likeness WHERE open AND within @> ARRAY['x']"
            " AND (bigrams && ARRAY['锦绣'] OR bigrams @> ARRAY['路灯', '不亮'])"
        )
    assert "likeness_bigrams" in "\n".join(row[0] for row in plan)


@pytest.mark.skipif(not MESSAGES.exists(), reason="the real messages are not beside the repository")
def test_a_real_hot_spot_is_recognised():
    """A minimum for what `python -m tests.bench.similar` measures, with every tenth question."""
    listed = messages(MESSAGES)
    stored = [candidate(n, message) for n, message in enumerate(listed)]
    query = [truth for n, truth in enumerate(hot_spots(listed)) if n % 10 == 0]
    first = 0
    for truth in query:
        wording_of_text = worded(listed[truth.asked].title, listed[truth.asked].text)
        others = [one for one in stored if one.id.int not in {truth.asked, *truth.doubtful}]
        best = ranked(NewDemand(wording_of_text, (PLACE,), None, listed[truth.asked].at), others, UNKNOWN, THRESHOLD, 1)
        first += bool(best) and best[0].candidate.id.int in truth.same
    assert len(query) == 30
    assert first >= 0.75 * len(query)
