"""Prometheus's own tool reads rules, expressions and metrics, and each alert fires when it should and not otherwise."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from shared.chassis.base.metric_declarations import exposition
from tests.observability.files import RULES, UNIT_TESTS, alerts, expressions
from tests.observability.installed import promtool


def unit_tests() -> list[dict[str, Any]]:
    contents: dict[str, Any] = yaml.safe_load(UNIT_TESTS.read_text("utf-8"))
    return list(contents["tests"])


def test_the_rules_are_rules():
    promtool("check", "rules", str(RULES))


def test_every_expression_of_a_dashboard_is_one(tmp_path: Path):
    named = [{"record": f"panel:{n}", "expr": asked.text} for n, asked in enumerate(expressions())]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": named}]}))
    promtool("check", "rules", str(path))


def test_the_metrics_are_named_and_explained_as_prometheus_wishes():
    promtool("check", "metrics", given=exposition())


def test_alerts_fire_when_they_should_and_not_otherwise():
    promtool("test", "rules", str(UNIT_TESTS))


def test_each_alert_is_tried_once_where_it_fires_and_once_where_it_does_not():
    tried = Counter(
        (name, bool(sample["exp_samples"]))
        for test in unit_tests()
        for sample in test["promql_expr_test"]
        for name in alerts()
        if f'alertname="{name}"' in sample["expr"]
    )
    assert {name for name in alerts() if not tried[name, True] or tried[name, False] < 2} == set()
