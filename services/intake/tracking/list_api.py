"""The HTTP route that lists the demands of a channel: the newest first, or in the order of their last changes."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from services.intake.channels.channel import Channel
from services.intake.channels.keys import Scope, channel_with
from services.intake.tracking import pagination
from services.intake.tracking.details import DetailsReader
from services.intake.tracking.documents import Progress
from services.intake.tracking.lookup import ChangedDemand, DemandLookup
from services.intake.tracking.pagination import Cursor, Limit, UpdatedSince, changes_after
from services.intake.vault.sealing import Vault
from shared.chassis.http import pagination as pages
from shared.chassis.http.pagination import Page
from shared.contracts.examples import CURSOR, PROGRESS, with_examples
from shared.contracts.text import Text

OwnReference = Annotated[
    Text,
    Query(max_length=128, description="this channel's own reference: that one demand alone"),
]


class Listed(Page):
    """A page of demands, newest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"demands": [PROGRESS], "next": CURSOR}))

    demands: list[Progress]


def routes(lookup: DemandLookup, details_reader: DetailsReader, vault: Vault) -> APIRouter:
    """The route that lists the demands of a channel."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands")
    Reader = Annotated[Channel, Depends(channel_with(lookup.pool, Scope.SUBMIT))]  # noqa: N806 (a type)

    @router.get("")
    async def list_demands(
        channel: Reader,
        request: Request,
        response: Response,
        after: Cursor = "",
        limit: Limit = 50,
        external_id: OwnReference = "",
        updated_since: UpdatedSince = None,
    ) -> Listed:
        """The demands of this channel, newest first. With `external_id` only the one for which this reference of the
        channel stands; with `updated_since` those that changed from then on, in the order of their last change."""
        if external_id:
            referred = await lookup.referred(channel, vault.reference(external_id))
            return Listed(demands=await details_reader.short([referred]) if referred else [], next=None)
        if updated_since:
            changed = await lookup.changed(channel, changes_after(updated_since, after), limit + 1)
            return await _changed(changed, details_reader, limit, request, response)
        demands = await lookup.listed(channel, pagination.read(after), limit + 1)
        return page(await details_reader.short(demands), limit, request, response)

    return router


def page(demands: Sequence[Progress], limit: int, request: Request, response: Response) -> Listed:
    """A page of at most `limit` demands, with the cursor of the next page if there is one. `demands` holds up to
    `limit + 1`: the last one only says that a page follows."""
    demands_of_page, last = pagination.cut(demands, limit)
    next_cursor = pagination.link(last.id if last else None, limit, request, response)
    return Listed(demands=list(demands_of_page), next=next_cursor)


async def _changed(
    changed: Sequence[ChangedDemand], details_reader: DetailsReader, limit: int, request: Request, response: Response
) -> Listed:
    changes_of_page, last = pagination.cut(changed, limit)
    next_cursor = last.at.as_cursor() if last else None
    pages.link(next_cursor, request, response, limit=limit)
    demands = await details_reader.short([(change.demand, change.own) for change in changes_of_page])
    return Listed(demands=demands, next=next_cursor)
