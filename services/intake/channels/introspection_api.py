"""The HTTP routes by which other services ask whose a credential is: a channel's key or the token of a member of staff.

Only intake stores keys and revocations, so services that are called with a credential ask here (in the spirit of RFC
7662).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.channels import key_queries
from services.intake.channels.keys import Scope, authenticate
from shared.chassis.database.pool import Pool
from shared.chassis.http.response_headers import PRIVATE
from shared.contracts.refusals import FieldError, Refused
from shared.contracts.wording import Identifier, Sealed
from shared.identity.callers import Caller, Callers
from shared.identity.introspection import Complaint, GoodChannels, Introspected, KnownChannel, KnownStaff

_CREDENTIAL = Sealed("a credential: it is checked, and kept nowhere")


class Introspect(BaseModel):
    """A credential: a channel's key with the scope that it needs, or a token of staff."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    api_key: Annotated[str, Field(max_length=400, repr=False), _CREDENTIAL] = ""
    token: Annotated[str, Field(max_length=8000, repr=False), _CREDENTIAL] = ""
    scope: Scope = Scope.WEBHOOKS


class AskChannels(BaseModel):
    """The ids of channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Annotated[
        tuple[Annotated[str, Field(max_length=100), Identifier("a channel")], ...], Field(max_length=1000)
    ]
    scope: Scope = Scope.WEBHOOKS


@dataclass(frozen=True, slots=True)
class Introspection:
    """Answers other services; nobody else may ask."""

    pool: Pool
    callers: Callers

    async def who(self, question: Introspect, by: Caller) -> Introspected:
        """The bearer of a credential; a request with a channel's key is counted like any of its requests."""
        by.must_be_a_service()
        try:
            if question.api_key:
                channel = await authenticate(self.pool, question.api_key, question.scope)
                return Introspected(channel=KnownChannel(id=channel.id, name=channel.name))
            person = await self.callers.staff.read(question.token)
        except Refused as refused:
            return Introspected(refused=_complaint(refused))
        return Introspected(person=KnownStaff(name=person.name, unit=person.unit, roles=tuple(sorted(person.roles))))

    async def good(self, question: AskChannels, by: Caller) -> Sequence[str]:
        """The channels that were not revoked and have the scope."""
        by.must_be_a_service()
        async with self.pool.acquire(timeout=5) as db:
            return await key_queries.with_scope(db, question.channels, question.scope)


def _complaint(refused: Refused) -> Complaint:
    error = refused.errors[0] if refused.errors else FieldError("", refused.zh, refused.en)
    return Complaint(
        code=refused.code, en=refused.en, zh=refused.zh, field=error.field, example=error.example,
        retry_after=refused.retry_after,
    )  # fmt: skip


def routes(introspection: Introspection) -> APIRouter:
    """The routes between services, which are in no API document."""
    router = APIRouter(include_in_schema=False)
    By = Annotated[Caller, Depends(introspection.callers)]  # noqa: N806 (a type)

    @router.post("/v1/introspection")
    async def introspect(question: Introspect, by: By, response: Response) -> Introspected:
        """The bearer of this credential."""
        response.headers.update(PRIVATE)
        return await introspection.who(question, by)

    @router.post("/v1/introspection/channels")
    async def good_channels(question: AskChannels, by: By) -> GoodChannels:
        """Which of these channels were not revoked and have the scope."""
        return GoodChannels(channels=tuple(await introspection.good(question, by)))

    return router
