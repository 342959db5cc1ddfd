"""What a command says, instead of a stack, when a server that it needs cannot be used."""

from typing import Final

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from shared.chassis.database.pool import PASSING, is_away

UNUSABLE: Final = (
    *PASSING,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    KafkaError,
)


def first(fault: BaseException) -> BaseException:
    """The fault itself, out of the groups that tasks put around it."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def in_words(fault: BaseException) -> str:
    """What went wrong; of a request that nobody answered, where it went too."""
    if isinstance(fault, httpx.RequestError):
        return f"{fault.request.url.copy_with(query=None)} 没有回应 / does not answer: {fault or repr(fault)}"
    return str(fault)


def of_a_server(fault: BaseException) -> str | None:
    """Which server one of `UNUSABLE` is news of, and where to look; None when it is news of a file or a disk."""
    if isinstance(fault, KafkaError):
        return f"the broker does not answer: {fault}\nIs it running, and is KAFKA_BOOTSTRAP_SERVERS right?"
    if is_away(fault):
        return f"the database cannot be used: {fault or repr(fault)}\nIs it running, and is DATABASE_URL right?"
    return None
