"""Both READMEs say the same, and every link between papers leads somewhere."""

import re
from pathlib import Path

import pytest

from services.intake.submission.domain import SubmitDemand
from tests.packs import nanhai

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text("utf-8")
PAPERS = [
    *ROOT.glob("*.md"),
    *(path for room in ("docs", "services", "deploy") for path in (ROOT / room).rglob("*.md")),
]


def commands(text: str) -> list[str]:
    """Every command of a code block, without what is said of it, and every name in backquotes outside of one."""
    blocks = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("    ")]
    words = [
        name for line in text.splitlines() if not line.startswith("    ") for name in re.findall(r"`([^`]+)`", line)
    ]
    return sorted([line for line in blocks if line and "-->" not in line] + words)


def test_the_first_demand_of_the_page_for_other_systems_is_one_that_intake_takes():
    text = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    (body,) = re.findall(r"-d '([^']*\"title\"[^']*)'", text)
    demand = SubmitDemand.model_validate_json(body)
    assert demand.division
    assert nanhai().division(demand.division)
    assert demand.category in {category.code for category in nanhai().categories}
    assert f"external_id={demand.external_id}" in text


def test_both_readmes_have_the_same_headings():
    def levels(text: str) -> list[int]:
        return [len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)]

    assert levels(ENGLISH) == levels(CHINESE)


def test_both_readmes_name_the_same_commands_and_things():
    assert commands(ENGLISH) == commands(CHINESE)


def test_the_changelog_of_every_version_says_first_what_an_upgrade_asks():
    """As docs/releasing.md says; an operator reads it before anything else."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert versions
    assert [re.findall(r"^### (.*)$", version, re.MULTILINE)[0] for version in versions] == ["Upgrade"] * len(versions)


def test_both_readmes_lead_to_the_same_papers():
    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)#]+)", text)) - {"README.md", "README.zh-CN.md"}

    assert links(ENGLISH) == links(CHINESE)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(paper: Path):
    for link in re.findall(r"\]\(([^)#]+)", paper.read_text("utf-8")):
        if "://" not in link:
            assert (paper.parent / link).exists(), f"{paper.name} names {link}, which does not exist"


@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
def test_a_service_says_in_about_twenty_lines_what_it_is(service: str):
    text = (ROOT / "services" / service / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 24
    assert re.findall(r"^- \*\*([A-Z][a-z ]+)\*\*:", text, re.MULTILINE) == [
        "Owns", "Hears", "Tells", "Asks", "Is asked", "Tables",
    ]  # fmt: skip
    for room in re.findall(r"`([a-z_0-9]+)/`", text):
        assert (ROOT / "services" / service / room).is_dir(), f"{service} has no room {room}"
