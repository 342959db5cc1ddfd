"""`python -m tests.bench.whole [DEMANDS]`: the whole loop, from imported demands to the view, with all processes on
this machine; demands a second, and the memory of our processes at the start and at the end.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx
import orjson

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from shared.chassis.base import logs
from tests.bench.rig import count_of, unlimited, whole_deployment

HISTORY: Final = (
    ("demand.routed", {"unit": "nh-urban-management", "rule": "recorded"}),
    ("demand.accepted", {"by": "recorded"}),
    ("demand.contacted", {"by": "recorded", "note": "已与市民联系，约定现场查看"}),
    ("demand.progressed", {"by": "recorded", "note": "已安排施工队，预计三日内完成"}),
    ("demand.resolved", {"by": "recorded", "result": "破损路面已修复并恢复通行"}),
    ("demand.confirmed", {"rating": 5, "solved": True, "comment": "满意"}),
    ("demand.closed", {"outcome": "confirmed"}),
)
FACTS: Final = 1 + len(HISTORY)
BATCH: Final = 500
ABREAST: Final = 2
OURS: Final = ("gateway", "intake-worker", "routing-worker", "feedback-worker", "reporting-projector")


@dataclass(frozen=True, slots=True)
class Whole:
    """Demands a second, and MiB of all our processes when a tenth, and when all, were visible."""

    rate: float
    early: float
    late: float


async def measure(demands: int) -> Whole:
    """Import demands of eight facts each, until the last is visible as closed."""
    async with whole_deployment() as running:
        dsn = running.runtime.database_url
        await unlimited(dsn)
        started = perf_counter()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_hand_over(running, demands))
            await _closed(dsn, demands // 10)
            early = _memory(running)
            await _closed(dsn, demands)
        return Whole(demands / (perf_counter() - started), early, _memory(running))


async def _hand_over(running: Running, demands: int) -> None:
    key = keys(running.options.directory / "channels.json")["import"]
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    remaining = iter(range(0, demands, BATCH))
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60) as client:

        async def work() -> None:
            for start in remaining:
                batch_rows = [_recorded(n) for n in range(start, min(start + BATCH, demands))]
                answer = await client.post("/v1/imports", content=orjson.dumps({"demands": batch_rows}))
                rows = answer.raise_for_status().json()["rows"]
                if refused := [row for row in rows if not row["created"]]:
                    raise RuntimeError(str(refused[0]))

        await asyncio.gather(*(work() for _ in range(ABREAST)))


def _recorded(n: int) -> dict[str, Any]:
    day = f"2021-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
    return {
        "title": "路面破损、积水严重",
        "text": "雨后积水，行人和电动车只能绕行。" * 6,
        "division": "440605126222",
        "category": "road-damage",
        "external_id": f"whole-{n}",
        "occurred_at": f"{day}T01:00:00Z",
        "channel_kind": "hotline",
        "via": "12345",
        "history": [
            {"at": f"{day}T{hour:02d}:00:00Z", "type": type, "data": data}
            for hour, (type, data) in enumerate(HISTORY, 2)
        ],
    }


async def _closed(dsn: str, least: int) -> None:
    while await count_of(dsn, "SELECT count(*) FROM reporting.demand_facts WHERE status = 'closed'") < least:
        await asyncio.sleep(0.5)


def _memory(running: Running) -> float:
    pages = sum(int(Path(f"/proc/{running.pid(name)}/statm").read_text().split()[1]) for name in OURS)
    return pages * 4096 / 1_048_576


async def main(demands: int) -> None:
    """Print the figures."""
    result = await measure(demands)
    print(f"{demands:,} demands, {demands * FACTS:,} facts: {result.rate:,.0f} demands/s (aim 400)")
    print(f"memory of our processes: {result.early:,.0f} MiB at a tenth, {result.late:,.0f} MiB at the end")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 125_000))
