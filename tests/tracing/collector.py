"""A collector of traces that is not ours (Rotel), started from its package, and what it hands on."""

import gzip
from asyncio import open_connection
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import uvicorn
from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploy.local.ports import free_port
from tests.eventually import eventually
from tests.serving import served

TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER: Final = "00f067aa0ba902b7"
"""The trace and the span of whoever raises `DEMAND`."""
CANARY: Final = "13912345678"
"""What must be in no span."""
DEMAND: Final = {
    "title": f"路灯坏了，请打{CANARY}", "category": "street-lighting", "division": "440605011001",
    "contact": {"phone": CANARY},
}  # fmt: skip


class Collected(NamedTuple):
    """A span as the collector handed it on; ids in hexadecimal, as logs have them."""

    trace: str
    id: str
    parent: str
    name: str
    process: str
    attributes: dict[str, str]
    failed: bool


@dataclass
class Collector:
    """Where processes send their traces, and every span that has arrived behind it."""

    endpoint: str
    spans: list[Collected] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def of(self, trace: str) -> list[Collected]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace == trace]

    def named(self, name: str) -> list[Collected]:
        """The spans with this name."""
        return [span for span in self.spans if span.name == name]

    async def until(self, *names: str) -> None:
        """Wait until each of these has arrived."""

        async def arrived() -> set[str]:
            return {span.name for span in self.spans}

        await eventually(arrived, set(names).issubset, within=60)


def chain(spans: Mapping[str, Collected], name: str) -> list[str]:
    """The names from a span up to the first one."""
    span: Collected | None = next(span for span in spans.values() if span.name == name)
    names = []
    while span:
        names.append(span.name)
        span = spans.get(span.parent)
    return names


def read(body: bytes) -> Sequence[Collected]:
    """The spans of a request, by OpenTelemetry's own definition of its messages."""
    request = ExportTraceServiceRequest.FromString(body)
    found = []
    for resource in request.resource_spans:
        process = {pair.key: pair.value.string_value for pair in resource.resource.attributes}["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {
                    pair.key: pair.value.string_value or str(pair.value.int_value) for pair in span.attributes
                }
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                found.append(Collected(*ids, span.name, process, attributes, span.status.code == 2))
    return found


@asynccontextmanager
async def collecting(folder: Path) -> AsyncIterator[Collector]:
    """The collector with its two ports, and a server behind it that keeps what it exports."""
    package = find_spec("rotel")
    assert package
    assert package.origin
    program, port = Path(package.origin).parent / "rotel-agent", free_port()
    collector = Collector(f"http://127.0.0.1:{port}")
    async with served(uvicorn.Config(_behind(collector), port=free_port(), log_level="critical")) as behind:
        running = await create_subprocess_exec(
            program, "start",
            "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
            "--exporter", "otlp", "--otlp-exporter-protocol", "http",
            "--otlp-exporter-endpoint", behind,
            "--pid-file", str(folder / "collector.pid"), "--log-file", str(folder / "collector.log"),
            stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
        try:
            await _listening(port, running)
            yield collector
        finally:
            if running.returncode is None:
                running.terminate()
            await running.wait()


async def _listening(port: int, running: Process) -> None:
    async def listens() -> bool:
        assert running.returncode is None, "the collector ended by itself"
        try:
            _, writer = await open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await eventually(listens, bool)


def _behind(collector: Collector) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        collector.raw.append(body)
        collector.spans.extend(read(body))
        return Response(b"", media_type="application/x-protobuf")

    return app
