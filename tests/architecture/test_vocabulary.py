"""Metrics and log lines use one vocabulary, which the operator's pages list."""

import ast
import re
from itertools import takewhile
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY

from deploy.cli.contracts import documents
from deploy.cli.metrics_table import declared, document

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operating" / "watching.md").read_text("utf-8")
FILES: Final = sorted(path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py"))
AT_WORK: Final = {"trace", "demand"}
"""Keys that a line has by what is worked on, not by its call."""
LEVELS: Final = {"debug", "info", "warning", "error", "critical", "exception"}


def table(head: str) -> list[list[str]]:
    """The rows of a table of the page: of each cell, what stands in backquotes."""
    lines = PAGE.partition(f"| {head} |")[2].splitlines()[2:]
    rows = list(takewhile(bool, lines))
    return [[" ".join(re.findall(r"`([^`]+)`", cell)) for cell in row.strip("|").split("|")] for row in rows]


def test_metrics_are_declared_in_one_way():
    found = {str(path.relative_to(ROOT)) for path in FILES if "from prometheus_client" in path.read_text("utf-8")}
    assert found == {f"shared/chassis/{name}.py" for name in ("base/metrics", "base/metric_declarations", "http/app")}


def test_no_other_metric_is_served_than_those_that_are_declared():
    described = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("huying_")}
    assert described == {one.name.removesuffix("_total") for one in declared()}


def test_the_table_of_metrics_is_one_of_the_documents_that_are_checked_for_drift():
    assert documents()[ROOT / "docs" / "metrics.md"] == document()


def keys_of_lines() -> set[str]:
    """Every key that a line of the log is given."""
    calls = (
        node for path in FILES for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    )
    return {
        str(keyword.arg)
        for call in calls
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
        if (call.func.value.id, call.func.attr in LEVELS) == ("log", True)
        for keyword in call.keywords
    }


def test_every_key_of_a_log_line_is_on_the_page():
    listed = {key for row in table("key of a log line | what it says") for key in row[0].split()}
    assert keys_of_lines() | AT_WORK == listed
