"""The HTTP route by which a channel submits a demand."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import Scope, authenticate, channel_with
from services.intake.parameters import MAX_KEY, Key
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.receipt import SubmissionReceipt
from services.intake.submission.secret_code import SecretCodes
from shared.chassis.http.fast_path import FastRequest, FastResponse, fast_path
from shared.contracts.examples import NUMBER, with_examples

NewDemand = Annotated[SubmitDemand, Body(openapi_examples=examples.DEMANDS)]


class Receipt(BaseModel):
    """The answer to a submission, which the channel shows to the citizen."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.RECEIPT))

    id: UUID
    number: str = Field(examples=[NUMBER])
    code: str = Field(
        examples=["7K2M9QXD"],
        description="for the citizen alone: with it the demand can be followed; empty where another channel took it in",
    )
    submitted_at: datetime
    similar: str = Field(description="where open demands that say the same are, for a channel to show at once")


def routes(submissions: SubmissionHandler, codes: SecretCodes) -> APIRouter:
    """The route that submits a demand."""
    router = APIRouter(tags=["intake"])
    Submitter = Annotated[Channel, Depends(channel_with(submissions.pool, "submit"))]  # noqa: N806 (a type)

    async def submit_plainly(fast_request: FastRequest) -> FastResponse | None:
        """The fast path: does what `submit_demand` does, without FastAPI. Returns None for a request with any error, so
        that `submit_demand` answers it with the full problem document."""
        key = fast_request.header(b"idempotency-key")
        if fast_request.header(b"content-type") != "application/json" or not 1 <= len(key) <= MAX_KEY:
            return None
        try:
            demand = SubmitDemand.model_validate_json(fast_request.body)
        except ValidationError:
            return None
        request, api_key = Request(key, demand), fast_request.header(b"x-api-key")
        submitted = await submissions.submit_seen(api_key, request)
        if submitted is None:
            channel = await authenticate(submissions.pool, api_key, Scope.SUBMIT)
            submitted = await submissions.submit(channel, request)
        response_headers = ((b"content-type", b"application/json"), (b"location", place(submitted).encode()))
        return FastResponse(201, response_headers, receipt(submitted, codes).model_dump_json().encode())

    async def submit_demand(demand: NewDemand, key: Key, response: Response, channel: Submitter) -> Receipt:
        """Take a demand in and give back its number and secret code; the same key gives the same answer."""
        submitted = await submissions.submit(channel, Request(key, demand))
        response.headers["Location"] = place(submitted)
        return receipt(submitted, codes)

    router.add_api_route(
        "/v1/demands",
        submit_demand,
        methods=["POST"],
        status_code=201,
        route_class_override=fast_path(submit_plainly),
    )

    return router


def place(submitted: SubmissionReceipt) -> str:
    """The path of the API under which the demand can be followed."""
    return f"/v1/demands/{submitted.number}"


def receipt(submitted: SubmissionReceipt, codes: SecretCodes) -> Receipt:
    """The body of the answer to a submission."""
    return Receipt(
        id=submitted.id,
        number=submitted.number,
        code=codes.for_receipt(submitted),
        submitted_at=submitted.submitted_at,
        similar=f"{place(submitted)}/similar",
    )
