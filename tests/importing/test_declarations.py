"""A mistake in a mapping is explained with file and line."""

from pathlib import Path

import pytest

from deploy.importing.declarations import BadMapping, UnknownMapping, load
from deploy.importing.mapping import FOLDER

PLAIN = (FOLDER / "hotline12345.yaml").read_text("utf-8")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_shipped_mapping_is_valid(name: str):
    assert load(name).columns


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: {column: 诉求标题}", "title: {colum: 诉求标题}", "colum is not a key"),
        ("title: {column: 诉求标题}", "titel: {column: 诉求标题}", "titel is neither a field of a demand"),
        ("title: {column: 诉求标题}", 'title: {column: 诉求标题, template: "{valeu}"}', "names valeu"),
        ("title: {column: 诉求标题}", 'title: {column: 诉求标题, template: "{value"}', "cannot be filled"),
        ("title: {column: 诉求标题}", "title: {optional: true}", "either `column` or `always`"),
        ("title: {column: 诉求标题}", "title: {column: 诉求标题, optional: true}", "title is never optional"),
        ('result: "{result}"}}\n  已回访', 'result: "{reslut}"}}\n  已回访', "names reslut"),
        ("demand.routed, at", "demand.ruoted, at", "cannot be a recorded step"),
        ("rule: recorded", "rul: recorded", "demand.routed has no rul"),
        ("lookup: category", "lookup: unit", "looked up among the names of category"),
        ("Asia/Shanghai", "Asia/Nanhai", "no time zone"),
        ('"%Y/%m/%d"', '"%Y/%m/%d %Q"', "no way to write a time"),
        ("encoding: auto", "encoding: ut8", "no encoding"),
        ("encoding: auto", "encoding: hex", "no encoding"),
        ("status: 工单状态", "status: [工单状态", "this is no YAML"),
    ],
)
def test_a_mistake_is_reported_with_its_line(old: str, new: str, message: str, tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text(PLAIN.replace(old, new, 1), "utf-8")
    with pytest.raises(BadMapping) as error:
        load(str(path))
    assert message in str(error.value)
    if "YAML" not in message:
        assert f"{path}:{line_of(PLAIN, old)}:" in str(error.value)


def test_without_a_column_of_the_status_there_is_one_history(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text(PLAIN.replace("status: 工单状态\n", "", 1), "utf-8")
    with pytest.raises(BadMapping, match="status is missing; name its column, or declare one history"):
        load(str(path))
    path.write_text(PLAIN.replace("raised_at: 来电时间\n", "", 1), "utf-8")
    with pytest.raises(BadMapping, match="raised_at is missing; add it"):
        load(str(path))


def test_an_unknown_mapping_is_refused_with_the_existing_ones():
    with pytest.raises(UnknownMapping, match="hotline12345, myla311"):
        load("hotline")
