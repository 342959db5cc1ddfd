"""Every text field of every fact, command and request declares whether it is masked, and is masked accordingly."""

from collections.abc import Iterator
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any, get_args
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from deploy.cli.openapi import NOWHERE
from deploy.cli.services import manifests
from services.feedback.ratings.domain import RateDemand, rate
from services.intake.channels.channel import Channel
from services.intake.inbound.visits.api import Draft
from services.intake.notes import domain as notes
from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.submission import domain
from services.routing.cases import commands as c
from services.routing.cases.domain import decide
from services.routing.publications.domain import PublicationState
from shared.chassis.database.pool import open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import FACTS, RECORDED, RETIRED, STATUS_FACTS
from shared.contracts.refusals import Refused
from shared.contracts.wording import Identifier, Masked, by_citizen, by_office, masked, texts
from shared.identity.person import Person
from shared.masking import MASKS
from tests import story
from tests.packs import nanhai

PACK = nanhai()
NAMED = "业主：张志明，13812345678，家住桂澜路28号，身份证11010519491231002X"
SECRETS = ("张志明", "13812345678", "11010519491231002X", "28号")
KNOWN = {
    "unit": "nh-tax", "suggested_unit": "nh-police", "units": ("nh-transport",), "category": "street-lighting",
    "assisting": (), "suggestions": (), "team": "t", "to": "station-440605011001", "level": "town", "template": "t",
    "parent_number": "NH21-000002-X", "working_days": 1, "limit_days": 1, "rating": 1, "solved": False,
    "limit": {"days": 1}, "parent": UUID(int=2), "due_at": story.AT, "outcome": "confirmed", "attachments": (),
    "ground": "privacy", "into": story.SUBMISSION.number, "urgency": "urgent", "vulnerable": True,
}  # fmt: skip
"""Values of fields that are not text."""


