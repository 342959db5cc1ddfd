"""The version before and this one work side by side on one database and one topic, while people go on.

Every command of `docs/operating/upgrades.md` is run as it stands there, on real servers, by `make drill-upgrade`.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

import asyncpg
import httpx
import pytest

from deploy.cli.channels import keys
from tests.bench.rig import unlimited
from tests.conftest import KAFKA, Server, fresh_database, reachable
from tests.e2e.fold import assert_views_equal_journals, counted, journals, views
from tests.eventually import eventually
from tests.keys import KEYS
from tests.recovery.servers import a_broker
from tests.upgrade.fleet import AFTER_ALL, BEFORE_ALL, LOOK, MIGRATE, SERVICES, Fleet, installed
from tests.upgrade.people import WITHIN, People
from tests.upgrade.version_before import Version, unpacked

pytestmark = [pytest.mark.upgrade, pytest.mark.timeout(1800)]
SOURCE_OF_MEASURES: Final = (
    "import inspect; from services.reporting.figures import domain; print(inspect.getsource(domain))"
)
A_FEW: Final = 4
"""Demands that come to their end in each state of the installation."""
THIS: Final = Path(sys.executable).parent
"""The folder with the `huying` of this version."""


@dataclass
class Town:
    """The installation, and who lives with it."""

    database: str
    before: Version
    fleet: Fleet
    people: People
    began: float

    async def works(self, state: str) -> None:
        """Some demands come to their end."""
        await self.people.finish(A_FEW)
        print(f"{monotonic() - self.began:4.0f} s: {state}: {len(self.people.closed)} demands closed", flush=True)

    async def count(self, query: str) -> int:
        """A number from the database."""
        db = await asyncpg.connect(self.database)
        try:
            return int(await db.fetchval(query))
        finally:
            await db.close()

    async def facts(self, name: str) -> dict[str, int]:
        """How often routing told `demand.NAME` of each demand."""
        query = "SELECT aggregateid::text, count(*) FROM routing.journal WHERE type ~ $1 GROUP BY 1"
        db = await asyncpg.connect(self.database)
        try:
            return dict(await db.fetch(query, f"^demand[.]{name}[.]v"))
        finally:
            await db.close()

    def told(self) -> Counter[tuple[str, str]]:
        """How often each message was received, by demand and kind; no text came twice to one citizen of one demand."""
        lines = [json.loads(line) for line in self.people.messages.read_text("utf-8").splitlines()]
        assert len({line["id"] for line in lines}) == len(lines), "a message was sent twice"
        return Counter((line["demand_id"], line["template"]) for line in lines)


@pytest.fixture
async def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """The version before, alone."""
    began = monotonic()
    home = reachable(tmp_path_factory, "upgrade")
    before = unpacked(home)
    async with fresh_database(postgres, "template1") as database, a_broker(home, "broker") as broker:
        env = {
            "DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker, "HUYING_STATE_DIR": str(home),
            "HUYING_SECRET": str(KEYS["secret"]), "HUYING_VAULT_KEY": str(KEYS["vault_key"]),
            "HUYING_NOTIFICATION_FILE": str(home / "messages.jsonl"), "HUYING_JURISDICTIONS": "nanhai",
            "HUYING_ATTACHMENTS_FOLDER": str(home / "attachments"), "HUYING_FETCH_PACING": "0" if KAFKA else "0.05",
        }  # fmt: skip
        async with installed(env, home / "logs", before.commands) as fleet, _people(fleet, before, home) as people:
            yield Town(database, before, fleet, people, began)


@asynccontextmanager
async def _people(fleet: Fleet, before: Version, home: Path) -> AsyncIterator[People]:
    await fleet.shell(before.commands).run(f"huying channel seed --file {home}/channels.json")
    await unlimited(fleet.env["DATABASE_URL"])
    urls = {service: f"http://127.0.0.1:{line.port}" for service, line in fleet.lines.items()}
    # Each request over a connection of its own: it is led to whatever runs now.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as client:
        key = keys(home / "channels.json")["web"]
        yield People(urls, str(KEYS["secret"]), key, home / "messages.jsonl", client)


async def test_this_version_takes_over_while_people_go_on(town: Town):
    fleet, people, before = town.fleet, town.people, town.before.commands
    migrations = "SELECT count(*) FROM routing.schema_migrations"
    async with people.at_work():
        await town.works("the version before, alone")
        left = [await people.raises() for _ in range(A_FEW)]
        known = await town.count(migrations)
        for block in (BEFORE_ALL, MIGRATE):
            await fleet.shell(THIS).run(block)
        assert await town.count(migrations) > known, "there is something to upgrade"
        await town.works("the version before, on the new schema")
        for service in SERVICES:
            await fleet.replace_service(service, THIS)
            await town.works(f"{service} is new")
            await fleet.replace_service(service, before)
            await town.works(f"{service} is of the version before again")
            await fleet.replace_service(service, THIS)
            await town.works(f"{service} is new again")
        for demand in left:
            await people.goes_through(demand)
        await town.works("everything is new")
    await nothing_is_lost_or_double(town)
    # A citizen who judges before feedback has heard of the answer is told so, whatever version runs.
    assert all(words.startswith("POST feedback 409 ") for words in people.refused), people.refused
    for block in (LOOK, *AFTER_ALL[:-1]):
        await fleet.shell(THIS).run(block)
    rebuilt = await fleet.shell(THIS).run(AFTER_ALL[-1])
    differences = [line for line in rebuilt.splitlines() if "now," in line and "rebuilt" in line]
    # What the version before did not know of the demands that it has moved is counted by the rebuild.
    counters = [line for line in differences if "has another state" not in line and " / field " not in line]
    source = await fleet.shell(before).run(f'python -c "{SOURCE_OF_MEASURES}"')
    known = [line for line in counters if _measure(line) in source]
    assert not known, f"a counter differs: {known}"
    # Of what the version before told, this one now knows as much as of its own.
    await assert_views_equal_journals(town.database)


def _measure(line: str) -> str:
    """The name of the figure that a difference is about: `rating` of `… nanhai all rating:5: 1 now, 2 rebuilt`."""
    (name,) = re.findall(r"(\S+): [\d,]+ now, ", line)
    return f'"{name.partition(":")[0]}'


async def figures_are_what_the_journals_say(town: Town) -> None:
    """Every counter, and of every demand what both versions know: a field that is new is empty where the old wrote."""
    told = await journals(town.database)
    assert {str(id) for id in told} == {demand.id for demand in town.people.raised}
    cohort, flow, kept = await views(town.database)
    wanted_cohort, wanted_flow = counted(told)
    dimensions = ("all", "channel", "unit")
    assert {k: n for k, n in cohort.items() if k[0] in dimensions and k[2].startswith("status:")} == wanted_cohort
    assert {k: n for k, n in flow.items() if k[0] in dimensions} == wanted_flow
    fields = "from shared.contracts.demand.state import Demand; print(*Demand.model_fields)"
    both = set((await town.fleet.shell(town.before.commands).run(f'python -c "{fields}"')).split())
    for id, demand in told.items():
        assert kept[id].model_dump(include=both) == demand.model_dump(include=both), demand.number


async def nothing_is_lost_or_double(town: Town) -> None:
    """Every demand came to its end, was routed once a round, and its citizen was told each thing once."""
    people = town.people
    closed = "SELECT count(*) FROM reporting.demand_facts WHERE state->>'status' = 'closed'"
    await eventually(lambda: town.count(closed), lambda count: count == len(people.raised), within=WITHIN)
    assert {demand.id for demand in people.closed} == {demand.id for demand in people.raised}
    for service in SERVICES:
        for table in ("dead_letter", "parked"):
            assert await town.count(f"SELECT count(*) FROM {service}.{table}") == 0, f"{service}.{table}"
    await figures_are_what_the_journals_say(town)
    for fact in ("routed", "resolved"):
        assert await town.facts(fact) == {demand.id: demand.rounds for demand in people.raised}, f"demand.{fact}"
    once = Counter({(demand.id, kind): 1 for demand in people.raised for kind in ("submitted", "routed", "resolved")})
    # Of what was answered twice, later messages may wait: an hour has room for few to one citizen.
    twice = {demand.id for demand in people.raised if demand.rounds > 1}

    async def received() -> Counter[tuple[str, str]]:
        return Counter({key: n if key[0] not in twice else min(n, 1) for key, n in town.told().items() if key in once})

    await eventually(received, lambda counts: counts == once, within=WITHIN)
