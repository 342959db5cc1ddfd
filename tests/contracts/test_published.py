"""Published documents match the code, and every published version stays readable."""

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
# Made once for all tests, since it takes a second.
DOCUMENTS, SCHEMAS = documents(), schemas()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_generated_document_matches_the_code(path: Path):
    assert path.exists(), f"{path} is missing: run `make docs`"
    assert path.read_text("utf-8") == DOCUMENTS[path], f"{path} has drifted: run `make docs`"


def test_every_schema_is_compatible_with_its_released_version():
    assert released(), "run `huying contracts --release` once"
    assert broken(released(), schemas()) == []


def test_an_incompatible_schema_is_reported_and_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = {"demand.accepted.v1": {**released()["demand.accepted.v1"], "required": []}, "demand.gone.v1": {}}
    for name, schema in before.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(schema), "utf-8")
    monkeypatch.setattr(contracts, "RELEASED", tmp_path)
    output = CliRunner().invoke(app, ["contracts", "--release"])
    assert output.exit_code == 1
    assert "demand.accepted.v1: by: the field became required. A released fact may only gain" in output.output
    assert "demand.gone.v1 was released and does not exist any more" in output.output
    assert contracts.released() == before


def test_released_schemas_equal_generated_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contracts, "RELEASED", tmp_path / "new")
    output = CliRunner().invoke(app, ["contracts", "--release"])
    assert (output.exit_code, contracts.released()) == (0, schemas()), output.output


def test_every_class_of_a_fact_is_in_the_catalogue():
    kinds = {kind for kind in vars(f).values() if isinstance(kind, type) and issubclass(kind, f.Fact)}
    unnamed = {kind.__name__ for kind in kinds - {f.Fact, f.StatusFact, f.NoteFact} - set(FACTS.values())}
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
def test_required_fields_were_required_at_publication(name: str):
    sample = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    assert set(SCHEMAS[name].get("required", [])) >= {k for k in sample if KINDS[name].model_fields[k].is_required()}
    assert set(sample) <= set(SCHEMAS[name]["properties"])


def test_every_reference_in_the_asyncapi_document_resolves():
    document = asyncapi()

    def references(part: object) -> list[str]:
        if isinstance(part, dict):
            here = [part["$ref"]] if "$ref" in part else []
            return here + [r for value in part.values() for r in references(value)]
        return [r for one in part for r in references(one)] if isinstance(part, list) else []

    refs = references(document)
    assert refs
    for reference in refs:
        node: object = document
        for step in reference.removeprefix("#/").split("/"):
            assert isinstance(node, dict)
            node = node[step]