def parts(kind: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation, and within those."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from parts(field.annotation)
    for inner in get_args(kind):
        yield from parts(inner)


async def bodies() -> set[type[BaseModel]]:
    """All request bodies of the four services."""
    kinds: set[type[BaseModel]] = set()
    settings = {"DATABASE_URL": NOWHERE, "secret": token_urlsafe(48), "vault_key": token_urlsafe(48)}
    for service in manifests():
        async with await open_pool(NOWHERE, service.name) as pool:
            routers = service.api(service.settings.model_validate(settings), pool).routers
        routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
        read = [route.body_field.field_info.annotation for route in routes if route.body_field]
        kinds.update(part for annotation in read for part in parts(annotation))
    # The fields of an HTML form have no model: the page reads them as `RateDemand`.
    return {kind for kind in kinds if not kind.__name__.startswith("Body_")}


COMMANDS = {
    *get_args(c.RoutingCommand), *get_args(notes.NoteBody), notes.Enclosed, notes.Sighting, RateDemand, Draft,
    domain.RecordedDemand, NewRequest, NewUpdate,
}  # fmt: skip


def undeclared(*kinds: Any) -> set[str]:
    return {
        f"{kind.__name__}.{name}"
        for model in kinds
        for kind in parts(model)
        for name, declaration in texts(kind)
        if declaration is None
    }


def test_every_text_of_a_fact_says_whether_it_is_masked():
    assert undeclared(*FACTS.values(), *(old.kind for old in RETIRED.values())) == set()


async def test_every_text_of_a_command_or_a_request_says_whether_it_is_masked():
    requests = await bodies()
    assert {c.ResolveDemand, RateDemand, domain.SubmitDemand, domain.Contact} <= requests
    assert undeclared(*COMMANDS, *requests) == set()


def test_a_text_without_a_declaration_is_found():
    class Told(BaseModel):
        told: tuple[str, ...] | None = None
        number: int = 0

    assert undeclared(Told) == {"Told.told"}


def full(kind: type[BaseModel], **more: Any) -> Any:
    """The model with a citizen's name in each of its texts."""
    words = {
        name: (NAMED,) if "tuple" in str(kind.model_fields[name].annotation) else NAMED
        for name, declaration in texts(kind)
        if not isinstance(declaration, Identifier)
    }
    known = {name: value for name, value in KNOWN.items() if name in kind.model_fields}
    return kind.model_validate({**words, **known, **more})


def told_of(*facts: BaseModel) -> str:
    return "".join(fact.model_dump_json() for fact in facts)


def tells_nobody(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


STATION, HELPER = "station-440605011001", "nh-transport"
ACCEPTED = (
    *story.SUBMITTED,
    f.DemandRouted(unit=STATION, assisting=(HELPER,), rule="r", due_at=story.AT + timedelta(days=9)),
    f.DemandAccepted(by="陈"),
)
ASKED = f.ExtensionRequested(by="陈", unit=STATION, working_days=1, due_at=story.AT + timedelta(days=9), reason="x")
RESOLVED = f.DemandResolved(by="陈", result="x")
BEFORE: dict[type[BaseModel], tuple[f.StatusFact, ...]] = {
    c.GrantExtension: (ASKED,),
    c.RefuseExtension: (ASKED,),
    c.ResumeDemand: (f.DemandPaused(by="陈", reason="weather"),),
    c.UnmergeDemand: (f.DemandMerged(parent=UUID(int=7), parent_number="N"),),
    c.PublishDemand: (RESOLVED,),
    c.CorrectPublication: (RESOLVED,),
    c.WithdrawPublication: (RESOLVED,),
    c.StartCallBack: (RESOLVED,),
    c.ReleaseCallBack: (RESOLVED,),
    c.RecordCallBack: (RESOLVED,),
}
"""The facts that must come before a command."""
PUBLIC: dict[type[BaseModel], PublicationState] = {
    c.PublishDemand: PublicationState(title="x", answer="y"),
    c.CorrectPublication: PublicationState(edition=1, is_public=True, title="x", answer="y"),
    c.WithdrawPublication: PublicationState(edition=1, is_public=True),
}
FIELDS: dict[type[BaseModel], dict[str, Any]] = {
    c.PauseDemand: {"reason": "weather"}, f.DemandPaused: {"reason": "weather"}, c.EndAssistance: {"unit": HELPER},
    c.RequestAssistance: {"units": ("nh-police",)}, c.RecordCallBack: {"reached": True, "tags": ()},
}  # fmt: skip
"""Fields with values from a list although fields of that name are free text elsewhere."""


@pytest.mark.parametrize("kind", get_args(c.RoutingCommand))
def test_no_fact_of_a_staff_command_contains_a_name(kind: type[BaseModel]):
    demand, command = story.demand(*ACCEPTED, *BEFORE.get(kind, ())), full(kind, **FIELDS.get(kind, {}))
    demand = demand.model_copy(update={"may_publish": True})
    parent = demand.model_copy(update={"id": UUID(int=7)})
    by = Person("李", PACK.coordinator)
    if kind in (c.AcceptAssistance, c.ReportAssistance):
        by = Person("王", HELPER)
    if kind in (c.PublishDemand, c.CorrectPublication):
        with pytest.raises(Refused, match="would be shown as"):
            decide(demand, command, by, PACK, story.AT, parent, publication=PUBLIC[kind])
        command = masked(command, MASKS)
    told = told_of(*decide(demand, command, by, PACK, story.AT, parent, publication=PUBLIC.get(kind)))
    assert tells_nobody(told)
    assert tells_nobody(masked(command, MASKS).model_dump_json())
    assert any(isinstance(declared, Masked) for _, declared in texts(kind)) == ("［手机号］" in told)


def test_no_fact_of_a_failed_call_contains_a_name():
    command = full(c.RecordCallBack, reached=False, not_reached="no-answer", tags=())
    told = told_of(*decide(story.demand(*ACCEPTED, RESOLVED), command, Person("李", PACK.coordinator), PACK, story.AT))
    assert tells_nobody(told)
    assert "［手机号］" in told


@pytest.mark.parametrize(("solved", "rating"), [(True, 5), (True, 1), (False, 1)])
def test_no_verdict_contains_a_name(solved: bool, rating: int):
    verdict = full(RateDemand, solved=solved, rating=rating).verdict()
    told = told_of(*rate(story.demand(*story.RESOLVED), verdict, PACK))
    assert tells_nobody(told)
    assert "［手机号］" in told


@pytest.mark.parametrize("kind", [notes.Supplement, notes.Enclosed, notes.Urge, notes.Withdraw])
def test_no_note_contains_a_name_and_the_vault_has_the_original(kind: type[notes.NoteBody]):
    note = notes.note(full(kind), Channel("web", f.ChannelKind.WEB, frozenset({"submit"})), UUID(int=1))
    assert tells_nobody(told_of(note.fact))
    assert "［手机号］" in told_of(note.fact)
    assert note.sealed == NAMED.encode()


def step(kind: type[f.StatusFact]) -> f.RecordedStep:
    fact = full(RECORDED[kind.type], **FIELDS.get(kind, {}))
    return f.RecordedStep(at=story.AT, type=kind.type, data=fact.model_dump(mode="json", exclude_unset=True))


def test_no_demand_and_no_step_of_its_history_contains_a_name():
    kinds = [kind for kind in STATUS_FACTS.values() if kind is not f.DemandSubmitted]
    demand = full(
        domain.RecordedDemand, division="440605011001", occurred_at=story.AT, channel_kind="web", via=NAMED[:60],
        history=[step(kind) for kind in kinds], contact={"name": "张志明", "phone": "13812345678"}, category=None,
    )  # fmt: skip
    fact = domain.submitted(demand, PACK, "NH21-000001-X", "web", f.ChannelKind.WEB, UUID(int=1))
    assert [recorded.type for recorded in fact.history] == [kind.type for kind in kinds]
    assert tells_nobody(told_of(fact))


def test_a_text_is_cut_at_the_limit_of_its_fact_since_masking_may_lengthen_it():
    class Told(BaseModel):
        citizen: f.CitizenText = ""
        office: f.Reason = "x"

    told = masked(Told(citizen="粤E12345，" * 500, office="我叫李明，" * 200), MASKS)
    assert len(told.citizen) <= 4000
    assert len(told.office) == 1000


def test_the_author_of_a_text_decides_what_is_masked():
    assert (by_citizen().writer, by_office().writer) == ("citizen", "office")
    demand_confirmed = f.DemandConfirmed(rating=5, solved=True, comment="请打0757-86332211")
    assert masked(demand_confirmed, MASKS).comment == "请打［电话］"
    answered = f.DemandResolved(by="x", result="请打0757-86332211", evidence=("现场照片，业主13812345678",))
    assert masked(answered, MASKS).result == "请打0757-86332211"
    assert masked(answered, MASKS).evidence == ("现场照片，业主［手机号］",)


def test_the_state_of_a_demand_has_no_text_but_its_title():
    assert {name for name in ("text", "note", "result", "comment") if name in Demand.model_fields} == set()
