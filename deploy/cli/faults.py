"""Messages for faults of servers that a command needs, shown instead of a stack trace."""

from typing import Final

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from shared.chassis.database.pool import PASSING, is_away
from shared.contracts.text import printable

UNUSABLE: Final = (
    *PASSING,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    KafkaError,
)


def first(fault: BaseException) -> BaseException:
    """The first fault inside nested exception groups; a fault that is not a group is returned as it is."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    return fault


def fault_message(fault: BaseException) -> str:
    """The message of a fault; for a request without a response, also its URL."""
    if isinstance(fault, httpx.RequestError):
        return f"{fault.request.url.copy_with(query=None)} 没有回应 / does not answer: {fault or repr(fault)}"
    return printable(str(fault))


def server_fault_message(fault: BaseException) -> str | None:
    """The message for a fault of the classes `UNUSABLE`: which server does not answer, and what to check. None if the
    fault comes from a file or disk."""
    words = printable(str(fault) or repr(fault))
    if isinstance(fault, KafkaError):
        return (
            f"the broker does not answer: {words}\nCheck whether it runs, and whether KAFKA_BOOTSTRAP_SERVERS is right."
        )
    if is_away(fault):
        return f"the database cannot be used: {words}\nCheck whether it runs, and whether DATABASE_URL is right."
    return None
