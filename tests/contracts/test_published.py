"""What is published cannot drift from the code, and what was once published can be read for ever."""

import json
from pathlib import Path

import pytest

from deploy.cli.contracts import documents
from shared.contracts.demand import facts as f
from shared.contracts.event_types import FACTS, parse
from shared.contracts.published import asyncapi, schemas

SAMPLES = Path(__file__).parent / "samples"


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_generated_document_says_what_the_code_says(path: Path):
    assert path.exists(), f"{path} is missing: run `make docs`"
    assert path.read_text("utf-8") == documents()[path], f"{path} has drifted: run `make docs`"


def test_every_class_of_a_fact_is_in_the_catalogue():
    told = {kind for kind in vars(f).values() if isinstance(kind, type) and issubclass(kind, f.Fact)}
    unnamed = {kind.__name__ for kind in told - {f.Fact, f.StatusFact, f.NoteFact} - set(FACTS.values())}
    assert not unnamed, f"{unnamed}: no reader will understand them; name them in shared/contracts/event_types.py"


def test_every_fact_has_a_stored_sample():
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(FACTS)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_of_every_published_version_can_still_be_read(path: Path):
    told = json.loads(path.read_text("utf-8"))
    fact = parse(path.stem, path.read_bytes())
    assert json.loads(fact.model_dump_json(exclude_defaults=True)) == told


@pytest.mark.parametrize("name", FACTS)
def test_what_a_schema_requires_was_required_when_it_was_published(name: str):
    sample = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    assert set(schemas()[name].get("required", [])) >= {k for k in sample if FACTS[name].model_fields[k].is_required()}
    assert set(sample) <= set(schemas()[name]["properties"])


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
