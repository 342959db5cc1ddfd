"""Asks a Prometheus what rules and dashboards ask."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from tests.observability.files import ROOT, RULES, Expression


def configuration(targets: Sequence[str], rules: str) -> dict[str, Any]:
    """That of compose, with these addresses in place of names, and without its patience."""
    contents: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose" / "prometheus.yml").read_text("utf-8"))
    (job,) = contents["scrape_configs"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": list(targets)}]
    contents["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    return contents | {"rule_files": [rules]}


def hurried() -> str:
    """The rules, each looked at every second."""
    contents = yaml.safe_load(RULES.read_text("utf-8"))
    return yaml.safe_dump({"groups": [group | {"interval": "1s"} for group in contents["groups"]]})


async def answer(client: httpx.AsyncClient, expression: str) -> list[dict[str, Any]]:
    """The series that an expression has now."""
    response = await client.get("/api/v1/query", params={"query": expression})
    contents = response.json()
    assert contents["status"] == "success", (expression, contents)
    return list(contents["data"]["result"])


async def series(client: httpx.AsyncClient) -> Mapping[str, frozenset[str]]:
    """Every series of ours that was scraped, with its labels."""
    found: dict[str, frozenset[str]] = {}
    for one in await answer(client, '{__name__=~"huying_.+"}'):
        labels = frozenset(one["metric"]) - {"__name__", "instance", "job"}
        found[one["metric"]["__name__"]] = found.get(one["metric"]["__name__"], labels) | labels
    return found


@dataclass(slots=True)
class Unanswered:
    """Expressions that have had no answer yet; each is asked until it has one."""

    client: httpx.AsyncClient
    asked: list[Expression]

    async def look(self) -> list[Expression]:
        """Ask those that are left, once; returns what is left then."""
        answers = await asyncio.gather(*(answer(self.client, one.text) for one in self.asked))
        self.asked = [one for one, found in zip(self.asked, answers, strict=True) if not found]
        return self.asked
