"""Mistakes in a pack are reported line by line, and a broken pack is never partly loaded."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from shared.jurisdiction.loader import examine, load_pack, load_packs, served_packs
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.problems import PackError

Edit = Callable[[str, str, str], Path]

MISTAKES = Path(__file__).parent / "mistakes.yaml"


def mistakes() -> Iterator[tuple[str, str, str, str]]:
    for file, spoilt in yaml.safe_load(MISTAKES.read_text("utf-8")).items():
        for mistake in spoilt:
            yield file, mistake["was"], mistake["becomes"], mistake["told"]


def complaints(pack: Path) -> list[str]:
    with pytest.raises(PackError) as refused:
        load_pack(pack)
    return [str(problem).removeprefix(f"{pack}/") for problem in refused.value.problems]


def test_the_hamlet_is_valid_before_it_is_broken(hamlet: Path) -> None:
    pack, findings = examine(hamlet)
    assert pack.id == "hamlet"
    assert findings == ()


@pytest.mark.parametrize(("file", "was", "becomes", "expected"), list(mistakes()))
def test_a_mistake_is_named_with_its_file_its_line_and_what_to_do(
    edit: Edit, file: str, was: str, becomes: str, expected: str
) -> None:
    messages = complaints(edit(file, was, becomes))
    assert any(line.startswith(expected) for line in messages), "\n".join(messages)


def test_all_mistakes_are_reported_at_once(edit: Edit) -> None:
    edit("units.csv", "roads,Roads,county", "roads,Roads,town")
    edit("catalogue.yaml", "division: west", "division: moon")
    messages = complaints(edit("teams.csv", "west,roads", "west,rivers"))
    assert [line.split(":")[0] for line in messages] == ["catalogue.yaml", "teams.csv", "units.csv"]


def test_unreadable_files_are_reported_together_before_any_reference(edit: Edit, hamlet: Path) -> None:
    (hamlet / "limits.yaml").unlink()
    (hamlet / "units.csv").write_bytes("id,name\n站点".encode("gb18030"))
    messages = complaints(edit("pack.yaml", "HM", "hm"))
    assert [line.split(":")[0] for line in messages] == ["limits.yaml", "pack.yaml", "units.csv"]
    assert "the file is missing" in messages[0]
    assert "not UTF-8" in messages[2]


def test_a_pack_without_public_fields_shows_nothing_and_gets_a_warning(edit: Edit) -> None:
    publication = "publication:\n  unreleased: [category, place]\n  source: our choice\n"
    pack, (finding,) = examine(edit("pack.yaml", publication, ""))
    assert pack.publication.unreleased == ()
    assert str(finding).endswith(
        "pack.yaml:1: warning: publication is missing: the public then sees only number, status and"
        " dates of a demand; add publication with source and unreleased, a list of category, place, point, unit,"
        " channel, words, answer"
    )


def test_a_category_that_no_rule_covers_is_a_warning_and_not_an_error(edit: Edit) -> None:
    _, findings = examine(edit("catalogue.yaml", "match: {category: traffic}", "match: {category: parking}"))
    assert findings == ()
    _, findings = examine(edit("catalogue.yaml", "match: {category: road}", "match: {category: parking, kind: help}"))
    assert [str(finding).split("/")[-1] for finding in findings] == [
        "categories.yaml:3: warning: no rule covers category 'road': a dispatcher decides; "
        "add a rule, or say triage: true",
        "catalogue.yaml:3: warning: rule 'road' overlaps with 'parking-west', which have other units; "
        "the first one wins: check their order",
    ]


def test_a_category_left_to_a_dispatcher_on_purpose_is_not_even_a_warning(edit: Edit) -> None:
    edit("catalogue.yaml", "match: {category: traffic}", "match: {category: road, division: east}")
    edit("catalogue.yaml", "match: {category: road}", "match: {category: parking, kind: help}")
    _, findings = examine(edit("categories.yaml", "code: road,", "code: road, triage: true,"))
    assert not [finding for finding in findings if "category 'road'" in finding.message]


def test_a_text_of_people_without_a_link_is_a_warning(edit: Edit) -> None:
    pack, findings = examine(edit("templates.yaml", "{note}，查看{url}", "{note}"))
    (finding,) = (str(finding).rpartition("/")[2] for finding in findings)
    assert finding.startswith("templates.yaml:18: warning: the message 'progressed' has no {url}")
    assert not pack.links(Notice.PROGRESSED, "zh")


def test_a_message_with_its_own_address_is_a_warning(edit: Edit) -> None:
    _, findings = examine(edit("templates.yaml", "已按您的要求撤回。", "已撤回：http://127.0.0.1:8080/"))
    assert ["has an address of its own" in str(finding) for finding in findings] == [True]


def test_packs_served_together_may_not_share_a_prefix_a_division_or_a_unit(hamlet: Path) -> None:
    shutil.copytree(hamlet, hamlet.parent / "twin")
    with pytest.raises(PackError) as refused:
        load_packs(hamlet.parent, ["hamlet", "twin"])
    messages = str(refused.value)
    assert "the id 'hamlet' must be the name of the folder, 'twin'" in messages
    assert "the prefix 'HM' belongs to" in messages
    assert "3 division codes, such as 'county', already belong to" in messages
    assert "unit ids, such as 'desk', already belong to" in messages


def test_a_pack_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="atlantis:1: there is no such folder"):
        load_packs(tmp_path, ["atlantis"])


def test_a_space_after_a_comma_is_no_part_of_a_name(hamlet: Path) -> None:
    assert [pack.id for pack in served_packs(hamlet.parent, " hamlet, ")] == ["hamlet"]
