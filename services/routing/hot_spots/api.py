"""The HTTP route that lists common demands, for persons who may read every case of the jurisdiction."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from services.routing.hot_spots import queries
from services.routing.hot_spots.permissions import pack_for
from services.routing.hot_spots.view import HotSpotList, view
from shared.chassis.database.pool import Pool
from shared.chassis.http import pagination
from shared.identity.person import Person
from shared.jurisdiction.jurisdictions import Jurisdictions

SHOWN: Final = 200
After = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=100)]


def routes(pool: Pool, packs: Jurisdictions, staff: Callable[..., Awaitable[Person]]) -> APIRouter:
    """The route of common demands."""
    router = APIRouter(tags=["routing"])
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("/v1/hot-spots")
    async def list_hot_spots(by: By, after: After = None, limit: Limit = 20) -> HotSpotList:
        """Common demands (共性需求): many in one place about one matter within a few days; those found last first."""
        pack = pack_for(by, packs)
        before = pagination.read(after, int) if after else None
        async with pool.acquire(timeout=5) as db:
            spots = await queries.hot_spots(db, pack.id, before, limit)
            demands = await queries.demands(db, [spot.id for spot in spots], SHOWN)
        next_cursor = pagination.cursor_of(str(spots[-1].position).encode()) if len(spots) == limit else None
        return HotSpotList(hot_spots=[view(spot, demands[spot.id]) for spot in spots], next=next_cursor)

    return router
