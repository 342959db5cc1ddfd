"""The HTTP routes that give commands to cases: one for each command, and one that gives a command to many cases."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.routing.cases.commands import COMMANDS, RoutingCommand
from services.routing.cases.handler import Actor, CaseHandler, etag
from services.routing.cases.parsing import command_of
from shared.chassis.http import response_headers
from shared.contracts.demand.state import Demand, Status
from shared.contracts.examples import NUMBER, with_examples
from shared.contracts.numbers import AS_TYPED, DemandNumber
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused
from shared.contracts.wording import Identifier, Inner, Plain
from shared.identity.relations import CALL_COMMANDS

Number = Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)]
WhoActs = Callable[..., Awaitable[Actor]]
AT_ONCE: Final = 200
TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"description": "of the demand as it is now", "schema": {"type": "string"}}}}
}
OPERATIONS: Final[Mapping[str, str]] = {
    **{name: f"{name}_case" for name in ("accept", "assign", "return", "transfer", "decline", "progress", "list")},
    **{name: f"{name}_case" for name in ("resolve", "extend", "pause", "resume", "route", "reclassify")},
    **{name: f"{name}_case" for name in ("prioritize", "merge", "unmerge")},
    "contact": "contact_citizen",
    "move-up": "move_case_up",
    "note": "note_on_case",
    "attach": "attach_to_case",
    "request-extension": "request_extension",
    "grant-extension": "grant_extension",
    "refuse-extension": "refuse_extension",
    "request-assistance": "request_assistance",
    "accept-assistance": "accept_assistance",
    "report-assistance": "report_assistance",
    "end-assistance": "end_assistance",
    "publish": "publish_case",
    "correct-publication": "correct_publication",
    "withdraw-publication": "withdraw_publication",
    "start-call-back": "start_call_back",
    "release-call-back": "release_call_back",
    "record-call-back": "record_call_back",
}
"""The operation id of each command; a generated client uses it as the name of the method."""


class BulkCommand(BaseModel):
    """One command for many cases."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=with_examples({"command": "accept", "numbers": [NUMBER]})
    )

    command: Annotated[str, Field(max_length=40), Identifier("a command's name")]
    numbers: Annotated[tuple[DemandNumber, ...], Field(min_length=1, max_length=AT_ONCE)]
    fields: Annotated[dict[str, JsonValue], Inner("the fields of the command")] = {}


class CommandOutcome(BaseModel):
    """The result of the command for one case."""

    number: str
    status: Status | None = Field(None, description="of the case after the command; absent where it was refused")
    refused: Annotated[str, Plain("a code of ours")] | None = Field(
        None, description="the end of the problem's `type`; absent where it was done"
    )
    detail: Annotated[str, Plain("written by a rule of ours")] | None = None
    detail_en: Annotated[str, Plain("written by a rule of ours")] | None = None


class CommandOutcomes(BaseModel):
    """The results, in the order of the request."""

    model_config = ConfigDict(json_schema_extra=with_examples({"outcomes": [{"number": NUMBER, "status": "accepted"}]}))

    outcomes: list[CommandOutcome]


def command_routes(desk: CaseHandler, acting: WhoActs) -> APIRouter:
    """The routes of all commands, and the route that gives a command to many cases."""
    router = APIRouter(tags=["routing"], prefix="/v1/cases")
    for name, kind in COMMANDS.items():
        router.add_api_route(
            f"/{{number}}/{name}",
            _endpoint(desk, acting, kind),
            methods=["POST"],
            name=OPERATIONS[name],
            description=kind.__doc__,
            responses=TAGGED,
            response_model=Demand,
        )

    @router.post("/bulk")
    async def command_cases(by: Annotated[Actor, Depends(acting)], bulk: BulkCommand) -> CommandOutcomes:
        """Give one command to many cases; each is done or refused by itself."""
        if bulk.command in CALL_COMMANDS:
            raise _one_by_one()
        command = command_of(bulk.command, bulk.fields)
        return CommandOutcomes(outcomes=[await outcome(desk, number, command, by) for number in bulk.numbers])

    return router


def _one_by_one() -> Refused:
    en, zh = "a call is made with one citizen: record each by itself", "回访要逐件办理，不能批量登记"
    return Refused(Code.INVALID, f"command: {en}", zh, (FieldError("command", zh, en, "accept"),))


async def outcome(desk: CaseHandler, number: str, command: RoutingCommand, by: Actor) -> CommandOutcome:
    """Give a command to one case and return its outcome; a refusal is also an outcome and is not raised."""
    try:
        demand = await desk.handle(number, command, by)
    except Refused as refused:
        zh = refused.zh or ANSWERS[refused.code].zh
        return CommandOutcome(number=number, refused=refused.code, detail=zh, detail_en=refused.en)
    return CommandOutcome(number=number, status=demand.status)


def _endpoint(desk: CaseHandler, acting: WhoActs, kind: type[Any]) -> Callable[..., Awaitable[Demand]]:
    By = Annotated[Actor, Depends(acting)]  # noqa: N806 (a type)

    async def with_body(number: Number, by: By, command: kind) -> Demand:  # type: ignore[valid-type]
        return tagged(await desk.handle(number, command, by))

    async def without(number: Number, by: By, command: kind | None = None) -> Demand:  # type: ignore[valid-type]
        return tagged(await desk.handle(number, command or kind(), by))

    needs_body = any(field.is_required() for field in kind.model_fields.values())
    return with_body if needs_body else without


def tagged(demand: Demand) -> Demand:
    """Return the demand and set its ETag as a header of the answer."""
    response_headers.add({"ETag": etag(demand)})
    return demand
