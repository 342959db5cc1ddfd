"""Versions of the dispatch catalogue: drafted, checked, rehearsed, published at a moment, rolled back, explained."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.routing.app import demand_repository, worker
from services.routing.cases import commands as c
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.policies import first_routing
from services.routing.catalogue import api, explanation_api
from services.routing.catalogue.differences import RuleChange, differences
from services.routing.catalogue.doctor_checks import unusable
from services.routing.catalogue.explanation_api import Explainer
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.packs_in_force import PacksInForce, rules_as_yaml
from services.routing.catalogue.rehearsal import PastDemand, Rehearser
from services.routing.settings import RoutingSettings
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.findings import Severity
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import RequestKind
from shared.contracts.numbers import number
from shared.identity.person import Person
from shared.identity.staff import StaffBearers
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.conditions import RoutingInput
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.parts import Match, Rule
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.packs import nanhai, shipped

TOKENS = Tokens("s" * 40)
FILE = nanhai().catalogue_version
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
VILLAGE = "440605011001"
ELSEWHERE = next(pack for pack in shipped() if pack.id != "nanhai")


@dataclass(slots=True)
class Clock:
    """A clock that stands still until the test moves it."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


@dataclass(slots=True)
class CatalogueHarness:
    """Catalogues over HTTP, and routing's worker, with a clock that tests move."""

    pool: Pool
    client: httpx.AsyncClient
    packs: PacksInForce
    clock: Clock
    log: Log = field(default_factory=Log)

    async def ask(
        self, method: str, path: str, unit: str = nanhai().coordinator, roles: tuple[str, ...] = (), **body: Any
    ) -> httpx.Response:
        token = TOKENS.write("staff", {"name": "李", "unit": unit, "roles": roles})
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **body)

    async def command(self, path: str, **fields: Any) -> dict[str, Any]:
        answer = await self.ask("POST", f"/v1/catalogues{path}", json=fields)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def drafted(self, *rules: str) -> str:
        """Create a draft with these rules before those of the file."""
        return str((await self.command("", content=with_rules(*rules)))["version"])

    async def rehearsed(self, *rules: str) -> str:
        version = await self.drafted(*rules)
        await self.command(f"/{version}/check")
        await self.command(f"/{version}/rehearse", newest=100)
        return version

    async def published(self, *rules: str) -> str:
        """Create a version and put it into force."""
        version = await self.rehearsed(*rules)
        await self.command(f"/{version}/publish")
        self.clock.forward(seconds=5)
        await self.packs.read()
        return version

    async def state(self, version: str) -> str:
        return str((await self.ask("GET", f"/v1/catalogues/{version}")).json()["state"])

    async def deliver(self, *facts: f.StatusFact, n: int) -> str:
        """Deliver a demand to the worker and return the rule that decided."""
        delivery = Delivery(self.pool, Repositories.of(demand_repository(self.packs)), "cluster", clock=self.clock)
        await apply_records(delivery, self.log.records(*facts, key=UUID(int=n)))
        state = await self.pool.fetchval("SELECT state ->> 'rule' FROM demand WHERE id = $1", UUID(int=n))
        return str(state)


def with_rules(*new_rules: str) -> str:
    rules = "".join(f"- {rule}\n" for rule in new_rules)
    return rules_as_yaml(nanhai()).replace("rules:\n", f"rules:\n{rules}", 1)


def submission(n: int, **also: Any) -> f.DemandSubmitted:
    return story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n), **also})


TRANSPORT = "{id: sunk, match: {category: road-damage, keywords: [塌陷]}, lead: nh-transport}"
INVOICES = "{id: invoices, match: {category: taxes, keywords: [发票]}, lead: nh-tax}"


