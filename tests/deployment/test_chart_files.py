"""The chart and its companion files match the product; checks that need no tool."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from deploy.layout.product import described, readers
from shared.contracts.topics import TOPICS
from tests.deployment.files import CHART, DEPLOY, ROOT, chart_file, companion, compose, value_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VALUES = {"the defaults": chart_file("values.yaml")} | value_files()


def test_the_defaults_list_every_process_and_every_kind():
    defaults = chart_file("values.yaml")
    assert set(defaults["processes"]) == set(described())
    assert set(defaults["kinds"]) == {about["kind"] for about in described().values()}


OPEN = {"settings", "secrets", "files", "resources", "autoscaling", "annotations", "labels"}
"""Values that may hold anything."""


def leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each value that can be set, with its default as the README writes it."""
    for name, value in values.items():
        path = f"{above}{name}"
        if name.endswith("SecurityContext"):
            yield path, 'as "restricted" asks'
        elif path in ("kinds", "processes"):
            word = {"kinds": "kind", "processes": "process"}[path]
            place = {"kinds": "KIND", "processes": "NAME"}[path]
            yield from ((f"{path}.{place}.{key}", f"by {word}") for one in value.values() for key in one)
        elif isinstance(value, dict) and name not in OPEN:
            yield from leaves(value, f"{path}.")
        else:
            yield path, f"`{json.dumps(value)}`"


def test_the_readme_of_the_chart_has_every_value_with_its_default():
    rows = re.findall(r"^\| `(\S+)` \| (.+?) \| ", (CHART / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(dict(rows)) == len(rows)
    assert dict(rows) == dict(leaves(chart_file("values.yaml")))


@pytest.mark.parametrize("name", VALUES)
def test_values_name_existing_processes_and_settings(name: str):
    values = VALUES[name]
    assert set(values.get("processes", {})) <= set(described())
    named = [*values.get("settings", {}), *values.get("secrets", {}), *values.get("files", {})]
    assert set(named) <= set(readers())


def test_the_chart_and_the_compose_file_have_the_version_of_the_project():
    chart = chart_file("Chart.yaml")
    assert chart["version"] == chart["appVersion"] == PROJECT["version"]
    assert f"huying:{PROJECT['version']}}}" in (DEPLOY / "compose" / "compose.yaml").read_text("utf-8")
    assert f"huying:{PROJECT['version']}" in (DEPLOY / "image" / "Dockerfile").read_text("utf-8")


def test_the_chart_and_compose_have_the_same_rules_and_dashboards():
    watching = DEPLOY / "observability"
    assert (CHART / "files" / "rules.yaml").resolve() == watching / "rules.yaml"
    assert (CHART / "files" / "dashboards").resolve() == watching / "dashboards"
    mounted = {volume.rpartition(":")[0] for name in ("prometheus", "grafana") for volume in _volumes(name)}
    assert {"../observability/rules.yaml:/etc/prometheus/rules.yaml"} <= mounted
    assert {"../observability/dashboards:/etc/grafana/dashboards/huying"} <= mounted
    assert (DEPLOY / "compose" / "prometheus.yml").read_text("utf-8").count("/etc/prometheus/rules.yaml") == 1
    provided = yaml.safe_load((DEPLOY / "compose" / "grafana-dashboards.yaml").read_text("utf-8"))
    assert [one["options"]["path"] for one in provided["providers"]] == ["/etc/grafana/dashboards/huying"]


def _volumes(name: str) -> list[str]:
    volumes: list[str] = compose()["services"][name]["volumes"]
    return [volume for volume in volumes if volume.startswith(".")]


def test_strimzi_declares_our_topics_as_migrate_creates_them():
    topics = {
        document["metadata"]["name"]: document["spec"]
        for document in companion("strimzi.yaml")
        if document["kind"] == "KafkaTopic"
    }
    assert {name: spec["partitions"] for name, spec in topics.items()} == {t.name: t.partitions for t in TOPICS}
    assert {spec["config"]["retention.ms"] for spec in topics.values()} == {-1}


def test_the_user_of_strimzi_has_exactly_the_needed_rights():
    (user,) = (document for document in companion("strimzi.yaml") if document["kind"] == "KafkaUser")
    allowed = {(acl["resource"]["type"], acl["resource"]["name"]) for acl in user["spec"]["authorization"]["acls"]}
    groups = {("group", about["group"]) for about in described().values() if "group" in about}
    assert allowed == groups | {("topic", "huying.")}
    assert all(topic.name.startswith("huying.") for topic in TOPICS)
    assert {acl["resource"]["patternType"] for acl in user["spec"]["authorization"]["acls"]} == {"prefix"}


def test_postgres_of_cloudnativepg_knows_chinese_and_lets_migrations_make_roles():
    (cluster,) = companion("cloudnativepg.yaml")
    initdb = cluster["spec"]["bootstrap"]["initdb"]
    assert (initdb["encoding"], initdb["localeCType"]) == ("UTF8", "C.UTF-8")
    assert any("CREATEROLE" in sql for sql in initdb["postInitSQL"])
