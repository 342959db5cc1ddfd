"""UTF-8 and GB18030 are distinguished, reported, and never guessed."""

from collections.abc import Set
from pathlib import Path

import pytest

from deploy.importing.readers import opened
from deploy.importing.readers.encoding import GB, UTF8, encoding_of
from deploy.importing.rows import UnreadableFile
from tests.importing.conftest import read
from tests.importing.orders import COLUMNS, csv_file, order

WANTED = frozenset(COLUMNS)
ENGLISH = frozenset({"id", "title"})
TEXT = "id,title\n" + "1,路灯不亮，请来维修\n" * 50


def found(tmp_path: Path, content: bytes, columns: Set[str] = ENGLISH) -> tuple[str, str]:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    answer = encoding_of(file, "auto", columns)
    return answer.codec, answer.words


def test_a_file_in_gb18030_is_found_by_its_column_names(tmp_path: Path):
    content = csv_file(tmp_path / "o.csv", [order(1)], "gb18030").read_bytes()
    assert found(tmp_path, content, WANTED) == (GB, "GB18030（据列名判断 / by its column names）")


def test_a_file_in_gb18030_is_found_by_its_content_alone(tmp_path: Path):
    assert found(tmp_path, TEXT.encode("gb18030")) == (GB, "GB18030（据内容判断 / by its content）")


def test_a_rare_name_in_gb18030_is_read_correctly(tmp_path: Path):
    (demand,), refused = read(csv_file(tmp_path / "o.csv", [order(1, 来电人="㛃𠮷女士")], "gb18030"))
    assert not refused
    assert demand.contact
    assert demand.contact.name == "㛃𠮷女士"


def test_a_file_in_utf_8_is_recognised_with_and_without_a_bom(tmp_path: Path):
    assert found(tmp_path, TEXT.encode("utf-8-sig"))[0] == UTF8
    assert found(tmp_path, TEXT.encode())[0] == UTF8
    assert found(tmp_path, b"id,title\n1,lamp\n")[1].startswith("UTF-8（仅含 ASCII")


def test_a_broken_byte_does_not_turn_utf_8_into_gb18030(tmp_path: Path):
    content = TEXT.encode() + "2,断".encode()[:-1] + b"\n"
    codec, words = found(tmp_path, content)
    assert (codec, "1 行有误" in words) == (UTF8, True)


@pytest.mark.parametrize(
    "content",
    [
        "id,title\n1,通\n".encode("gb18030"),  # in UTF-8 the same two bytes are an accent
        "id,title\n1,José\n".encode("latin-1"),
        "id,title\n1,猫\n".encode("gb18030"),  # in UTF-8 an accent alone
        "id,title\n1,A 猫毛\n".encode("gb18030"),  # in UTF-8 two accents
        ("id,title\n" + "1,路燈不亮，請來維修\n" * 50).encode("big5"),
        TEXT.encode() + TEXT.encode("gb18030"),
    ],
    ids=["one character", "latin-1", "one cat", "hair", "big5", "two files glued together"],
)
def test_a_file_that_could_be_either_is_not_guessed(content: bytes, tmp_path: Path):
    with pytest.raises(UnreadableFile, match="declare it in the mapping"):
        found(tmp_path, content)


@pytest.mark.parametrize("text", ["José", "café corner", "À côté de l’école".replace("’", "'"), "Größe", "Łódź ulica"])
def test_a_file_in_utf_8_with_latin_accents_alone_is_not_taken_for_chinese(text: str, tmp_path: Path):
    codec, words = found(tmp_path, f"id,title\n1,{text}\n2,plain\n".encode())
    assert (codec, "Latin letters alone" in words) == (UTF8, True)


def test_a_declared_encoding_is_used(tmp_path: Path):
    file = tmp_path / "file.csv"
    file.write_bytes("id,title\n1,通\n".encode("gb18030"))
    assert encoding_of(file, "gb18030", ENGLISH).codec == "gb18030"


@pytest.mark.parametrize("declared", ["utf-8", "UTF8", "utf-8-sig"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig"])
def test_a_bom_is_no_part_of_a_column_name(declared: str, codec: str, tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1)], codec)
    with opened(file, declared, WANTED) as table:
        assert table.columns == COLUMNS
