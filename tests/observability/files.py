"""Rules and dashboards as tests read them, and what their expressions ask for."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "observability"
RULES: Final = FOLDER / "rules.yaml"
UNIT_TESTS: Final = Path(__file__).parent / "rules_test.yaml"
DASHBOARDS: Final = sorted((FOLDER / "dashboards").glob("*.json"))
OF_GRAFANA: Final = {"$__rate_interval": "1m", "${datasource}": "prometheus"}
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABELS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_SELECTOR: Final = re.compile(r"(?<![\w:])([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()(?:\s*\{([^}]*)\})?")
_MATCHER: Final = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*(\d+)")
_WORDS: Final = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
}


@dataclass(frozen=True, slots=True)
class Selector:
    """One series name of an expression with what it is chosen by."""

    name: str
    matchers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression in the language of Prometheus, and where it stands."""

    place: str
    text: str

    def selectors(self) -> Iterator[Selector]:
        """Every series that it asks for."""
        strings: list[str] = []

        def kept(found: re.Match[str]) -> str:
            strings.append(found[0][1:-1])
            return str(len(strings) - 1)

        bare = _LABELS.sub(" ", re.sub(r"\[[^]]*\]", " ", _STRING.sub(kept, self.text)))
        for name, matchers in _SELECTOR.findall(bare):
            if name not in _WORDS:
                yield Selector(name, tuple((label, strings[int(n)]) for label, n in _MATCHER.findall(matchers)))

    def grouped_by(self) -> set[str]:
        """The labels that it joins and groups by."""
        return {label for names in _LABELS.findall(self.text) for label in re.findall(r"\w+", names)}


def rules() -> list[dict[str, Any]]:
    contents: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    return [rule for group in contents["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> dict[str, Expression]:
    return {rule["record"]: Expression(rule["record"], rule["expr"]) for rule in rules() if "record" in rule}


def dashboard(path: Path) -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return contents


def panels(path: Path) -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]


def expressions() -> list[Expression]:
    """Every expression of rules and dashboards, as it is asked in the end."""
    found = [Expression(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    for path in DASHBOARDS:
        for panel in panels(path):
            found += [
                Expression(f"{path.stem}: {panel['title']}", target["expr"].replace("$__rate_interval", "1m"))
                for target in panel["targets"]
            ]
    return found
