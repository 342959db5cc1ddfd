"""The sender of webhooks in a process of its own, so that a test can kill it."""

import asyncio

from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.sender import WebhookSender
from shared.chassis.base import logs
from shared.chassis.database.pool import open_pool
from tests.feedback.endpoints import BOX, HERE


async def main(dsn: str) -> None:
    """Send until killed."""
    async with await open_pool(dsn, "feedback") as pool:
        # The fixed name lets the next one go on at once where a killed one stopped.
        await WebhookSender(pool, EndpointClient(HERE), BOX, holder="the only one").run()


def run(dsn: str) -> None:
    """The whole process."""
    logs.set_up("feedback-worker", "console", "warning")
    asyncio.run(main(dsn))
