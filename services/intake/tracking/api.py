"""The HTTP route that shows one demand to its citizen or to a channel."""

from fastapi import APIRouter

from services.intake.channels.keys import authenticate
from services.intake.parameters import API_KEY_HEADER, CODE_HEADER, ApiKey, Number, QueryCode, SecretCode
from services.intake.tracking.details import DetailsReader
from services.intake.tracking.documents import Followed
from services.intake.tracking.lookup import DemandLookup
from shared.chassis.http import response_headers
from shared.chassis.http.body_limit import LimitedRouter


def routes(lookup: DemandLookup, details_reader: DetailsReader) -> APIRouter:
    """The route that shows a demand by its number."""
    router = LimitedRouter(credentials=[API_KEY_HEADER, CODE_HEADER], tags=["intake"])

    @router.get("/v1/demands/{number}")
    async def follow_demand(
        number: Number, key: ApiKey = "", secret: SecretCode = "", code: QueryCode = ""
    ) -> Followed:
        """Everything about a demand: for the citizen with its code, or for the channel that took it in with its key.

        A channel that saw it again (`sightings`) is told what the public sees.
        """
        response_headers.add(response_headers.PRIVATE)
        if secret or code or not key:
            return await details_reader.of(await lookup.by_code(number, secret or code), True, may_rate=True)
        channel = await authenticate(lookup.pool, key, "submit")
        demand, may_read_all = await lookup.seen(channel, number)
        return await details_reader.of(demand, may_read_all, may_rate=await lookup.took_in(channel, demand))

    return router
