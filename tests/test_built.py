"""An API that serves many tests, and what the product remembers beside it."""

import asyncio
from functools import lru_cache
from typing import cast

from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from tests.built import Built


async def test_an_api_is_built_anew_once_the_product_has_forgotten_what_is_beside_it():
    remembered = lru_cache(lambda _: object())
    built = Built("intake", lambda _: Api((), tasks=(asyncio.Event().wait,)), remembered)
    served = []
    for forget in (False, False, True):
        if forget:
            remembered.cache_clear()
        async with built.on(cast(Pool, object())) as web:
            served.append(web)
    assert served[0] is served[1]
    assert served[1] is not served[2]
