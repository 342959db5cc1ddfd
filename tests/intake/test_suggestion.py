"""While typing, a citizen gets suggested categories, and whether they are certain."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from deploy.cli.main import app as huying
from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from services.intake.suggestion import queries
from services.intake.suggestion.evaluation import Guess, report, sure_from
from services.intake.suggestion.keywords import Keywords
from services.intake.suggestion.model import Model, UnusableModel, read_model
from services.intake.suggestion.ranking import Source
from services.intake.suggestion.suggester import Suggester
from services.intake.suggestion.training import CannotTrain, Example, train
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from tests import story
from tests.intake.test_api import GOOD, is_a_problem, submit
from tests.intake.test_similar import tell
from tests.keys import KEYS
from tests.packs import nanhai, shipped

KEYWORDS = Keywords.of(nanhai().leaf_categories)
FENGCHI = "440605126222"


def routed() -> list[Example]:
    """Thirty demands of three categories without any keyword of the pack."""
    titles = {"noise": "隔壁半夜唱歌", "gas": "灶台打不着火", "taxes": "季度申报怎么填"}
    ends = "请尽快处理 怎么办 已经一周 求助 很久了 没人理 希望解决 急 谢谢 再次反映".split()  # noqa: SIM905
    return [Example(title + end, "", category) for category, title in titles.items() for end in ends]


@pytest.fixture(scope="module")
def model() -> Model:
    return train(routed(), "nanhai", story.AT)[0]


async def test_a_category_is_suggested_by_the_words_of_the_pack(client: httpx.AsyncClient):
    body = {"title": "村口路灯不亮", "text": "路灯坏了很久", "division": FENGCHI}
    suggestions = (await client.post("/v1/demands/suggestions", json=body)).json()
    assert suggestions["sure"]
    assert suggestions["model"] is None
    assert suggestions["suggestions"][0] == {
        "category": "street-lighting", "name": "路灯照明", "name_en": "Street lighting",
        "probability": 0.857, "source": "keywords", "because": ["路灯", "不亮"],
    }  # fmt: skip


async def test_a_demand_without_a_known_word_gets_no_suggestion(client: httpx.AsyncClient):
    body = {"title": "求助", "text": "家里的事", "division": FENGCHI}
    suggestions = (await client.post("/v1/demands/suggestions", json=body)).json()
    assert (suggestions["suggestions"], suggestions["sure"]) == ([], False)


async def test_a_suggestion_for_an_unknown_place_is_refused(client: httpx.AsyncClient):
    answer = await client.post("/v1/demands/suggestions", json={"title": "路灯不亮", "division": "0"})
    assert answer.status_code == 422
    assert is_a_problem(answer)["errors"][0]["field"] == "division"


def test_a_title_with_words_of_two_categories_is_not_sure():
    ranking = KEYWORDS.rank("路灯不亮，垃圾也没人清运", "")
    assert {suggestion.category for suggestion in ranking.suggestions} == {"street-lighting", "waste"}
    assert not ranking.sure


def test_a_longer_keyword_has_precedence_over_those_inside_it():
    (only,) = KEYWORDS.rank("请加装电梯", "").suggestions
    assert only.because == ("加装电梯",)


def test_a_latin_keyword_must_stand_by_itself():
    city = shipped().get("losangeles")
    assert city
    words = Keywords.of(city.leaf_categories)
    assert words.rank("A tent on the sidewalk", "").suggestions[0].category == "homeless-encampment"
    assert words.rank("Discontent", "").suggestions == ()


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_probability_by_keywords_leaves_room_for_doubt(title: str, text: str):
    ranking = KEYWORDS.rank(title, text)
    assert sum(suggestion.probability for suggestion in ranking.suggestions) < 1


def test_a_model_suggests_categories_without_keywords(model: Model):
    assert KEYWORDS.rank("灶台打不着火了", "").suggestions == ()
    best = model.rank("灶台打不着火了", "").suggestions[0]
    assert (best.category, best.source) == ("gas", Source.MODEL)


@given(st.text(max_size=80))
def test_the_probabilities_of_a_model_add_up_to_one(model: Model, title: str):
    ranking = model.rank(title, "")
    assert ranking.suggestions == () or sum(
        suggestion.probability for suggestion in ranking.suggestions
    ) == pytest.approx(1)


def test_a_model_computes_what_scikit_learn_computes(model: Model):
    """Inference is our own code, so that no deployment needs scikit-learn; it must give the same results."""
    from services.intake.suggestion import training

    vectors, fitted = training._fitted(routed())
    for title in ("半夜唱歌没人理", "季度申报", "灶台"):
        raw = fitted.decision_function(vectors.transform([title + "\n"]))[0]
        probabilities = {
            suggestion.category: suggestion.probability for suggestion in model.rank(title, "").suggestions
        }
        expected = training.softmax([float(score) / model.temperature for score in raw])
        for category, chance in zip(model.categories, expected, strict=True):
            assert probabilities[category] == pytest.approx(chance, abs=0.002)


def test_a_model_of_two_categories_computes_the_same_way():
    two = [example for example in routed() if example.category != "gas"]
    model, _ = train(two, "nanhai", story.AT)
    assert model.rank("半夜唱歌", "").suggestions[0].category == "noise"
    assert model.rank("季度申报", "").suggestions[0].category == "taxes"


def test_a_model_with_few_evaluations_is_never_sure():
    few = [example for example in routed() if example.category != "gas"]
    model, guesses = train(few, "nanhai", story.AT)
    assert model.threshold > 1
    assert not any(guess.sure for guess in guesses)
    assert not model.rank("半夜唱歌", "").sure


def test_the_threshold_gives_the_aimed_rate_of_right_guesses():
    guesses = [Guess(0.9, True, False)] * 40 + [Guess(0.6, False, False)] * 40
    assert sure_from(guesses, aim=0.9, fewest=30) == 0.9
    assert sure_from(guesses, aim=0.9, fewest=60) > 1
    assert sure_from([], aim=0.9, fewest=1) > 1


def test_a_report_compares_probabilities_with_results():
    suggestions = report(
        [Guess(0.95, True, True)] * 8 + [Guess(0.95, False, True)] * 2 + [Guess(0.0, False, False)] * 10
    )
    assert (suggestions.count, suggestions.guessed, suggestions.accuracy) == (20, 0.5, 0.4)
    assert (suggestions.sure, suggestions.sure_accuracy) == (0.5, 0.8)
    assert suggestions.ece == pytest.approx(0.15)
    (only,) = suggestions.bins
    assert (only.count, only.true) == (10, 0.8)


def test_a_model_is_stored_as_numbers_and_reads_back_the_same(model: Model, tmp_path: Path):
    file = tmp_path / "nanhai.json"
    file.write_text(model.model_dump_json(), "utf-8")
    assert read_model(file) == model


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told | {"format": "pickle"},
        lambda told: told | {"weights": told["weights"][:-1]},
        lambda told: told | {"intercepts": [0.0]},
        lambda told: told | {"temperature": 0},
        lambda told: told | {"code": "import os"},
    ],
)
def test_a_damaged_model_is_refused_at_the_start_in_both_languages(model: Model, tmp_path: Path, spoil: Any):
    file = tmp_path / "nanhai.json"
    file.write_text(json.dumps(spoil(json.loads(model.model_dump_json()))), "utf-8")
    with pytest.raises(UnusableModel, match=r"模型文件无法使用 / the model cannot be used"):
        Suggester.of(shipped(), tmp_path)


def test_a_model_of_another_jurisdiction_is_refused(model: Model, tmp_path: Path):
    (tmp_path / "losangeles.json").write_text(model.model_dump_json(), "utf-8")
    with pytest.raises(UnusableModel, match="belongs to 'nanhai'"):
        Suggester.of(shipped(), tmp_path)


def test_a_model_suggests_only_categories_that_the_pack_still_has(model: Model):
    old = model.model_copy(update={"categories": ("gone", "noise", "taxes")})
    suggester = Suggester({"nanhai": KEYWORDS}, {"nanhai": old})
    ranking = suggester.suggest(nanhai(), "灶台打不着火", "")
    assert "gone" not in {suggestion.category for suggestion in ranking.suggestions}
    assert not ranking.sure


def test_a_sure_keyword_is_not_overruled_by_the_model(model: Model):
    suggester = Suggester({"nanhai": KEYWORDS}, {"nanhai": model})
    assert suggester.suggest(nanhai(), "路灯不亮", "").suggestions[0].source is Source.KEYWORDS
    assert suggester.suggest(nanhai(), "灶台打不着火", "").suggestions[0].source is Source.MODEL


def test_a_deployment_without_scikit_learn_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(CannotTrain, match="pip install scikit-learn"):
        train(routed(), "nanhai", story.AT)


def test_a_model_needs_two_categories_to_tell_apart():
    with pytest.raises(CannotTrain, match="样本不足"):
        train(routed()[:10], "nanhai", story.AT)


async def submitted_and_routed(client: httpx.AsyncClient, pool: Pool, examples: Sequence[Example]) -> None:
    for n, example in enumerate(examples):
        body = {"title": example.title, "division": FENGCHI, "category": example.category}
        id = (await submit(client, body, f"r{n}")).json()["id"]
        await tell(pool, id, f.DemandRouted(unit="u", rule="r"))


async def test_a_model_learns_from_demands_that_no_unit_returned(client: httpx.AsyncClient, pool: Pool):
    await submitted_and_routed(client, pool, routed()[:2])
    returned = (await submit(client, GOOD, "back")).json()["id"]
    await tell(pool, returned, f.DemandRouted(unit="u", rule="r"), f.DemandReturned(by="Chen", reason="not ours"))
    await submit(client, GOOD, "waiting")
    async with pool.acquire() as db:
        assert await queries.routed(db, "nanhai") == routed()[:2]
        assert await queries.routed(db, "losangeles") == []


@pytest.fixture
async def trained(
    client: httpx.AsyncClient, pool: Pool, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with a model that `huying suggest train` made from this database."""
    await submitted_and_routed(client, pool, routed())
    monkeypatch.setenv("DATABASE_URL", database)
    return tmp_path / "models"


