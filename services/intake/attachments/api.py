"""Attachments over HTTP: upload first, name the reference in the demand, download again."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Header, Path, Response, UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake import demands, examples
from services.intake.attachments.kinds import TAKEN
from services.intake.attachments.queries import Attachment
from services.intake.attachments.scanning import Scan
from services.intake.attachments.service import OFFICE, AttachmentService
from services.intake.channels.channel import Channel
from services.intake.channels.keys import ApiKey, authenticate, channel_with
from services.intake.parameters import API_KEY_HEADER, Number
from services.intake.settings import MAX_ATTACHMENT
from shared.chassis.http.body_limit import MAX_BODY, LargerBodies, LimitedRouter
from shared.chassis.http.response_headers import PRIVATE
from shared.contracts.examples import API_KEY, with_examples
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text
from shared.identity.bearer import bearer
from shared.identity.callers import Caller, Callers
from shared.identity.rights import ATTACH, READ

Reference = Annotated[Text, Path(max_length=64, examples=["Jb0VyZ6cYb1mWq2x8zR3xA"])]
PREFIX: Final = "/v1/attachments"
LARGER: Final = (
    LargerBodies(f"{PREFIX}/evidence/", MAX_ATTACHMENT + MAX_BODY, "Authorization", "Bearer …"),
    LargerBodies(PREFIX, MAX_ATTACHMENT + MAX_BODY, API_KEY_HEADER, API_KEY),
)
_FILES: Final = {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in TAKEN}
SAFE: dict[str, str] = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    **PRIVATE,
}


class Attached(BaseModel):
    """The reference to use in `attachments` of a demand, within 24 hours."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.ATTACHED))

    reference: str = Field(examples=["Jb0VyZ6cYb1mWq2x8zR3xA"])
    media_type: str = Field(description="of what is kept, told from the content")
    size: int = Field(description="bytes, after everything but the picture itself was removed")
    scan: Scan = Field(description="`not-scanned` where no virus scanner is set up")
    uploaded_at: datetime


def _file(given: object) -> object:
    if not isinstance(given, str):
        return given
    en = 'is sent as text: send it as a file, with filename="…" in its part'
    raise PydanticCustomError("no_file", en, {"zh": '应作为文件上传：该部分缺少 filename="…"'})


Upload = Annotated[
    UploadFile,
    BeforeValidator(_file),
    File(description="JPEG, PNG, WebP or GIF to 10 MiB, PDF to 20 MiB"),
]


def routes(attachments: AttachmentService, callers: Callers) -> APIRouter:
    """Upload and download."""
    router = LimitedRouter(*LARGER, tags=["attachments"], prefix=PREFIX)

    @router.post("", status_code=201)
    async def upload_attachment(
        file: Upload,
        response: Response,
        channel: Annotated[Channel, Depends(channel_with(attachments.pool, "submit"))],
    ) -> Attached:
        """Take a file in; name the reference in a demand within 24 hours. Pictures lose their metadata, papers their
        scripts, files, links, comments and authors."""
        attachment = await attachments.take(channel, await file.read())
        response.headers["Location"] = f"/v1/attachments/{attachment.reference}"
        return Attached.model_validate(attachment, from_attributes=True)

    @router.post("/evidence/{number}", status_code=201)
    async def upload_evidence(number: Number, file: Upload, by: Annotated[Caller, Depends(callers)]) -> Attached:
        """Take in a file of a unit that may attach evidence to this demand (证件、联系证据、办理附件); name the
        reference in a command to the case. The same file again has the same reference."""
        async with attachments.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
        if demand is None or by.person is None or not callers.may(READ, by, demand):
            raise Refused(Code.NOT_FOUND, f"there is no demand {number} that you may see", f"没有诉求 {number}")
        callers.require(ATTACH, by, demand)
        attachment = await attachments.take_evidence(by.person.unit, demand.id, await file.read())
        return Attached.model_validate(attachment, from_attributes=True)

    @router.get("/{reference}", response_class=Response, responses={200: {"content": _FILES}})
    async def download_attachment(
        reference: Reference, key: ApiKey = "", authorization: Annotated[str, Header()] = ""
    ) -> Response:
        """The file, for the channel that uploaded it, for the one to whose demand a unit answered with it, and for
        staff who handle the demand."""
        attachment = await attachments.find(reference)
        if authorization:
            allowed = attachment is not None and await _handles(
                attachments, callers, await bearer(authorization), attachment
            )
        else:
            channel = await authenticate(attachments.pool, key, "submit")
            allowed = attachment is not None and (
                _came_by(attachment, channel) or await attachments.is_answered_with(channel, attachment)
            )
        if attachment is None or not allowed:
            raise Refused(
                Code.NOT_FOUND, f"there is no attachment {reference} that you may open", f"没有附件 {reference}"
            )
        name = f'attachment; filename="{reference}.{attachment.suffix}"'
        content = await attachments.content(attachment)
        return Response(content, media_type=attachment.media_type, headers=SAFE | {"Content-Disposition": name})

    return router


def _came_by(attachment: Attachment, channel: Channel) -> bool:
    """Whether a channel may have a file: what units hand in is for staff alone."""
    others = "read-all" in channel.scopes and not attachment.channel.startswith(OFFICE)
    return attachment.channel == channel.id or others


async def _handles(attachments: AttachmentService, callers: Callers, token: str, attachment: Attachment) -> bool:
    caller = await callers.read(token)
    if attachment.demand_id is None:
        return False
    async with attachments.pool.acquire(timeout=5) as db:
        demand = await demands.by_id(db, attachment.demand_id)
    return demand is not None and callers.may(READ, caller, demand)
