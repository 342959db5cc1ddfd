"""One table has every setting, so that none stands in the code alone."""

import re
from pathlib import Path

from deploy.cli.contracts import documents
from deploy.cli.settings_table import document, rows

ROOT = Path(__file__).parents[2]
OF_THE_TESTS = {
    "HUYING_TEST_BROKER",
    "HUYING_TEST_PICTURES",
    "HUYING_TEST_EXAMPLES",
    "HUYING_LONG",
    "HUYING_UPGRADE_FROM",
}
OF_OTHERS = {"OTEL_SDK_DISABLED"}  # read by OpenTelemetry itself
MISTYPED = {"HUYING_PROT"}  # the example in docs/settings.md
NAME = re.compile(r"\b(?:HUYING|KAFKA|DATABASE|OTEL)_[A-Z0-9_]*[A-Z0-9]\b")


def test_every_variable_that_stands_in_the_code_or_in_a_document_is_in_the_table():
    files = [path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py")]
    files += [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "Makefile"]
    named = {name for path in files for name in NAME.findall(path.read_text("utf-8"))}
    assert named - {row.variable for row in rows()} - OF_THE_TESTS - OF_OTHERS - MISTYPED == set()


def test_every_setting_says_what_it_is_for_what_it_may_be_and_who_reads_it():
    found = rows()
    assert len({row.variable for row in found}) == len(found)
    for row in found:
        assert all((row.meaning, row.values, row.default, row.read_by)), row


def test_no_default_tells_of_the_machine_on_which_the_table_was_written():
    assert str(ROOT) not in document()


def test_the_table_is_one_of_the_documents_that_are_checked_for_drift():
    assert documents()[ROOT / "docs" / "settings.md"] == document()
