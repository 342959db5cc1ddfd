"""Rules and dashboards ask for metrics and labels that there are, and say what they mean."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.cli.metrics_table import LABELS, declared, exposed
from deploy.cli.processes import processes
from deploy.cli.services import SERVICE_NAMES
from shared.chassis.base.metric_declarations import exposition
from shared.chassis.work.intents import IntentState
from shared.contracts.envelope import unversioned
from shared.contracts.event_types import NOTES, STATUS_FACTS
from tests.observability.files import (
    DASHBOARDS,
    ROOT,
    Expression,
    alerts,
    dashboard,
    expressions,
    panels,
    recorded,
    rules,
)

OF_A_TARGET = {"instance", "job"}
"""Labels that Prometheus adds to whatever it scrapes."""
EXPRESSIONS = expressions()
VALUES = {
    "process": set(processes()),
    "service": {*SERVICE_NAMES, "none"},
    "type": {unversioned(kind.type) for kind in (*STATUS_FACTS.values(), *NOTES.values())},
    "state": {*IntentState, "busy", "idle"},
    "result": {"failed"},
}
"""Values that expressions may compare labels with; of others none may be named."""
DOCUMENTS = "docs/operating/alerts.md"
SEVERITIES = {"critical", "warning"}


def of_the_client() -> dict[str, frozenset[str]]:
    """What the Prometheus client tells of every process."""
    families = text_string_to_metric_families(exposition().decode())
    samples = [sample for family in families for sample in family.samples if not sample.name.startswith("huying_")]
    return {sample.name: frozenset(sample.labels) for sample in samples}


def known() -> dict[str, frozenset[str]]:
    """Every series that may be asked for, with its labels."""
    return {**exposed(), **of_the_client(), **{name: frozenset(e.grouped_by()) for name, e in recorded().items()}}


KNOWN = known()


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda e: e.place)
def test_an_expression_asks_for_metrics_and_labels_that_there_are(expression: Expression):
    selectors = list(expression.selectors())
    assert selectors
    labels = OF_A_TARGET.union(*(KNOWN[selector.name] for selector in selectors))
    assert expression.grouped_by() <= labels
    for selector in selectors:
        assert {label for label, _ in selector.matchers} <= KNOWN[selector.name], selector


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda e: e.place)
def test_a_label_is_compared_with_a_value_that_it_can_have(expression: Expression):
    for selector in expression.selectors():
        for label, value in selector.matchers:
            assert value in VALUES.get(label, set()) or (label, value) == ("status", "5.."), selector


def test_an_expression_is_taken_apart_as_prometheus_does():
    text = 'sum by (a, le) (rate(x_total{b="r{}\\"(", c!~"d"}[5m])) / on (e) group_left () y:z or vector(0) unless w'
    expression = Expression("here", text)
    assert [(s.name, s.matchers) for s in expression.selectors()] == [
        ("x_total", (("b", 'r{}\\"('), ("c", "d"))), ("y:z", ()), ("w", ()),
    ]  # fmt: skip
    assert expression.grouped_by() == {"a", "le", "e"}


def test_every_metric_says_what_it_is_and_has_labels_that_are_explained():
    assert len(declared()) == len({one.name for one in declared()})
    for one in declared():
        assert re.fullmatch(r"huying_[a-z_]+[a-z]", one.name)
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert len(one.meaning.split()) > 3, one.name
    assert {label for one in declared() for label in one.labels} == set(LABELS)


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_grave_it_is_and_what_to_do(name: str):
    alert = alerts()[name]
    assert alert["labels"]["severity"] in SEVERITIES
    assert set(alert["annotations"]) == {"summary", "summary_zh", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"{DOCUMENTS}#{name.lower()}"
    named = {label for text in alert["annotations"].values() for label in re.findall(r"\$labels\.(\w+)", text)}
    expression = Expression(name, alert["expr"])
    matched = {label for selector in expression.selectors() for label, _ in selector.matchers}
    through = {label for s in expression.selectors() for label in KNOWN[s.name] if ":" in s.name}
    assert named <= expression.grouped_by() | matched | through


def test_the_page_of_alerts_has_a_chapter_for_each_with_its_severity():
    chapters = re.findall(r"^### (\w+)\n(critical|warning)\.", (ROOT / DOCUMENTS).read_text("utf-8"), re.MULTILINE)
    assert dict(chapters) == {name: alert["labels"]["severity"] for name, alert in alerts().items()}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_has_what_grafana_needs_and_each_panel_says_what_it_shows(path: Path):
    board = dashboard(path)
    assert board["schemaVersion"] >= 39
    assert board["uid"] == f"huying-{path.stem}"
    assert (board["tags"], board["editable"], board["description"] != "") == (["huying"], True, True)
    (source,) = board["templating"]["list"]
    assert (source["type"], source["query"], source["name"]) == ("datasource", "prometheus", "datasource")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels(path):
        assert panel["type"] in ("stat", "timeseries")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len(panel["description"].split()) > 4, panel["title"]
        assert re.search(r"[\u4e00-\u9fff]|Webhooks", panel["title"]), "it has a title in Chinese too"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [t["refId"] for t in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
        assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_lie_side_by_side_and_not_on_each_other(path: Path):
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(path)["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= own


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_legend_names_labels_that_its_expression_keeps(path: Path):
    for panel in panels(path):
        for target in panel["targets"]:
            kept = Expression(panel["title"], target["expr"])
            labels = kept.grouped_by().union(*(KNOWN[s.name] for s in kept.selectors() if ":" in s.name))
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels, panel["title"]


def test_every_metric_is_watched_by_a_rule_or_a_panel():
    used = {selector.name for expression in EXPRESSIONS for selector in expression.selectors()}
    unused = {one.name for one in declared() if not {name for name, _ in one.exposed()} & used}
    assert unused == {"huying_overdue_oldest_seconds"}


def test_rules_have_one_name_each():
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert len(names) == len(set(names))
