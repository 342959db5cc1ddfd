"""Prometheus scrapes a real process, with the configuration, the rules and the dashboards that are shipped."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli.metrics_table import declared, exposed, processes_of
from deploy.local.ports import free_port
from tests.children import killed_at_the_end
from tests.conftest import Server
from tests.eventually import eventually
from tests.keys import KEYS
from tests.observability.asking import Unanswered, answer, configuration, hurried, series
from tests.observability.files import Expression, alerts, expressions, recorded
from tests.observability.installed import prometheus

pytestmark = pytest.mark.kafka
PROCESS = "routing-worker"
SERVED = {name for one in declared() if PROCESS in processes_of(one) for name, _ in one.exposed()}
EVENTS = {
    "huying_facts_total", "huying_delivery_retries_total", "huying_relay_retries_total", "huying_relay_sent_total",
    "huying_timers_total", "huying_reader_handled_timestamp_seconds", "huying_http_request_seconds",
    "huying_batch_records", "huying_batch_seconds", "huying_triage_demands", "huying_triage_oldest_seconds",
    "huying_open_demands", "huying_overdue_demands", "huying_overdue_oldest_seconds",
}  # fmt: skip
"""Metrics that have a series when something has happened for the first time, which nothing here does."""
QUIET = {name for one in declared() if one.name in EVENTS for name, _ in one.exposed()}


def of_this_process() -> Iterator[Expression]:
    """What rules and panels ask of metrics that this process serves from its start on."""
    for one in expressions():
        names = {selector.name for selector in one.selectors()}
        names |= {selector.name for name in names & set(recorded()) for selector in recorded()[name].selectors()}
        ours = {name for name in names if name.startswith("huying_")}
        if one.place not in alerts() and ours <= SERVED - QUIET:
            yield one


async def test_a_process_serves_what_the_documents_say_and_its_panels_have_something_to_show(
    database: str, broker: Server, tmp_path: Path
):
    health = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP_SERVERS": broker.url,
        "HUYING_HEALTH_PORT": str(health),
        "HUYING_DEAD_LETTER_LIMIT": "1000000",  # other tests leave records on the topic that nobody can read
        **{f"HUYING_{name.upper()}": value for name, value in KEYS.items()},
    }
    start = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
    (tmp_path / "rules.yaml").write_text(hurried())
    targets = configuration([f"127.0.0.1:{health}"], str(tmp_path / "rules.yaml"))
    async with (
        killed_at_the_end(*start, sys.executable, "-m", "deploy.cli.main", "run", PROCESS),
        prometheus(tmp_path, targets) as client,
    ):
        asked = list(of_this_process())
        assert len(asked) > 10
        await eventually(Unanswered(client, asked).look, lambda left: not left, within=120)
        scraped = await series(client)
        assert scraped == {name: exposed()[name] for name in scraped}
        assert SERVED - QUIET <= set(scraped) <= SERVED | without_labels()
        (info,) = await answer(client, "huying_process_info")
        assert (info["metric"]["process"], info["metric"]["instance"]) == (PROCESS, f"127.0.0.1:{health}")


def without_labels() -> set[str]:
    """What each process serves at nought though it is never counted there: it has no label that would be missing."""
    return {name for one in declared() if not one.labels for name, _ in one.exposed()}
