"""Intake over HTTP: submit a demand, follow it by number."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.intake import examples
from services.intake.channels import Scope, authenticate, channel_with
from services.intake.codes import Codes
from services.intake.domain import SubmitDemand
from services.intake.following import Following
from services.intake.preparing import Request
from services.intake.queries import Channel
from services.intake.story.documents import Followed
from services.intake.story.teller import Teller
from services.intake.submissions import Submissions
from services.intake.taken import Taken
from shared.chassis import headers
from shared.chassis.short_cut import Asked, Reply, short_cut
from shared.contracts.examples import NUMBER, shown
from shared.contracts.numbers import AS_TYPED, DemandNumber

MAX_KEY = 128
Number = Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)]
ApiKey = Annotated[str, Header(alias="X-API-Key", description="the channel's key; not needed with the code")]
SecretCode = Annotated[str, Header(alias="X-Demand-Code", max_length=32, description="the demand's secret code")]
QueryCode = Annotated[str, Query(alias="code", max_length=32, examples=["7K2M9QXD"], description="the same")]
Key = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY,
        description="repeat it with the request",
        examples=["web-20261124-0001"],
    ),
]

NewDemand = Annotated[SubmitDemand, Body(openapi_examples=examples.DEMANDS)]


class Receipt(BaseModel):
    """What a channel tells the citizen at once."""

    model_config = ConfigDict(json_schema_extra=shown(examples.RECEIPT))

    id: UUID
    number: str = Field(examples=[NUMBER])
    code: str = Field(
        examples=["7K2M9QXD"],
        description="for the citizen alone: with it the demand can be followed; empty where another channel took it in",
    )
    submitted_at: datetime
    similar: str = Field(description="where open demands that say the same are, for a channel to show at once")


def routes(submissions: Submissions, following: Following, teller: Teller, codes: Codes) -> APIRouter:
    """Intake's first routes: submit, follow."""
    router = APIRouter(tags=["intake"])
    Submitter = Annotated[Channel, Depends(channel_with(submissions.pool, "submit"))]  # noqa: N806 (a type)

    async def submit_plainly(asked: Asked) -> Reply | None:
        """The same as `submit_demand` for a request that is as it should be."""
        key = asked.header(b"idempotency-key")
        if asked.header(b"content-type") != "application/json" or not 1 <= len(key) <= MAX_KEY:
            return None
        try:
            demand = SubmitDemand.model_validate_json(asked.body)
        except ValidationError:
            return None
        request, api_key = Request(key, demand), asked.header(b"x-api-key")
        taken = await submissions.submit_seen(api_key, request)
        if taken is None:
            channel = await authenticate(submissions.pool, api_key, Scope.SUBMIT)
            taken = await submissions.submit(channel, request)
        headers = ((b"content-type", b"application/json"), (b"location", place(taken).encode()))
        return Reply(201, headers, receipt(taken, codes).model_dump_json().encode())

    async def submit_demand(demand: NewDemand, key: Key, response: Response, channel: Submitter) -> Receipt:
        """Take a demand in and give back its number and secret code; the same key gives the same answer."""
        taken = await submissions.submit(channel, Request(key, demand))
        response.headers["Location"] = place(taken)
        return receipt(taken, codes)

    router.add_api_route(
        "/v1/demands",
        submit_demand,
        methods=["POST"],
        status_code=201,
        route_class_override=short_cut(submit_plainly),
    )

    @router.get("/v1/demands/{number}")
    async def follow_demand(
        number: Number, key: ApiKey = "", secret: SecretCode = "", code: QueryCode = ""
    ) -> Followed:
        """Everything about a demand: for the citizen with its code, or for the channel that took it in with its key.

        A channel that saw it again (`sightings`) is told what the public sees.
        """
        headers.add(headers.PRIVATE)
        if secret or code or not key:
            return await teller.of(await following.by_code(number, secret or code), True)
        return await teller.of(*await following.seen(await authenticate(submissions.pool, key, "submit"), number))

    return router


def place(taken: Taken) -> str:
    """Where a demand can be followed."""
    return f"/v1/demands/{taken.number}"


def receipt(taken: Taken, codes: Codes) -> Receipt:
    """What is said of a demand that was taken in."""
    return Receipt(
        id=taken.id,
        number=taken.number,
        code=codes.told(taken),
        submitted_at=taken.submitted_at,
        similar=f"{place(taken)}/similar",
    )
