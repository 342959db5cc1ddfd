"""Intake over HTTP: submit a demand, follow it by number, hand over recorded history."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import queries
from services.intake.channels import ChannelWith
from services.intake.domain import RecordedDemand, SubmitDemand
from services.intake.numbers import canonical
from services.intake.queries import Channel
from services.intake.submissions import Request, Submissions, Taken
from shared.contracts.demand import Demand, Status
from shared.contracts.facts import Outcome
from shared.contracts.refusals import Code, Refused

MAX_RECORDED = 1000
Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=128, description="repeat it with the request"),
]


class Receipt(BaseModel):
    """What a channel tells the citizen at once."""

    id: UUID
    number: str = Field(examples=["NH21-001335-K"])
    submitted_at: datetime


class Progress(BaseModel):
    """Where a demand stands, without personal data."""

    id: UUID
    number: str
    status: Status
    title: str
    category: str | None
    division: str
    submitted_at: datetime | None
    updated_at: datetime | None
    unit: str | None
    due_at: datetime | None
    resolved_at: datetime | None
    outcome: Outcome | None


class Import(BaseModel):
    """Recorded history of another system, up to 1,000 demands."""

    model_config = ConfigDict(extra="forbid")

    demands: Annotated[list[RecordedDemand], Field(min_length=1, max_length=MAX_RECORDED)]


class Row(BaseModel):
    """What became of one recorded demand; `number` or `why`."""

    external_id: str
    created: bool
    number: str | None = None
    why: str | None = None


class Imported(BaseModel):
    """One row for each demand handed over, in order."""

    rows: list[Row]


def routes(submissions: Submissions, channel_with: ChannelWith) -> APIRouter:
    """Intake's routes over its one command."""
    router = APIRouter(tags=["intake"])

    @router.post("/v1/demands", status_code=201)
    async def submit(
        demand: SubmitDemand,
        key: Key,
        response: Response,
        channel: Annotated[Channel, Depends(channel_with("submit"))],
    ) -> Receipt:
        """Take a demand in and give back its number; the same key gives the same answer."""
        taken = await submissions.submit(channel, Request(key, demand))
        response.headers["Location"] = f"/v1/demands/{taken.number}"
        return Receipt(id=taken.id, number=taken.number, submitted_at=taken.submitted_at)

    @router.get("/v1/demands/{number}")
    async def follow(
        number: Annotated[str, Path(max_length=40)],
        channel: Annotated[Channel, Depends(channel_with("submit"))],
    ) -> Progress:
        """Where a demand of this channel stands."""
        found = await _own_demand(submissions, channel, number)
        return Progress.model_validate(found, from_attributes=True)

    @router.post("/v1/imports")
    async def hand_over(recorded: Import, channel: Annotated[Channel, Depends(channel_with("import"))]) -> Imported:
        """Take recorded history in, each reference once; a row that is refused does not hold up the others."""
        requests = [Request(f"import:{demand.external_id}", demand) for demand in recorded.demands]
        answers = await submissions.submit_all(channel, requests)
        return Imported(rows=[_row(d, a) for d, a in zip(recorded.demands, answers, strict=True)])

    return router


async def _own_demand(submissions: Submissions, channel: Channel, written: str) -> Demand:
    number = canonical(written)
    if number is None:
        raise Refused(
            Code.NOT_FOUND,
            f"{written!r} is no demand number: its check character does not fit. Look for a typing slip.",
            f"{written!r} 不是有效的诉求编号（校验位不符），请核对是否输错",
        )
    async with submissions.pool.acquire(timeout=5) as db:
        found = await queries.demand_by_number(db, number)
    if found is None or (found.channel != channel.id and "read-all" not in channel.scopes):
        raise Refused(Code.NOT_FOUND, f"this channel has no demand {number}", f"本渠道没有编号为 {number} 的诉求")
    return found


def _row(demand: RecordedDemand, answer: Taken | Refused) -> Row:
    if isinstance(answer, Refused):
        return Row(external_id=demand.external_id, created=False, why=answer.en)
    return Row(external_id=demand.external_id, created=answer.created, number=answer.number)
