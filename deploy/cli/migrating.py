"""`huying migrate`: schemas and topics."""

import asyncio

import typer
from aiokafka.errors import KafkaError

from deploy.cli.processes import RunSettings
from deploy.cli.services import manifests
from shared.chassis.base.settings import read
from shared.chassis.database.migrate import MigrationFailed
from shared.chassis.database.migrate import migrate as migrate_service
from shared.chassis.kafka import cluster


def migrate() -> None:
    """Bring every schema and the topics up to date."""
    settings = read(RunSettings)

    async def everything() -> None:
        for service in manifests():
            await migrate_service(settings.database_url, service.name, service.migrations)
        await cluster.create_topics(settings.kafka, settings.kafka_replication_factor)

    try:
        asyncio.run(everything())
    except (MigrationFailed, KafkaError) as fault:
        typer.echo(f"huying: {fault}", err=True)
        raise typer.Exit(1) from None
