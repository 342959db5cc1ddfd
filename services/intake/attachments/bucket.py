"""Stores attachments in an S3-compatible service. Imported only if it is used, because boto3 is slow to import."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.intake.attachments.stores import Lost, away, checked


class S3Store:
    """A bucket; boto3 blocks, so every call runs in a thread."""

    def __init__(self, url: str, key_id: str, secret: str, region: str) -> None:
        parts = urlsplit(url)
        self._bucket = parts.path.strip("/")
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=f"{parts.scheme}://{parts.netloc}",
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            region_name=region,
            config=Config(connect_timeout=3, read_timeout=20, retries={"max_attempts": 2}),
        )

    async def put(self, key: str, content: bytes) -> None:
        """Store a file as one object; S3 shows it only when it is complete."""
        await self._ask("put_object", key, Body=content)

    async def get(self, key: str) -> bytes:
        """The content of a file."""
        answer = await self._ask("get_object", key)
        content: bytes = await asyncio.to_thread(answer["Body"].read)
        return content

    async def remove(self, key: str) -> None:
        """Remove a file; S3 also confirms the removal of a missing one."""
        await self._ask("delete_object", key)

    async def _ask(self, operation: str, key: str, **more: Any) -> Any:
        call = getattr(self._client, operation)
        try:
            return await asyncio.to_thread(call, Bucket=self._bucket, Key=checked(key), **more)
        except ClientError as fault:
            if fault.response.get("Error", {}).get("Code") == "NoSuchKey":
                raise Lost(key) from None
            raise away(str(fault)) from fault
        except BotoCoreError as fault:
            raise away(str(fault)) from fault
