"""The HTTP route that imports recorded history of other systems, or only tries to (a dry run)."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.parameters import API_KEY_HEADER
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import RecordedDemand
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.history import Became
from services.intake.submission.receipt import SubmissionReceipt
from shared.chassis.http.body_limit import MAX_BODY, LargerBodies, LimitedRouter
from shared.contracts.examples import API_KEY, with_examples
from shared.contracts.refusals import Refused

MAX_RECORDED: Final = 1000


class Import(BaseModel):
    """Recorded history of another system, up to 1,000 demands."""

    model_config = ConfigDict(extra="forbid")

    demands: Annotated[list[RecordedDemand], Field(min_length=1, max_length=MAX_RECORDED)]


class Row(BaseModel):
    """The result for one recorded demand: `number`, or `why` it was refused."""

    external_id: str
    created: bool
    became: Became = Field(
        description="`moved-on`: the row has new steps, which are recorded now; `went-on-here`: the demand was handled"
        " here since the import, and nothing was changed; `pending`: earlier steps of the row are not recorded yet,"
        " send it again",
    )
    steps: int = Field(0, description="how many steps this request adds to the demand")
    number: str | None = Field(None, description="null in a dry run for a new demand")
    field: str | None = Field(None, description="the first field to change")
    why: str | None = None
    why_zh: str | None = None


class Imported(BaseModel):
    """One row for each demand handed over, in order."""

    model_config = ConfigDict(json_schema_extra=with_examples({"rows": [examples.ROW, examples.REFUSED_ROW]}))

    rows: list[Row]


LARGER: Final = LargerBodies("/v1/imports", 16 * MAX_BODY, API_KEY_HEADER, API_KEY)


def routes(submissions: SubmissionHandler) -> APIRouter:
    """The route that imports recorded history."""
    router = LimitedRouter(LARGER, tags=["intake"])
    Importer = Annotated[Channel, Depends(channel_with(submissions.pool, "import"))]  # noqa: N806 (a type)

    @router.post("/v1/imports")
    async def import_demands(
        recorded: Annotated[Import, Body(openapi_examples=examples.IMPORTS)],
        channel: Importer,
        dry_run: Annotated[
            bool, Query(description="true: answer what would happen to each row, and change nothing")
        ] = False,
    ) -> Imported:
        """Take recorded history in, each reference once, and what was recorded since of one that is known.

        A row that is refused does not hold up the others.
        """
        requests = [Request(f"import:{demand.external_id}", demand) for demand in recorded.demands]
        answers = await submissions.submit_all(channel, requests, dry_run)
        return Imported(rows=[_row(d, a, dry_run) for d, a in zip(recorded.demands, answers, strict=True)])

    return router


def _row(demand: RecordedDemand, answer: SubmissionReceipt | Refused, dry_run: bool) -> Row:
    if isinstance(answer, Refused):
        field = answer.errors[0].field if answer.errors else None
        return Row(
            external_id=demand.external_id,
            created=False,
            became=Became.REFUSED,
            field=field,
            why=answer.en,
            why_zh=answer.zh,
        )
    return Row(
        external_id=demand.external_id,
        created=answer.created and not dry_run,
        became=answer.became,
        steps=answer.steps,
        number=None if answer.created and dry_run else answer.number,
    )
