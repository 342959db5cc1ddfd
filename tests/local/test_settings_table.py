"""One table documents every setting in the code."""

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


def test_every_variable_in_the_code_or_in_a_document_is_in_the_table():
    files = [path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py")]
    files += [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "Makefile"]
    variables = {name for path in files for name in NAME.findall(path.read_text("utf-8"))}
    assert variables - {row.variable for row in rows()} - OF_THE_TESTS - OF_OTHERS - MISTYPED == set()


def test_every_setting_has_a_purpose_values_and_readers():
    table_rows = rows()
    assert len({row.variable for row in table_rows}) == len(table_rows)
    for row in table_rows:
        assert all((row.meaning, row.values, row.default, row.read_by)), row


def test_no_default_depends_on_the_machine_that_wrote_the_table():
    assert str(ROOT) not in document()


def test_the_table_is_one_of_the_documents_that_are_checked_for_drift():
    assert documents()[ROOT / "docs" / "settings.md"] == document()
