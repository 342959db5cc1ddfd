"""What anybody reads: every public address of the gateway and every page, looked through for words nobody released."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Final, get_args
from uuid import UUID

import pytest
from starlette.routing import Route

from services.intake.assembled import demand_repository
from services.reporting.figures.parameters import By
from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import RequestKind
from shared.contracts.demand.state import Status
from shared.jurisdiction.publication import (
    PublicationRules,
    PublicDemand,
    PublicPart,
    PublicStep,
    Release,
    seen_by_public,
)
from tests import story
from tests.api.conftest import Gateway
from tests.chassis.conftest import apply_records, envelope
from tests.packs import shipped

PLANTED: Final = (
    "锦绣豪庭搅拌站夜里施工",
    "住户一夜没睡着",
    "已责令夜间停工整改",
    "联系了搅拌站老板",
    "取证照片",
    "23.0317",
)
TITLE, TEXT, SUMMARY, NOTE, RESULT, _ = PLANTED
DIVISION, CATEGORY, UNIT = "440605126222", "noise", "nh-urban-management"
HIDDEN_OF_REPORTS: Final = (
    DIVISION,
    CATEGORY,
    UNIT,
    "鹤峰社区",
    "噪声",
    "城市管理",
    "resolved",
    "办结",
    "investigating",
)
NOT_PUBLIC: Final = {
    "/v1/ratings/{token}": "asks for the link that was sent to the citizen",
    "/v1/demands/{number}": "asks for the code, or for the key of a channel",
    "/v1/attachments/{reference}": "asks for the key of a channel",
    "/inbound/sms/{channel}": "asks for the gateway's secret",
    "/inbound/wechat/{channel}": "asks for WeChat's signature",
    "/inbound/reports/{gateway}": "asks for the gateway's key",
}
"""Reads that declare no key in the document because they take one of several, or one in the address."""
PAGES: Final = {
    "/", "/privacy", "/board", "/board/demands", "/board/demands/{number}", "/docs", "/demands", "/demands/{number}",
    "/demands/feed.atom", "/sitemap.xml", "/sitemap/{month}.xml", "/follow", "/follow/lost",
}  # fmt: skip
KINDS: Final = {
    "never released": RequestKind.COMPLAINT,
    "taken back": RequestKind.CONSULT,
    "refused by the citizen": RequestKind.HELP,
    "a report": RequestKind.REPORT,
}
"""One demand of each kind stands for what may have become of its publication."""
HIDDEN: Final = {
    RequestKind.CONSULT: (
        f.DemandPublished(edition=1, title=TITLE, text=TEXT, answer=SUMMARY, policy="nanhai: reviewed", by="Chen"),
        f.DemandUnpublished(edition=2, ground=f.UnpublishedFor.PRIVACY, reason=NOTE, by="Chen"),
    ),
    RequestKind.HELP: (
        f.DemandPublished(edition=1, title=TITLE, text=TEXT, answer=SUMMARY, policy="nanhai: reviewed", by="Chen"),
        f.PublicationRefused(),
    ),
}
"""What became of their publication."""
BEHIND_LINKS: Final = ("/follow/{token}", "/follow/{token}/withdraw", "/follow/{token}/support", "/rate/{token}")
QUERIES: Final = {
    "/open311/v2/requests.{format}": (
        "",
        "extensions=true",
        "status=open",
        "status=closed",
        f"service_code={CATEGORY}",
    ),
    "/open311/v2/requests/{service_request_id}.{format}": ("", "extensions=true"),
    "/demands": ("", "words=搅拌站", f"division={DIVISION}", f"category={CATEGORY}", "status=ended"),
    "/v1/public/demands": ("", "words=搅拌站", f"division={DIVISION}", f"category={CATEGORY}", "status=ended"),
    "/demands/feed.atom": ("", "words=搅拌站", f"division={DIVISION}", f"category={CATEGORY}"),
}
FIGURES: Final = ("/v1/figures/completion", "/v1/figures/completion/demands", "/board", "/board/demands")
ROWS: Final = {"division": DIVISION, "unit": UNIT, "category": CATEGORY, "channel": "web", "month": ""}


@dataclass(frozen=True, slots=True)
class Town:
    """The gateway with a demand of each of `KINDS`, all answered, of which intake and reporting have heard."""

    gateway: Gateway
    numbers: Mapping[RequestKind, str]
    ids: Mapping[RequestKind, UUID]

    def addresses(self, kind: RequestKind) -> Iterator[str]:
        """Every public read, about one of the two where it is about one."""
        known = {"number": self.numbers[kind], "service_request_id": self.numbers[kind], "token": str(self.ids[kind])}
        for path in sorted(self.paths()):
            for format in ("xml", "json") if "{format}" in path else ("",):
                filled = known | {"format": format, "id": "nanhai", "service_code": CATEGORY, "month": f"{now():%Y-%m}"}
                address = re.sub(r"{(\w+)}", lambda name: filled[name[1]], path)  # noqa: B023 (called at once)
                for query in self.queries(path):
                    yield f"{address}?{query}" if query else address

    @staticmethod
    def queries(path: str) -> list[str]:
        if path in FIGURES:
            by = [f"by={by}&key={ROWS[by]}" if path.endswith("demands") else f"by={by}" for by in get_args(By)]
            more = ("", "month=2026-11", "until=2999-12-31", "counted=completed", "counted=status:resolved")
            return ["&".join(parts) for parts in product(by, more if path.endswith("demands") else more[:3])]
        here = "jurisdiction_id=nanhai&" if path.startswith("/open311/v2") else ""
        return [here + query for query in QUERIES.get(path, ("",))]

    def paths(self) -> set[str]:
        """What the document calls public and what is no part of it."""
        return {*documented(self.gateway.document), *PAGES} - set(NOT_PUBLIC)


def documented(document: Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]]) -> set[str]:
    return {
        path for path, methods in document["paths"].items() if "get" in methods and not methods["get"].get("security")
    }


@pytest.fixture(scope="package")
async def town(gateway: Gateway) -> Town:
    numbers, ids = {}, {}
    for kind in KINDS.values():
        body = {"title": TITLE, "text": TEXT, "division": DIVISION, "category": CATEGORY, "kind": kind,
                "location": {"lat": 23.0317, "lon": 113.1429}}  # fmt: skip
        answer = await gateway.client.post("/v1/demands", json=body, headers=await gateway.headers("/v1/demands"))
        assert answer.status_code == 201, answer.text
        numbers[kind], ids[kind] = answer.json()["number"], UUID(answer.json()["id"])
        await _goes_on(gateway, ids[kind], HIDDEN.get(kind, ()))
    return Town(gateway, numbers, ids)


async def _goes_on(gateway: Gateway, key: UUID, notes: Sequence[f.NoteFact]) -> None:
    """Routing answers, and intake and reporting hear of it."""
    past = (
        f.DemandRouted(unit=UNIT, rule="noise", due_at=datetime(2031, 1, 1, tzinfo=UTC)),
        f.DemandAccepted(by="Chen"),
        f.DemandProgressed(by="Chen", note=NOTE, evidence=(RESULT,)),
        f.DemandResolved(by="Chen", result=RESULT, summary=SUMMARY),
    )
    async with gateway.intake.acquire() as db, db.transaction():
        payload = await db.fetchval("SELECT payload FROM journal WHERE aggregateid = $1 AND sequence = 1", key)
        page = await demand_repository(shipped()).load(db, [key], now())
        for fact in past:
            page.apply(envelope(fact, page.state(key).version + 1, key))
        for note in notes:
            page.apply(envelope(note, None, key))
        await demand_repository(shipped()).save(db, page)
    told = (f.DemandSubmitted.model_validate_json(payload), *past)
    records = [gateway.log.record(envelope(fact, n, key, now())) for n, fact in enumerate(told, 1)]
    records += [gateway.log.record(envelope(note, None, key, now())) for note in notes]
    for delivery in gateway.listening:
        await apply_records(delivery, records)


@pytest.mark.parametrize("became", [became for became in KINDS if became != "a report"])
async def test_no_public_address_tells_a_word_that_nobody_released_or_that_was_taken_back(town: Town, became: str):
    kind = KINDS[became]
    asked = list(town.addresses(kind))
    assert len(asked) > 90
    listed = 0
    for address in asked:
        answer = await town.gateway.client.get(address)
        assert answer.status_code in (200, 307), f"{address}: {answer.text}"
        shown = answer.text.replace("words=%E6%90%85%E6%8B%8C%E7%AB%99", "").replace('value="搅拌站"', "")
        assert not [word for word in (*PLANTED, "搅拌站") if word in shown], address
        listed += town.numbers[kind] in answer.text
    assert listed > 40, "an address that shows nothing hides nothing"


async def test_no_public_address_tells_of_a_report_more_than_that_it_was_raised(town: Town):
    number = town.numbers[RequestKind.REPORT]
    listed = set()
    for address in town.addresses(RequestKind.REPORT):
        text = (await town.gateway.client.get(address)).text
        assert not [word for word in PLANTED if word in text], address
        if number not in text:
            continue
        listed.add(address.split("?")[0])
        assert not re.search(r"key=[^&]|counted=|service_code=|status=", address), "such a list tells what it is"
        if number in address or str(town.ids[RequestKind.REPORT]) in address:
            assert not [word for word in HIDDEN_OF_REPORTS if word in text], address
    assert {f"/board/demands/{number}", "/board/demands", "/v1/figures/completion/demands"} <= listed


async def test_no_similar_demand_tells_a_word_that_nobody_released(town: Town):
    headers = await town.gateway.headers("/v1/demands")
    draft = {"title": TITLE, "text": TEXT, "division": DIVISION, "location": {"lat": 23.0316, "lon": 113.1429}}
    answer = await town.gateway.client.post("/v1/demands/similar", json=draft, headers=headers)
    assert answer.status_code == 200
    assert not [word for word in (*PLANTED, "搅拌站") if word in answer.text]


async def test_no_page_behind_a_link_tells_anything_to_whoever_has_none(town: Town):
    for kind in town.numbers:
        for path in BEHIND_LINKS:
            for guess in (town.numbers[kind], str(town.ids[kind]), "e30.aaaaaa.bbbb"):
                answer = await town.gateway.client.get(path.format(token=guess))
                assert answer.status_code == 403, path
                assert not [word for word in (*PLANTED, UNIT, DIVISION) if word in answer.text], path


def test_every_page_is_looked_through(town: Town):
    served = {
        route.path for route in town.gateway.routes if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    hidden = {path for path in served if path not in town.gateway.document["paths"]}
    known = {
        *PAGES,
        "/openapi.json",
        *BEHIND_LINKS,
        "/open311/{rest:path}",
        "/assets/huying.css",
        "/assets/huying.svg",
    }
    assert {path for path in hidden if not path.startswith(("/docs", "/assets"))} <= known


def test_what_is_not_public_still_exists(town: Town):
    assert set(NOT_PUBLIC) <= documented(town.gateway.document)


async def test_what_is_not_public_tells_nobody_anything(town: Town):
    for kind in town.numbers:
        answer = await town.gateway.client.get(f"/v1/demands/{town.numbers[kind]}")
        assert answer.status_code == 401
        assert not [word for word in (*PLANTED, UNIT, DIVISION) if word in answer.text]


# --- the one decision -------------------------------------------------------------------------------------------

WHOLE: Final = PublicDemand(
    number="NH21-000001-W", kind=RequestKind.HELP, status=Status.RESOLVED, outcome=f.Outcome.CONFIRMED,
    category=CATEGORY, place=DIVISION, point=f.Location(lat=23.0, lon=113.0), unit=UNIT, channel="web", title=TITLE,
    text=TEXT, answer=SUMMARY,
    submitted_at=datetime(2021, 5, 10, tzinfo=UTC), updated_at=datetime(2021, 5, 11, tzinfo=UTC),
    due_at=datetime(2021, 5, 20, tzinfo=UTC), resolved_at=datetime(2021, 5, 11, tzinfo=UTC), returns=1, reopenings=1,
    rating=5, steps=(PublicStep(Status.RESOLVED, datetime(2021, 5, 11, tzinfo=UTC), SUMMARY),),
)  # fmt: skip
PARTS: Final = {
    PublicPart.CATEGORY: ("category",), PublicPart.PLACE: ("place",), PublicPart.POINT: ("point",),
    PublicPart.UNIT: ("unit",), PublicPart.CHANNEL: ("channel",), PublicPart.WORDS: ("title", "text"),
    PublicPart.ANSWER: ("answer",),
}  # fmt: skip


@pytest.mark.parametrize(
    "shown", [(), *((one,) for one in PublicPart), tuple(PublicPart)], ids=lambda s: "+".join(s) or "nothing"
)
def test_the_public_sees_what_the_pack_shows_and_nothing_else(shown: tuple[PublicPart, ...]):
    public = seen_by_public(PublicationRules(unreleased=shown, source="x"), WHOLE)
    assert set(PARTS) == set(PublicPart)
    for part, names in PARTS.items():
        for name in names:
            assert getattr(public, name) == (getattr(WHOLE, name) if part in shown else None), name
    assert (public.number, public.status, public.submitted_at, public.due_at) == (
        WHOLE.number, WHOLE.status, WHOLE.submitted_at, WHOLE.due_at,
    )  # fmt: skip
    assert [step.words for step in public.steps] == [SUMMARY if PublicPart.ANSWER in shown else ""]


RELEASE: Final = Release(3, "公开的标题", "公开的原话", "公开的答复", reopenings=1)
EVERY: Final = [(), (PublicPart.WORDS, PublicPart.ANSWER), tuple(PublicPart)]


@pytest.mark.parametrize("shown", EVERY, ids=lambda s: "+".join(s) or "nothing")
def test_a_release_shows_its_own_words_with_category_and_place_whatever_the_pack_shows(shown: tuple[PublicPart, ...]):
    public = seen_by_public(PublicationRules(unreleased=shown, source="x"), replace(WHOLE, release=RELEASE))
    assert (public.title, public.text, public.answer) == ("公开的标题", "公开的原话", "公开的答复")
    assert (public.category, public.place) == (CATEGORY, DIVISION)
    assert [step.words for step in public.steps] == ["公开的答复"]
    assert public.unit == (UNIT if PublicPart.UNIT in shown else None)


def test_the_answer_of_a_release_stands_until_the_demand_is_reopened_again():
    public = seen_by_public(PublicationRules(unreleased=(), source="x"), replace(WHOLE, release=RELEASE, reopenings=2))
    assert (public.title, public.answer, [step.words for step in public.steps]) == ("公开的标题", None, [""])


@pytest.mark.parametrize("shown", EVERY, ids=lambda s: "+".join(s) or "nothing")
@pytest.mark.parametrize("release", [None, RELEASE], ids=["never released", "released"])
def test_no_pack_shows_the_words_of_a_demand_that_is_withheld(shown: tuple[PublicPart, ...], release: Release | None):
    public = seen_by_public(
        PublicationRules(unreleased=shown, source="x"), replace(WHOLE, release=release, withheld=True)
    )
    assert (public.title, public.text, public.answer, public.release) == (None, None, None, None)
    assert [step.words for step in public.steps] == [""]


def test_who_says_no_when_a_demand_is_raised_withholds_it():
    said = story.SUBMISSION.model_copy(update={"may_publish": False})
    assert PublicDemand.of(story.demand(said)).withheld
    assert not PublicDemand.of(story.demand(story.SUBMISSION)).withheld


def test_no_pack_can_show_a_report():
    report = PublicDemand(
        **{name: getattr(WHOLE, name) for name in WHOLE.__slots__} | {"kind": RequestKind.REPORT, "release": RELEASE}
    )
    public = seen_by_public(PublicationRules(unreleased=tuple(PublicPart), source="x"), report)
    told = {name for name in WHOLE.__slots__ if getattr(public, name) not in (None, (), False)}
    assert told == {"number", "kind", "submitted_at"}