@pytest.fixture
async def harness(database: str) -> AsyncIterator[CatalogueHarness]:
    clock = Clock()
    async with await open_pool(database, "routing") as pool:
        packs = PacksInForce(shipped(), pool, clock)
        await packs.read()
        staff = StaffBearers(pool, StaffTokens(TOKENS))
        desk, explainer = CatalogueDesk(pool, packs, clock), Explainer(pool, packs)
        web = web_app("routing", [explanation_api.routes(explainer, staff), api.routes(desk, staff)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://routing") as client:
            yield CatalogueHarness(pool, client, packs, clock)


async def test_each_step_of_a_version_from_draft_to_publication_is_recorded_with_its_author(harness: CatalogueHarness):
    version = await harness.drafted(TRANSPORT)
    assert await harness.state(version) == "draft"
    await harness.command(f"/{version}/check")
    assert await harness.state(version) == "checked"
    await harness.command(f"/{version}/rehearse", newest=100)
    assert await harness.state(version) == "rehearsed"
    moment = NOON + timedelta(hours=1)
    await harness.command(f"/{version}/publish", at=moment.isoformat(), reason="换发新目录")
    assert (await harness.state(version), await harness.state(FILE)) == ("scheduled", "published")
    harness.clock.forward(hours=1)
    assert (await harness.state(version), await harness.state(FILE)) == ("published", "superseded")
    actions = (await harness.ask("GET", "/v1/catalogues/actions")).json()["actions"]
    assert [action["action"] for action in actions] == ["published", "rehearsed", "checked", "drafted"]
    assert (actions[0]["name"], actions[0]["reason"], actions[0]["version"]) == ("李", "换发新目录", version)
    assert datetime.fromisoformat(actions[0]["in_force_from"]) == moment


async def test_a_version_decides_from_its_start_on_and_every_decision_names_it(harness: CatalogueHarness):
    version = await harness.rehearsed(TRANSPORT)
    await harness.command(f"/{version}/publish", at=(NOON + timedelta(hours=1)).isoformat())
    await harness.packs.read()
    sunk = {"text": "路面塌陷"}
    assert await harness.deliver(submission(1, **sunk), n=1) == f"nanhai@{FILE}:road-damage"
    harness.clock.forward(hours=1)
    assert await harness.deliver(submission(2, **sunk), n=2) == f"nanhai@{version}:sunk"
    assert await harness.deliver(submission(3, text="有坑"), n=3) == f"nanhai@{version}:road-damage"


async def test_two_workers_that_read_a_publication_at_different_times_decide_alike(harness: CatalogueHarness):
    packs_in_force = PacksInForce(shipped(), harness.pool, harness.clock)
    await packs_in_force.read()
    version = await harness.rehearsed(TRANSPORT)
    publication = await harness.command(f"/{version}/publish")
    moment = datetime.fromisoformat(publication["in_force_from"])
    await harness.packs.read()
    harness.clock.forward(seconds=3)
    await packs_in_force.read()
    assert moment == NOON + timedelta(seconds=5)
    for packs in (harness.packs, packs_in_force):
        versions = []
        for seconds in (-1, 0, 1):
            pack = packs.at(moment + timedelta(seconds=seconds)).get("nanhai")
            assert pack
            versions.append(pack.catalogue_version)
        assert versions == [FILE, version, version]


async def test_a_starting_worker_reads_the_version_in_force_before_it_decides(harness: CatalogueHarness):
    version = await harness.published(TRANSPORT)
    fresh = PacksInForce(shipped(), harness.pool, harness.clock)
    assert await fresh.ready() is not None
    await fresh.read()
    assert await fresh.ready() is None
    pack = fresh.of_division(VILLAGE)
    assert pack
    assert pack.catalogue_version == version


async def test_a_rollback_restores_the_previous_version_and_is_recorded(harness: CatalogueHarness):
    first = await harness.published(TRANSPORT)
    second = await harness.published("{id: holes, match: {category: road-damage, keywords: [坑]}, lead: nh-transport}")
    assert (await harness.state(first), await harness.state(second)) == ("superseded", "published")
    assert (await harness.ask("GET", "/v1/catalogues")).json()["before"] == first
    rollback = await harness.command("/rollback", reason="派错单位")
    assert rollback["version"] == first
    harness.clock.forward(seconds=5)
    await harness.packs.read()
    assert (await harness.state(first), await harness.state(second)) == ("published", "rolled-back")
    assert await harness.deliver(submission(1, text="路面塌陷"), n=1) == f"nanhai@{first}:sunk"
    assert (await harness.command("/rollback"))["version"] == FILE
    harness.clock.forward(seconds=5)
    refused = await harness.ask("POST", "/v1/catalogues/rollback", json={})
    assert refused.status_code == 409


async def test_a_version_with_an_error_or_without_a_rehearsal_is_not_published(harness: CatalogueHarness):
    broken = await harness.drafted("{id: x, match: {category: road-damage}, lead: no-such-unit}")
    checked = await harness.command(f"/{broken}/check")
    assert checked["state"] == "draft"
    messages = [finding["message"] for finding in checked["findings"] if finding["severity"] == "error"]
    assert "rule 'x': unit 'no-such-unit' is not defined in units.csv" in messages
    in_chinese = [finding["message_zh"] for finding in checked["findings"]]
    assert "规则“x”：没有单位“no-such-unit”" in in_chinese
    assert all(in_chinese)
    assert any("can never match" in message for message in messages)
    for path in ("publish", "rehearse"):
        refused = await harness.ask("POST", f"/v1/catalogues/{broken}/{path}", json={})
        assert refused.status_code == 409
    sound = await harness.drafted(TRANSPORT)
    await harness.command(f"/{sound}/check")
    refused = await harness.ask("POST", f"/v1/catalogues/{sound}/publish", json={})
    assert (refused.status_code, refused.json()["detail_en"]) == (409, "rehearse it first")


async def test_publication_needs_a_new_rehearsal_when_another_version_is_in_force(harness: CatalogueHarness):
    version = await harness.rehearsed(TRANSPORT)
    await harness.published("{id: holes, match: {category: road-damage, keywords: [坑]}, lead: nh-transport}")
    refused = await harness.ask("POST", f"/v1/catalogues/{version}/publish", json={})
    assert (refused.status_code, "rehearse it again" in refused.json()["detail_en"]) == (409, True)
    await harness.command(f"/{version}/rehearse", newest=10)
    await harness.command(f"/{version}/publish")


async def test_a_scheduled_publication_can_be_cancelled_and_is_replaced_by_another(harness: CatalogueHarness):
    first, second = await harness.rehearsed(TRANSPORT), await harness.rehearsed(INVOICES)
    later = (NOON + timedelta(days=1)).isoformat()
    await harness.command(f"/{first}/publish", at=later)
    await harness.command(f"/{first}/cancel")
    assert await harness.state(first) == "rehearsed"
    await harness.command(f"/{first}/publish", at=later)
    await harness.command(f"/{second}/publish", at=later)
    assert (await harness.state(first), await harness.state(second)) == ("rehearsed", "scheduled")
    refused = await harness.ask("POST", f"/v1/catalogues/{first}/cancel")
    assert refused.status_code == 409
    harness.clock.forward(days=1, seconds=-4)
    too_late = await harness.ask("POST", f"/v1/catalogues/{second}/cancel")
    assert (too_late.status_code, "too late to cancel" in too_late.json()["detail_en"]) == (409, True)


async def test_a_past_time_and_an_invalid_catalogue_are_refused(harness: CatalogueHarness):
    version = await harness.rehearsed(TRANSPORT)
    past = {"at": (NOON - timedelta(seconds=1)).isoformat()}
    assert (await harness.ask("POST", f"/v1/catalogues/{version}/publish", json=past)).status_code == 422
    refused = await harness.ask("POST", "/v1/catalogues", json={"content": "limits: x\nrules:\n  - {id: a}\n"})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["field"], error["detail"]) == ("content:3", "第 3 行：缺少第 1 条规则的 lead，请补上")
    assert (await harness.ask("GET", "/v1/catalogues/000000000000")).status_code == 404


async def test_catalogues_are_changed_by_dispatchers_and_read_by_staff_who_read_every_case(
    harness: CatalogueHarness,
):
    version = await harness.drafted(TRANSPORT)
    assert (await harness.ask("GET", "/v1/catalogues", "nh-tax")).status_code == 403
    assert (await harness.ask("POST", f"/v1/catalogues/{version}/check", "nh-tax")).status_code == 403
    assert (await harness.ask("GET", f"/v1/catalogues/{version}", ELSEWHERE.coordinator)).status_code == 404
    assert (await harness.ask("GET", "/v1/catalogues", "nh-tax", roles=("admin",))).status_code == 200
    assert (await harness.ask("GET", "/v1/catalogues", roles=("clerk",))).status_code == 200
    assert (await harness.ask("GET", "/v1/catalogues", "nh-tax", roles=("auditor",))).status_code == 200
    for path in (f"/{version}/check", "/rollback", f"/{version}/publish"):
        for unit, role in ((nanhai().coordinator, "clerk"), ("nh-tax", "auditor")):
            refused = await harness.ask("POST", f"/v1/catalogues{path}", unit, roles=(role,), json={})
            assert refused.status_code == 403
    body = (await harness.ask("GET", "/v1/catalogues", ELSEWHERE.coordinator)).json()
    assert (body["jurisdiction"], body["in_force"]) == (ELSEWHERE.id, ELSEWHERE.catalogue_version)


async def test_a_rehearsal_counts_rerouted_demands_loads_of_units_and_late_demands(harness: CatalogueHarness):
    past = [submission(n, text="路面塌陷" if n <= 3 else "有坑") for n in range(1, 6)]
    for n, submitted in enumerate(past, 1):
        await harness.deliver(submitted, n=n)
    version = await harness.drafted(TRANSPORT)
    await harness.command(f"/{version}/check")
    rehearsal_of_four = await harness.command(f"/{version}/rehearse", newest=4)
    rehearsal = rehearsal_of_four["rehearsal"]
    assert (rehearsal["base"], rehearsal["demands"], rehearsal["elsewhere"]) == (FILE, 4, 2)
    assert [entry["number"] for entry in rehearsal["examples"]] == [number("NH", 2021, n) for n in (3, 2)]
    assert {(entry["rule_before"], entry["rule_after"], entry["unit_after"]) for entry in rehearsal["examples"]} == {
        ("road-damage", "sunk", "nh-transport")
    }
    loads = {entry["unit"]: (entry["before"], entry["after"], entry["percent"]) for entry in rehearsal["loads"]}
    assert loads == {"nh-transport": (0, 2, None), f"station-{VILLAGE}": (4, 2, -50.0)}


async def test_a_rule_for_a_vulnerable_group_uses_the_fact_of_intake(harness: CatalogueHarness):
    version = await harness.published("{id: first, match: {category: road-damage, vulnerable: true}, lead: nh-tax}")
    assert await harness.deliver(submission(1, vulnerable=True), n=1) == f"nanhai@{version}:first"
    assert await harness.deliver(submission(2), n=2) == f"nanhai@{version}:road-damage"


async def test_an_explanation_names_the_rule_its_version_and_why_other_rules_did_not_decide(harness: CatalogueHarness):
    await harness.deliver(submission(1, text="路面塌陷"), n=1)
    version = await harness.published(TRANSPORT)
    await harness.deliver(submission(2, text="路面塌陷"), n=2)
    before = (await harness.ask("GET", f"/v1/cases/{number('NH', 2021, 1)}/explanation")).json()
    after = (await harness.ask("GET", f"/v1/cases/{number('NH', 2021, 2)}/explanation")).json()
    assert (before["version"], before["rule"]) == (FILE, "road-damage")
    assert (after["version"], after["rule"], after["unit"]) == (version, "sunk", "nh-transport")
    outcomes = {rule["rule"]: (rule["outcome"], rule["failed"]) for rule in after["rules"]}
    assert outcomes["sunk"] == ("decided", None)
    assert outcomes["road-damage"] == ("later", None)
    assert outcomes["noise"] == ("failed", "category")
    assert after["rules"][0]["keyword"] == "塌陷"


async def test_the_explanation_of_a_triage_says_why_no_rule_decided(harness: CatalogueHarness):
    await harness.deliver(submission(1, category=None), n=1)
    path = f"/v1/cases/{number('NH', 2021, 1)}/explanation"
    body = (await harness.ask("GET", path)).json()
    assert (body["version"], body["rule"], body["unclear"]) == (FILE, None, "no-category")
    assert {rule["outcome"] for rule in body["rules"]} == {"failed"}
    assert (await harness.ask("GET", path, "nh-police")).status_code == 404


async def test_a_published_version_with_units_missing_in_the_pack_is_replaced_by_the_file(harness: CatalogueHarness):
    version = await harness.published(INVOICES)
    await harness.pool.execute(
        "UPDATE catalogue_version SET content = replace(content, 'lead: nh-tax', 'lead: gone') WHERE version = $1",
        version,
    )
    fresh = PacksInForce(shipped(), harness.pool, harness.clock)
    await fresh.read()
    pack = fresh.get("nanhai")
    assert pack
    assert pack.catalogue_version == FILE
    assert pack.route(VILLAGE, "road-damage", RequestKind.HELP)


async def test_rules_to_correct_are_found_by_returned_and_corrected_demands(harness: CatalogueHarness):
    first = {n: await harness.deliver(submission(n), n=n) for n in range(1, 5)}
    await harness.deliver(submission(9, category="taxes"), n=9)
    coordinator = Person("李", nanhai().coordinator, frozenset({"dispatcher"}))
    desk = CaseHandler(harness.pool, demand_repository(harness.packs), harness.packs, harness.clock)
    commands = {
        1: c.ReturnDemand(reason="x", suggested_unit="nh-transport"),
        2: c.RouteDemand(unit="nh-transport"),
        3: c.ReclassifyDemand(category="street-lighting", reason="x"),
        4: c.AcceptDemand(),
    }
    for n, command in commands.items():
        await desk.handle(number("NH", 2021, n), command, Actor(coordinator, str(n)))
    returns = (await harness.ask("GET", "/v1/catalogues/returns")).json()["rules"]
    assert set(first.values()) == {f"nanhai@{FILE}:road-damage"}
    assert [tuple(rule.values()) for rule in returns] == [(FILE, "road-damage", 4, 1, 2), (FILE, "taxes", 1, 0, 0)]
    harness.clock.forward(days=31)
    assert (await harness.ask("GET", "/v1/catalogues/returns")).json()["rules"] == []


def test_a_rule_by_words_has_its_own_limit():
    fast = nanhai().limits["guangdong-2022"].model_copy(update={"working_days": dict.fromkeys(RequestKind, 3)})
    pack = nanhai().model_copy(update={"limits": {**nanhai().limits, "fast": fast}})
    urgent = pack.rules[0].model_copy(
        update={"id": "sunk", "limits": "fast", "match": Match(category="road-damage", keywords=("塌陷",))}
    )
    pack = pack.with_catalogue((urgent, *pack.rules), pack.usual_limits)
    for text, days in (("路面塌陷", 3), ("有坑", 10)):
        submitted = submission(1, text=text)
        routed = first_routing(story.demand(submitted), pack, story.AT, f"{submitted.title}\n{submitted.text}")
        assert isinstance(routed, f.DemandRouted)
        assert routed.due_at == pack.due_at(story.AT, days)


async def test_the_worker_reads_the_version_in_force_before_it_processes_a_demand(harness: CatalogueHarness):
    version = await harness.published(TRANSPORT)
    settings = RoutingSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://nowhere"})
    await harness.pool.execute("UPDATE catalogue_publication SET in_force_from = now() - interval '1 hour'")
    started = worker(settings, harness.pool)
    for task in started.first:
        await task()
    delivery = Delivery(harness.pool, started.repositories, "cluster")
    await apply_records(delivery, harness.log.records(submission(1, text="路面塌陷"), key=UUID(int=1)))
    rule = await harness.pool.fetchval("SELECT state ->> 'rule' FROM demand")
    assert rule == f"nanhai@{version}:sunk"


def test_differences_are_listed_rule_by_rule_and_a_moved_rule_is_listed_alone():
    first, second, third = (Rule(id=id, match=Match(category=id), lead="station") for id in ("a", "b", "c"))
    changed = second.model_copy(update={"lead": "town"})
    new = Rule(id="d", lead="nh-tax")
    changes = differences((first, second, third), (new, third, first, changed))
    assert {(change.rule, change.change, change.above) for change in changes} == {
        ("d", RuleChange.ADDED, None), ("c", RuleChange.MOVED, "d"), ("b", RuleChange.CHANGED, "a")
    }  # fmt: skip
    (gone,) = differences((first, second), (first,))
    assert (gone.rule, gone.change, gone.after) == ("b", RuleChange.REMOVED, None)
    assert differences((first, second), (first, second)) == []


def test_a_demand_that_took_longer_than_a_shorter_limit_counts_as_late():
    fast = nanhai().limits["guangdong-2022"].model_copy(update={"working_days": dict.fromkeys(RequestKind, 3)})
    pack = nanhai().model_copy(update={"limits": {**nanhai().limits, "fast": fast}})
    rules = (pack.rules[0].model_copy(update={"limits": "fast"}), *pack.rules[1:])
    rehearser = Rehearser("x", nanhai(), pack.with_catalogue(rules, pack.usual_limits))
    assert rules[0].id == "road-damage"
    for n, days in enumerate((2, 4, 10, 11)):
        ended_at = pack.due_at(story.AT, days)
        case = RoutingInput(VILLAGE, "road-damage")
        rehearser.add(PastDemand(str(n), "路面破损", case, story.AT, ended_at))
    rehearser.add(PastDemand("4", "税", RoutingInput(VILLAGE, "taxes"), story.AT, pack.due_at(story.AT, 10)))
    result = rehearser.result()
    assert (result.demands, result.elsewhere, result.loads) == (5, 0, [])
    assert (result.late, [late.number for late in result.late_examples]) == (2, ["1", "2"])


async def test_the_doctor_says_that_a_published_catalogue_no_longer_fits_its_pack(harness: CatalogueHarness):
    version = await harness.published(INVOICES)
    gone = nanhai().model_copy(update={"units": tuple(unit for unit in nanhai().units if unit.id != "nh-tax")})
    gone.model_post_init(None)
    async with harness.pool.acquire() as db:
        (well,) = await unusable(db, shipped(), harness.clock())
        (finding,) = await unusable(db, Jurisdictions([gone]), harness.clock())
    assert not well.wrong
    assert finding.severity is Severity.BROKEN
    assert version in str(finding)
    assert "nh-tax" in str(finding)
    assert f"/desk/catalogue/{version}" in str(finding)
