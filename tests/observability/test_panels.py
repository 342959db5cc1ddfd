"""Prometheus itself answers every panel where everything happens: labels fit each other, and nothing is left empty."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import uvicorn

from deploy.cli.metrics_table import declared, exposed
from deploy.cli.services import SERVICE_NAMES
from deploy.local.ports import free_port
from shared.chassis.base.metric_declarations import Declared
from shared.chassis.work.intents import IntentState
from shared.contracts.envelope import unversioned
from shared.contracts.event_types import NOTES, STATUS_FACTS
from tests.eventually import eventually
from tests.observability.asking import Unanswered, answer, configuration, hurried, series
from tests.observability.files import alerts, expressions, recorded
from tests.observability.installed import prometheus
from tests.serving import served

VALUES: Mapping[str, Sequence[str]] = {
    "service": SERVICE_NAMES,
    "type": [unversioned(kind.type) for kind in (*STATUS_FACTS.values(), *NOTES.values())],
    "status": ["200", "503"],
    "state": [*IntentState, "busy", "idle", "active"],
    "process": ["routing-worker"],
}
"""What labels are, beside `something`."""
OF_THE_CLIENT = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds")


def samples(metric: Declared, scrapes: int) -> Iterator[str]:
    """A metric in every state at once; what only grows has grown with each scrape."""
    value = 1 if metric.kind == "gauge" else scrapes
    for values in product(*(VALUES.get(label, ["something"]) for label in metric.labels)):
        labels = [f'{label}="{value}"' for label, value in zip(metric.labels, values, strict=True)]
        if metric.kind != "histogram":
            yield f"{metric.name}{{{','.join(labels)}}} {value}"
            continue
        for bucket in ("0.1", "1.0", "+Inf"):
            le = f'le="{bucket}"'
            yield f"{metric.name}_bucket{{{','.join([*labels, le])}}} {value}"
        yield from (f"{metric.name}_{part}{{{','.join(labels)}}} {value}" for part in ("sum", "count"))


class Everything:
    """A process of ours in which everything happens all the time."""

    scrapes = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scrapes += 1
        lines = [line for metric in declared() for line in samples(metric, self.scrapes)]
        lines += [f"{name} {self.scrapes}" for name in OF_THE_CLIENT]
        headers = [(b"content-type", b"text/plain; version=0.0.4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": "".join(f"{line}\n" for line in lines).encode()})


async def test_no_panel_is_empty_where_everything_happens(tmp_path: Path):
    (tmp_path / "rules.yaml").write_text(hurried())
    process = uvicorn.Config(Everything(), host="127.0.0.1", port=free_port(), log_level="warning", lifespan="off")
    async with served(process) as url:
        targets = configuration([url.removeprefix("http://")], str(tmp_path / "rules.yaml"))
        async with prometheus(tmp_path, targets) as client:
            panels = Unanswered(client, [one for one in expressions() if one.place not in alerts()])
            await eventually(panels.look, lambda left: not left)
            assert await series(client) == exposed()
            assert [name for name in recorded() if not await answer(client, name)] == []
            # What an alert asks for can be asked, too; whether it fires is tried by promtool.
            for alert in alerts().values():
                await answer(client, alert["expr"])
            rules = (await client.get("/api/v1/rules")).json()["data"]["groups"]
            health = {(rule["name"], rule["health"]) for group in rules for rule in group["rules"]}
            assert health == {(name, "ok") for name in (*alerts(), *recorded())}
