"""The figures folded from scratch: journals in, counts out, by plain loops."""

from collections import Counter
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.contracts.demand.facts import StatusFact
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse

Journal = dict[UUID, Demand]


async def journals(dsn: str) -> Journal:
    """Every demand, folded from the facts that the services told; checks that no sequence is missing or double."""
    db = await asyncpg.connect(dsn)
    rows = []
    for service in ("intake", "routing", "feedback"):
        rows += await db.fetch(
            f"SELECT aggregateid, sequence, type, time, payload FROM {service}.journal WHERE sequence IS NOT NULL"
        )
    await db.close()
    found: Journal = {}
    for row in sorted(rows, key=lambda row: (row["aggregateid"], row["sequence"])):
        demand = found.get(row["aggregateid"]) or Demand(id=row["aggregateid"])
        assert row["sequence"] == demand.version + 1, f"{demand.number}: {row['sequence']} after {demand.version}"
        fact = parse(row["type"], row["payload"])
        assert isinstance(fact, StatusFact)
        found[demand.id] = evolve(demand, fact, row["time"])
    return found


async def views(dsn: str) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]], Journal]:
    """The counters of reporting for channels and units, and its copy of every demand."""
    db = await asyncpg.connect(dsn)
    cohort = await db.fetch("SELECT dimension, key, measure, sum(n) AS n FROM reporting.cohort_whole GROUP BY 1, 2, 3")
    flow = await db.fetch("SELECT dimension, key, measure, sum(n) AS n FROM reporting.flow_whole GROUP BY 1, 2, 3")
    states = await db.fetch("SELECT state::text FROM reporting.demand_facts")
    await db.close()
    kept = (Demand.model_validate_json(row["state"]) for row in states)
    return _counter(cohort), _counter(flow), {demand.id: demand for demand in kept}


def _counter(rows: list[asyncpg.Record]) -> Counter[tuple[str, ...]]:
    return Counter({(r["dimension"], r["key"], r["measure"]): int(r["n"]) for r in rows if r["n"]})


async def owed(dsn: str) -> Counter[datetime]:
    """How many demands are owed by when, as reporting counts them."""
    db = await asyncpg.connect(dsn)
    rows = await db.fetch("SELECT due_at, sum(n) AS n FROM reporting.owed GROUP BY 1")
    await db.close()
    return Counter({row["due_at"]: int(row["n"]) for row in rows if row["n"]})


OPEN = {"submitted", "triage", "routed", "accepted", "returned", "in_progress", "listed", "reopened"}
DONE = {("resolved", None), ("confirmed", None)} | {("closed", o) for o in ("confirmed", "disputed", "unrated")}


def counted(demands: Journal) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """What the counters must be, for the dimensions that need no pack: all, channel, unit."""
    cohort: Counter[tuple[str, ...]] = Counter()
    flow: Counter[tuple[str, ...]] = Counter()
    for demand in demands.values():
        standing = f"closed/{demand.outcome}" if demand.outcome else str(demand.status)
        for place in (("all", ""), ("channel", demand.channel), ("unit", demand.unit or "-")):
            cohort[(*place, f"status:{standing}")] += 1
            flow[(*place, "collected")] += 1
            if (str(demand.status), str(demand.outcome) if demand.outcome else None) in DONE:
                flow[(*place, "completed")] += 1
    return cohort, flow


async def assert_views_equal_journals(dsn: str) -> Journal:
    """The copies, the cohorts and the flow are what a fold of the journals gives."""
    told = await journals(dsn)
    cohort, flow, kept = await views(dsn)
    assert kept == told
    wanted_cohort, wanted_flow = counted(told)
    assert await owed(dsn) == Counter(d.due_at for d in told.values() if d.due_at and str(d.status) in OPEN)
    dimensions = ("all", "channel", "unit")
    assert {k: n for k, n in cohort.items() if k[0] in dimensions and k[2].startswith("status:")} == wanted_cohort
    assert {k: n for k, n in flow.items() if k[0] in dimensions} == wanted_flow
    return told
