"""Metrics and log lines use one vocabulary, which the operator's page lists."""

import ast
import re
from itertools import takewhile
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY

from shared.chassis.base import metrics

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "operating" / "watching.md").read_text("utf-8")
FILES: Final = sorted(path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py"))
LABELS: Final = {
    "service",
    "process",
    "shard",
    "kind",
    "result",
    "method",
    "route",
    "status",
    "state",
    "why",
    "gateway",
}
AT_WORK: Final = {"trace", "demand"}
"""Keys that a line has by what is worked on, not by its call."""
LEVELS: Final = {"debug", "info", "warning", "error", "critical", "exception"}


def table(head: str) -> list[list[str]]:
    """The rows of a table of the page: of each cell, what stands in backquotes."""
    lines = PAGE.partition(f"| {head} |")[2].splitlines()[2:]
    rows = list(takewhile(bool, lines))
    return [[" ".join(re.findall(r"`([^`]+)`", cell)) for cell in row.strip("|").split("|")] for row in rows]


def declared() -> dict[str, set[str]]:
    """Every metric of ours with its labels."""
    ours = {one for one, names in REGISTRY._collector_to_names.items() if names[0].startswith("huying_")}
    assert metrics.FACTS in ours
    return {one._name: set(one._labelnames) for one in ours}  # type: ignore[attr-defined]


def test_every_metric_is_on_the_page_with_its_labels():
    assert {row[0]: set(row[1].split()) for row in table("metric | labels | what it says")} == declared()


def test_labels_are_of_one_vocabulary():
    assert set().union(*declared().values()) == LABELS


def test_metrics_are_declared_in_one_place():
    found = {str(path.relative_to(ROOT)) for path in FILES if "from prometheus_client" in path.read_text("utf-8")}
    assert found == {"shared/chassis/base/metrics.py", "shared/chassis/http/app.py"}


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
