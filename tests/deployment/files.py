"""Reads the files of image, compose and chart for tests."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
CHART: Final = DEPLOY / "helm" / "huying"
COMPANIONS: Final = DEPLOY / "helm" / "companions"
OTHERS: Final = {"FORWARDED_ALLOW_IPS"}
"""Environment variables of uvicorn, which are no settings of the product."""
_REFERENCE: Final = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose_text() -> str:
    return (DEPLOY / "compose" / "compose.yaml").read_text("utf-8")


def compose() -> dict[str, Any]:
    """The compose file with its defaults, merged as YAML is."""
    contents: dict[str, Any] = yaml.safe_load(
        _REFERENCE.sub(lambda m: m[3] if m[2] == "-" else "given", compose_text())
    )
    return {key: value for key, value in contents.items() if not key.startswith("x-")}


def compose_override() -> dict[str, Any]:
    """The example of the file that an office puts beside the compose file."""
    text = (DEPLOY / "compose" / "example.override.yaml").read_text("utf-8")
    contents: dict[str, Any] = yaml.safe_load(_REFERENCE.sub("given", text))
    return {key: value for key, value in contents.items() if not key.startswith("x-")}


def compose_variables() -> set[str]:
    """The environment variables that the compose file uses."""
    return {reference[0] for reference in _REFERENCE.findall(compose_text())}


def own(services: Mapping[str, Any]) -> dict[str, Any]:
    """The services of compose that run our image."""
    return {name: service for name, service in services.items() if "build" in service}


def chart_file(name: str) -> dict[str, Any]:
    contents: dict[str, Any] = yaml.safe_load((CHART / name).read_text("utf-8"))
    return contents


def value_files() -> dict[str, dict[str, Any]]:
    """The example value files of the chart, by name."""
    return {path.name.removesuffix("-values.yaml"): yaml.safe_load(path.read_text("utf-8"))
            for path in sorted((CHART / "ci").glob("*-values.yaml"))}  # fmt: skip


def companion(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((COMPANIONS / name).read_text("utf-8")))
