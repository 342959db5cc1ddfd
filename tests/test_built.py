"""An API that serves many tests is built again when the product has dropped its state."""

import asyncio
from functools import lru_cache
from typing import cast

from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from tests.built import Built


async def test_an_api_is_built_again_once_the_product_has_dropped_its_state():
    remembered = lru_cache(lambda _: object())
    built = Built("intake", lambda _: Api((), tasks=(asyncio.Event().wait,)), remembered)
    applications = []
    for forget in (False, False, True):
        if forget:
            remembered.cache_clear()
        async with built.on(cast(Pool, object())) as web:
            applications.append(web)
    assert applications[0] is applications[1]
    assert applications[1] is not applications[2]
