"""What is published cannot drift from the code, and what was once published can be read for ever."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import contracts
from deploy.cli.contracts import broken, documents, released
from deploy.cli.main import app
from shared.contracts.demand import facts as f
from shared.contracts.event_types import FACTS, KNOWN, parse
from shared.contracts.published import KINDS, asyncapi, schemas

SAMPLES = Path(__file__).parent / "samples"
# Made once: all of them take a second of a processor, and there is a test for each.
DOCUMENTS, SCHEMAS = documents(), schemas()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_generated_document_says_what_the_code_says(path: Path):
    assert path.exists(), f"{path} is missing: run `make docs`"
    assert path.read_text("utf-8") == DOCUMENTS[path], f"{path} has drifted: run `make docs`"


def test_every_schema_is_one_that_readers_of_the_released_one_can_take():
    assert released(), "run `huying contracts --release` once"
    assert broken(released(), schemas()) == []


def test_a_schema_that_breaks_its_release_is_said_and_is_never_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = {"demand.accepted.v1": {**released()["demand.accepted.v1"], "required": []}, "demand.gone.v1": {}}
    for name, schema in before.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(schema), "utf-8")
    monkeypatch.setattr(contracts, "RELEASED", tmp_path)
    said = CliRunner().invoke(app, ["contracts", "--release"])
    assert said.exit_code == 1
    assert "demand.accepted.v1: by: the field became required. A released fact may only gain" in said.output
    assert "demand.gone.v1 was released and does not exist any more" in said.output
    assert contracts.released() == before


def test_what_is_released_is_what_is_generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contracts, "RELEASED", tmp_path / "new")
    said = CliRunner().invoke(app, ["contracts", "--release"])
    assert (said.exit_code, contracts.released()) == (0, schemas()), said.output


def test_every_class_of_a_fact_is_in_the_catalogue():
    told = {kind for kind in vars(f).values() if isinstance(kind, type) and issubclass(kind, f.Fact)}
    unnamed = {kind.__name__ for kind in told - {f.Fact, f.StatusFact, f.NoteFact} - set(FACTS.values())}
    assert not unnamed, f"{unnamed}: no reader will understand them; name them in shared/contracts/event_types.py"


def test_every_version_of_a_fact_has_a_stored_sample_for_ever():
    assert {path.stem for path in SAMPLES.glob("*.json")} == KNOWN
    assert set(schemas()) == set(asyncapi()["components"]["messages"]) == KNOWN
    assert set(released()) <= KNOWN, "what was released stays readable"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_of_every_published_version_can_still_be_read(path: Path):
    payload = json.loads(path.read_text("utf-8"))
    fact = KINDS[path.stem].model_validate_json(path.read_bytes())
    assert json.loads(fact.model_dump_json(exclude_defaults=True)) == payload
    assert parse(path.stem, path.read_bytes()).wire_type() in FACTS


@pytest.mark.parametrize("name", KINDS)
def test_what_a_schema_requires_was_required_when_it_was_published(name: str):
    sample = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    assert set(SCHEMAS[name].get("required", [])) >= {k for k in sample if KINDS[name].model_fields[k].is_required()}
    assert set(sample) <= set(SCHEMAS[name]["properties"])


def test_every_reference_in_the_asyncapi_document_leads_somewhere():
    document = asyncapi()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            here = [part["$ref"]] if "$ref" in part else []
            return here + [r for value in part.values() for r in references(value)]
        return [r for one in part for r in references(one)] if isinstance(part, list) else []

    found = references(document)
    assert found
    for reference in found:
        place: object = document
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(place, dict)
            place = place[step]
