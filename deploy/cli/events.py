"""`huying events`: the facts that services publish, as they happen."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.cli.running import use_local_deployment
from shared.chassis.base.settings import KafkaSettings, read
from shared.chassis.consumer import fetched
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.contracts.envelope import Envelope
from shared.contracts.envelope import read as read_envelope
from shared.contracts.numbers import read_number
from shared.contracts.refusals import Refused
from shared.contracts.text import printable
from shared.contracts.topics import DEMAND_EVENTS

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """The facts that services publish, as they happen."""


@app.command()
def tail(
    from_start: Annotated[bool, typer.Option("--from-start", help="begin with the oldest fact that is stored")] = False,
    number: Annotated[str, typer.Option(help="only this demand")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object for each line")] = False,
    count: Annotated[int, typer.Option(help="end after so many facts; 0: continue until Ctrl-C")] = 0,
    to_end: Annotated[
        bool, typer.Option("--to-end", help="from the oldest fact to the last one at this moment, then end")
    ] = False,
) -> None:
    """Print facts as they are published; Ctrl-C ends."""
    use_local_deployment()
    try:
        wanted = read_number(number) if number else ""
    except Refused as refused:
        typer.echo(f"huying: {refused.zh} / {refused.en}", err=True)
        raise typer.Exit(1) from None
    kafka = read(KafkaSettings).kafka
    try:
        asyncio.run(_tail(kafka, from_start or to_end, wanted, as_json, count, to_end))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _tail(kafka: Kafka, from_start: bool, number: str, as_json: bool, count: int, to_end: bool) -> None:
    fetched.install()
    consumer = AIOKafkaConsumer(**kafka.access())
    try:
        await consumer.start()
        partitions = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]
        consumer.assign(partitions)
        await (consumer.seek_to_beginning(*partitions) if from_start else consumer.seek_to_end(*partitions))
        printed = 0
        ends = await _ends(kafka) if to_end else None
        async for record in _records(consumer, ends):
            try:
                envelope = read_envelope(DEMAND_EVENTS.carries, record.key, record.headers, record.value)
            except Refused as fault:
                typer.echo(f"partition {record.partition} offset {record.offset}: {printable(str(fault))}", err=True)
                continue
            if number in ("", envelope.subject):
                typer.echo(printable(_json(envelope) if as_json else _line(envelope)))
                printed += 1
            if count and printed >= count:
                return
    finally:
        await consumer.stop()


async def _ends(kafka: Kafka) -> dict[TopicPartition, int]:
    """The current end offset of each partition that has records."""
    _, ends = await cluster.account_of(kafka)
    partitions = ends.get(DEMAND_EVENTS.name, {})
    return {TopicPartition(DEMAND_EVENTS.name, int(number)): end for number, end in partitions.items() if end}


async def _records(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int] | None) -> AsyncIterator[ConsumerRecord]:
    """Records as they arrive; with `ends`, only up to these offsets."""
    if ends == {}:
        return
    async for record in consumer:
        yield record
        partition = TopicPartition(record.topic, record.partition)
        if ends and record.offset + 1 >= ends.get(partition, record.offset + 2):
            del ends[partition]
            if not ends:
                return


def _line(envelope: Envelope) -> str:
    sequence = f"{envelope.sequence:>3}" if envelope.sequence else "  ·"
    return f"{envelope.time:%Y-%m-%d %H:%M:%S}  {envelope.subject:14} {sequence}  {envelope.type:32} {envelope.data}"


def _json(envelope: Envelope) -> str:
    headers = {name.removeprefix("ce_"): value.decode() for name, value in envelope.headers()}
    try:
        data = json.loads(envelope.data)
    except ValueError:  # not JSON, so no service has written it: show it as it is
        data = envelope.data
    return json.dumps(headers | {"data": data}, ensure_ascii=False)
