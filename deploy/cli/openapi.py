"""`huying openapi`: prints the OpenAPI document of the gateway; it needs no server."""

import asyncio
import json
from secrets import token_urlsafe
from typing import Any, Final

import typer

from deploy.cli.introduction import INTRODUCTION
from deploy.cli.processes import TITLE
from deploy.cli.services import manifests
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import web_app
from shared.chassis.process.components import Api, api_texts

NOWHERE: Final = "postgresql://127.0.0.1:1/none"


def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    typer.echo(json.dumps(asyncio.run(document()), ensure_ascii=False, indent=2))


async def document() -> dict[str, Any]:
    """The document of all four services under one origin; no connection is opened."""
    apis: list[Api] = []
    values = {"DATABASE_URL": NOWHERE, "secret": token_urlsafe(48), "vault_key": token_urlsafe(48)}
    for service in manifests():
        settings = service.settings.model_validate(values)
        async with await open_pool(NOWHERE, service.name) as pool:
            apis.append(service.api(settings, pool))
    routers = [router for api in apis for router in api.routers]
    return web_app(TITLE, routers, words=api_texts(INTRODUCTION, apis)).openapi()
