"""Renders the chart and validates manifests, compose files and dashboards by their schemas; runs in its own
environment.

Reads `{"chart": FOLDER, "kubernetes": [VERSION, …], "values": {NAME: {…}}, "compose": {NAME: {…}}, "dashboards":
{NAME: {…}}}`, and writes `{"charts": {NAME: {"refused": WORDS} or {"documents": […], "lint": […], "wrong": […]}},
"compose": {NAME: WORDS}, "dashboards": {NAME: [WORDS, …]}}`, with null for words where nothing is wrong.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import helm_python
import kubernetes_validate
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor
from compose_spec import PyCompose
from gateway_route import HTTPRoute
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from pydantic import ValidationError

WARNING: Final = 2
OPERATORS: Final = {
    kind.__name__: kind for kind in (ScaledObject, TriggerAuthentication, ServiceMonitor, PrometheusRule, HTTPRoute)
}


def looked_at(chart: str, values: Mapping[str, Any], kubernetes: Sequence[str]) -> dict[str, Any]:
    """The rendered chart with these values, and its errors by lint and by schema."""
    try:
        with helm_python.Chart.load(chart) as loaded:
            loaded.validate_schema(dict(values))
            files = loaded.render(dict(values), name="huying", namespace="huying")
    except (helm_python.HelmValuesError, helm_python.HelmRenderError) as refused:
        return {"refused": str(refused)}
    texts = {name: text for name, text in files.items() if name.endswith(".yaml")}
    documents = [document for text in texts.values() for document in yaml.safe_load_all(text) if document]
    report = helm_python.lint(chart, dict(values), strict=True)
    lint = [message["error"] for message in report["messages"] if message["severity"] >= WARNING] + report["errors"]
    wrong = [words for document in documents for words in _wrong(document, kubernetes)]
    return {"documents": documents, "lint": lint, "wrong": wrong}


def _wrong(document: Mapping[str, Any], kubernetes: Sequence[str]) -> Iterator[str]:
    name = f"{document['kind']} {document['metadata']['name']}"
    if (operators := OPERATORS.get(document["kind"])) is not None:
        try:
            understood = operators.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
        except ValidationError as fault:
            yield f"{name}: {fault}"
        else:
            yield from (f"{name}: {place} is no field" for place in _ignored(document, understood, ""))
        return
    for version in kubernetes:
        try:
            kubernetes_validate.validate(dict(document), version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as fault:
            yield f"{name}: {fault} (Kubernetes {version})"


def _ignored(raw: Any, understood: Any, place: str) -> Iterator[str]:
    """The places of fields that the model ignored, since it accepts unknown fields silently."""
    if isinstance(raw, Mapping) and isinstance(understood, Mapping):
        for key, value in raw.items():
            if key in understood:
                yield from _ignored(value, understood[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"
    elif isinstance(raw, list) and isinstance(understood, list):
        for number, (value, model) in enumerate(zip(raw, understood, strict=True)):
            yield from _ignored(value, model, f"{place}[{number}]")


def wrong_compose(compose: Mapping[str, Any]) -> str | None:
    """The error of a compose file by its specification."""
    try:
        PyCompose.from_yaml(yaml.safe_dump(dict(compose)))
    except ValueError as fault:
        return str(fault)
    return None


def wrong_dashboard(dashboard: Mapping[str, Any]) -> list[str]:
    """The places in a dashboard that Grafana's definition of dashboards and panels does not know."""
    understood = json.loads(JSONEncoder().encode(Dashboard.from_json(dict(dashboard))))
    return [f"{place} is no field" for place in _ignored(dashboard, understood, "")]


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    kubernetes = request.get("kubernetes", [kubernetes_validate.latest_version()])
    charts = {name: looked_at(request["chart"], values, kubernetes) for name, values in request["values"].items()}
    compose = {name: wrong_compose(contents) for name, contents in request.get("compose", {}).items()}
    register_default_plugins()
    dashboards = {name: wrong_dashboard(contents) for name, contents in request.get("dashboards", {}).items()}
    json.dump({"charts": charts, "compose": compose, "dashboards": dashboards}, sys.stdout)


if __name__ == "__main__":
    main()
