"""`make bench`: one run on Apache Kafka, a table with the ratios."""

import asyncio
import platform
from os import cpu_count

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from shared.chassis.base import logs
from tests.bench import cases, figures, front, latency, messages, part, scaling, whole
from tests.bench.rig import Rig, count_of, rig, tell_submissions

COUNT = 60_000
DEMANDS = 10_000
AIMS = {"relay": 0.6, "routing": 0.3, "projector": 0.4}
console = Console(width=110, highlight=False)


async def throughput(servers: Rig) -> Table:
    """Facts a second of the product and of minimal loops."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("bench.bare", 12, 1)])
    await admin.close()
    await tell_submissions(servers.dsn, COUNT)
    table = Table("facts/s", "bare", "ours", "ratio", "aim", title=f"{COUNT:,} facts")
    for name, aim in AIMS.items():
        minimal, product = await part.run(f"bare-{name}", servers, COUNT), await part.run(name, servers, COUNT)
        table.add_row(name, f"{minimal:,.0f}", f"{product:,.0f}", f"{product / minimal:.2f}", f">= {aim}")
    rebuild_rate = await rebuild(servers)
    table.add_row(
        "rebuild beside projector", f"{product:,.0f}", f"{rebuild_rate:,.0f}", f"{rebuild_rate / product:.2f}", ">= 0.8"
    )
    return table


async def rebuild(servers: Rig) -> float:
    """Facts a second when all views are rebuilt, from a log that includes routing's facts."""
    routed = await count_of(servers.dsn, "SELECT count(*) FROM routing.journal")
    await part.run("relay-routing", servers, routed)
    return await part.run("rebuild", servers, COUNT + routed)


async def front_door() -> Table:
    """`POST /v1/demands` beside bare FastAPI with a shared INSERT."""
    minimal, product = await front.measure(2)
    table = Table("POST /v1/demands", "bare", "ours", "ratio", "aim", title="whole and durable")
    table.add_row(
        "req/s", f"{minimal.rate:,.0f}", f"{product.rate:,.0f}", f"{product.rate / minimal.rate:.2f}", ">= 0.5"
    )
    p99 = f"{product.p99 / minimal.p99:.1f}"
    table.add_row("p99 ms at half of ours", f"{minimal.p99:.1f}", f"{product.p99:.1f}", p99, "<= 3")
    return table


async def visible() -> Table:
    """Milliseconds from the response 201 to the view, for the product and for a hand-written pipeline."""
    columns = ("ms", "by hand p50", "p99", "ours p50", "p99", "p50 ratio", "p99 ratio")
    table = Table(*columns, title="from 201 until routed and visible")
    for rate, sides in (await latency.measure((50, 200, 500), 8)).items():
        (p50, p99), (own50, own99) = (latency.quantiles(side) for side in sides)
        times = (f"{ms:.0f}" for ms in (p50, p99, own50, own99))
        table.add_row(f"{rate}/s", *times, f"{own50 / p50:.1f}", f"{own99 / p99:.1f}")
    return table


async def opened() -> Table:
    """Milliseconds of every figure at few demands and at many."""
    few, most = f"{figures.FEW:,}", f"{figures.MANY:,}"
    table = Table("ms, p95", few, most, "ratio", title="figures, by the number of demands; aims: <= 20 ms, <= 1.2")
    for name, (before, after) in (await figures.measure()).items():
        table.add_row(name, f"{before:.1f}", f"{after:.1f}", f"{after / before:.1f}")
    return table


async def desk() -> Table:
    """Milliseconds of every list, count, overview and case page, the slowest first."""
    title = f"the desk over {cases.CASES:,} open cases; aim < {cases.AIM:.0f} ms"
    table = Table("ms, p95", "passed", "of the processor", title=title)
    for name, taken in sorted((await cases.measure(cases.CASES)).items(), key=lambda named: -named[1].passed):
        table.add_row(name, f"{taken.passed:.1f}", f"{taken.worked:.1f}")
    return table


async def together() -> Table:
    """The whole loop, and the cost of sharing the routing among workers."""
    table = Table("all processes", "ours", "aim", title="the whole loop, and routing workers that share the partitions")
    result = await whole.measure(DEMANDS)
    table.add_row(f"{DEMANDS:,} demands of {whole.FACTS} facts, demands/s", f"{result.rate:,.0f}", ">= 400")
    table.add_row("memory of our processes, MiB, at a tenth", f"{result.early:,.0f}")
    table.add_row("and at the end", f"{result.late:,.0f}", "flat")
    one, *others = await scaling.measure()
    table.add_row("CPU a fact of one routing worker, us", f"{one:.0f}")
    for workers, cost in enumerate(others, 2):
        table.add_row(f"of {workers}, beside one", f"{cost / one:.2f}", "<= 1.1")
    return table


async def told() -> Table:
    """Messages a second through a gateway that responds after 50 ms."""
    result = await messages.measure()
    table = Table(
        "messages/s", "bare client", "ours", "ratio", "aim", title="one sender, 50 ms a message at the gateway"
    )
    table.add_row("sent", f"{result.bare:,.0f}", f"{result.ours:,.0f}", f"{result.ours / result.bare:.2f}", ">= 500/s")
    table.add_row("CPU a message of ours, ms", "", f"{result.cpu:.2f}", "", "")
    return table


async def main() -> None:
    """Everything, in one run."""
    console.print(
        f"Python {platform.python_version()}, {cpu_count()} cores, Apache Kafka and PostgreSQL on this machine"
    )
    async with rig() as servers:
        console.print(await throughput(servers))
    console.print(await front_door())
    console.print(await visible())
    console.print(await told())
    console.print(await together())
    console.print(await opened())
    console.print(await desk())


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    asyncio.run(main())