async def test_a_model_is_trained_evaluated_and_used_from_the_command_line(trained: Path, database: str, pool: Pool):
    result = await asyncio.to_thread(CliRunner().invoke, huying, ["suggest", "train", "--into", str(trained)])
    assert result.exit_code == 0, result.output
    assert "3 categories, 30 demands" in " ".join(result.output.split())
    suggestions = await asyncio.to_thread(CliRunner().invoke, huying, ["suggest", "evaluate"])
    assert suggestions.exit_code == 0, suggestions.output
    assert "ECE" in suggestions.output
    assert "keywords: 30 demands" in suggestions.output

    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database, "suggestion_models": trained})
    key = await keys.add(pool, "app", ChannelKind.WEB, "App")
    transport = httpx.ASGITransport(web_app("intake", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key}) as client:
        body = {"title": "灶台打不着火", "division": FENGCHI}
        told_now = (await client.post("/v1/demands/suggestions", json=body)).json()
    assert told_now["model"]["demands"] == 30
    assert told_now["suggestions"][0]["category"] == "gas"
    assert told_now["suggestions"][0]["source"] == "model"


async def test_training_without_routed_demands_is_refused_as_too_early(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("DATABASE_URL", database)
    result = await asyncio.to_thread(CliRunner().invoke, huying, ["suggest", "train", "--into", str(tmp_path)])
    assert result.exit_code == 1
    assert "too little to learn from" in result.output
