"""The HTTP route that takes in demands of field visits, written without a network and handed over in batches."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with, must_be
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.receipt import SubmissionReceipt
from services.intake.submission.secret_code import SecretCodes
from shared.chassis.http.validation_zh import field_errors
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.examples import with_examples
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import Inner

MAX_DRAFTS = 200


class Draft(SubmitDemand):
    """A demand with the id that the device gave it."""

    id: Annotated[UUID, Field(examples=[examples.DRAFT["id"]])]


SCHEMA: Final = Draft.model_json_schema()


class Batch(BaseModel):
    """The drafts that a device has collected; a draft that cannot be parsed does not hold up the others."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=with_examples({"drafts": [examples.DRAFT]}))

    drafts: Annotated[list[JsonValue], Field(min_length=1, max_length=MAX_DRAFTS), Inner("each is read as a draft")]


class DraftError(BaseModel):
    """One thing to change in a draft."""

    field: str
    detail: str
    detail_en: str
    example: str | None = None


class Synced(BaseModel):
    """The result for a draft: `number` and `code`, or its errors."""

    id: UUID | None = None
    number: str | None = None
    code: str | None = None
    created: bool = False
    errors: list[DraftError] = []


class SyncedAll(BaseModel):
    """One answer for each draft, in order."""

    model_config = ConfigDict(json_schema_extra=with_examples({"drafts": [examples.SYNCED, examples.UNSYNCED]}))

    drafts: list[Synced]


def routes(submissions: SubmissionHandler, codes: SecretCodes) -> APIRouter:
    """The route of field visits."""
    router = APIRouter(tags=["inbound"])
    Visitor = Annotated[Channel, Depends(channel_with(submissions.pool, "submit"))]  # noqa: N806 (a type)

    @router.post("/v1/visits/drafts")
    async def sync_drafts(body: Batch, channel: Visitor) -> SyncedAll:
        """Take drafts in, each once by its id; handing them over again changes nothing."""
        must_be(channel, ChannelKind.FIELD_VISIT)
        read = [_read(draft) for draft in body.drafts]
        drafts = [draft for draft in read if isinstance(draft, Draft)]
        answers = iter(await submissions.submit_all(channel, [_request(draft) for draft in drafts]))
        return SyncedAll(
            drafts=[one if isinstance(one, Synced) else _synced(one.id, next(answers), codes) for one in read]
        )

    return router


def _read(draft: JsonValue) -> Draft | Synced:
    try:
        return Draft.model_validate(draft)
    except ValidationError as fault:
        errors = field_errors(fault.errors(include_url=False), SCHEMA)
        return Synced(id=_id(draft), errors=[_wrong(error) for error in errors])


def _id(draft: JsonValue) -> UUID | None:
    try:
        return UUID(str(draft.get("id"))) if isinstance(draft, dict) else None
    except ValueError:
        return None


def _request(draft: Draft) -> Request:
    reference = draft.external_id or str(draft.id)
    return Request(f"draft:{draft.id}", draft.model_copy(update={"external_id": reference}))


def _synced(id: UUID, answer: SubmissionReceipt | Refused, codes: SecretCodes) -> Synced:
    if isinstance(answer, SubmissionReceipt):
        return Synced(id=id, number=answer.number, code=codes.for_receipt(answer), created=answer.created)
    if answer.code is Code.KEY_REUSED:
        en = f"{answer.en} and was submitted with another text; supplement that demand instead"
        changed = FieldError("id", f"{answer.zh}，内容与此前提交的不同；请改为补充该诉求", en)
        return Synced(id=id, errors=[_wrong(changed)])
    return Synced(id=id, errors=[_wrong(e) for e in answer.errors or (FieldError("", answer.zh, answer.en),)])


def _wrong(error: FieldError) -> DraftError:
    return DraftError(field=error.field, detail=error.zh, detail_en=error.en, example=error.example)
