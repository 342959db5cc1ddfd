"""Runs the webhook sender as a process that a test can kill."""

import asyncio

from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.sender import WebhookSender
from shared.chassis.base import logs
from shared.chassis.database.pool import open_pool
from tests.feedback.endpoints import BOX, HERE


async def main(dsn: str) -> None:
    """Send until killed."""
    async with await open_pool(dsn, "feedback") as pool:
        # With the same name, the next process takes over the lease of a killed one at once.
        await WebhookSender(pool, EndpointClient(HERE), BOX, holder="the only one").run()


def run(dsn: str) -> None:
    """The entry point of the process."""
    logs.set_up("feedback-worker", "console", "warning")
    asyncio.run(main(dsn))
