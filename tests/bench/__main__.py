"""`make bench`: one run on Apache Kafka, a table with the ratios."""

import asyncio
import platform
from os import cpu_count

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from shared.chassis import logs
from shared.chassis.process import settle
from tests.bench import bare, latency, ours
from tests.bench.rig import Rig, rig, tell_submissions

COUNT = 20_000
AIMS = {"relay": 0.6, "routing worker (Faust)": 0.3, "projector": 0.4}
console = Console(width=110, highlight=False)


async def throughput(servers: Rig) -> Table:
    """Facts a second, ours beside bare."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("bench.bare", 12, 1)])
    await admin.close()
    await tell_submissions(servers.dsn, COUNT)
    measured = {
        "relay": (await bare.send(servers, COUNT), await ours.relay(servers, COUNT)),
        "routing worker (Faust)": (await bare.route(servers, COUNT), await ours.reader(servers, "routing", COUNT)),
        "projector": (await bare.project(servers, COUNT), await ours.reader(servers, "reporting", COUNT)),
    }
    table = Table("facts/s", "bare", "ours", "ratio", "aim", title=f"{COUNT:,} facts")
    for name, (plain, own) in measured.items():
        table.add_row(name, f"{plain:,.0f}", f"{own:,.0f}", f"{own / plain:.2f}", f">= {AIMS[name]}")
    return table


async def visible() -> Table:
    """Milliseconds from 201 to the view."""
    table = Table("201 to visible", "p50 ms", "p99 ms", title="submitted, routed by rule, in the view")
    for rate, values in (await latency.measure((20, 50), 8)).items():
        p50, p99 = latency.quantiles(values)
        table.add_row(rate, f"{p50:.0f}", f"{p99:.0f}")
    return table


async def main() -> None:
    """Everything, in one run."""
    console.print(
        f"Python {platform.python_version()}, {cpu_count()} cores, Apache Kafka and PostgreSQL on this machine"
    )
    async with rig() as servers:
        console.print(await throughput(servers))
    console.print(await visible())


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    settle()
    asyncio.run(main())
