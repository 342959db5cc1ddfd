"""Sends facts to Kafka in one batch for each partition, so that a batch has one acknowledgement to wait for."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from shared.contracts.envelope import Envelope
from shared.contracts.topics import TOPIC_OF

_PARTITION_OF: Final = DefaultPartitioner()


class _Batch(NamedTuple):
    """Records of one partition, in their order."""

    partition: TopicPartition
    builder: Any


async def send(producer: AIOKafkaProducer, facts: Sequence[Envelope]) -> Mapping[TopicPartition, int]:
    """Return when the broker has all facts: by partition, the offset behind the last of them.

    Facts of one key keep their order. A partition is left out whose facts the broker had acknowledged before: it does
    not say at which offsets.
    """
    batches = await _batches(producer, facts)
    # The producer holds one batch of a partition back until it has sent the one before: first those that go together.
    rounds = chain.from_iterable(zip_longest(*batches.values()))
    batches_in_order = [batch for batch in rounds if batch]
    acknowledgements = [
        await producer.send_batch(builder, partition.topic, partition=partition.partition)
        for partition, builder in batches_in_order
    ]
    ends: dict[TopicPartition, int] = {}
    metadata = await asyncio.gather(*acknowledgements)
    for (partition, builder), acknowledged in zip(batches_in_order, metadata, strict=True):
        if acknowledged.offset >= 0:
            ends[partition] = acknowledged.offset + builder.record_count()
    return ends


async def _batches(producer: AIOKafkaProducer, facts: Sequence[Envelope]) -> Mapping[TopicPartition, Sequence[_Batch]]:
    """The batches of each partition, as large as the producer's settings allow."""
    topics = {TOPIC_OF[stream] for stream in {fact.stream for fact in facts}}
    partitions = {topic: sorted(await producer.partitions_for(topic)) for topic in topics}
    batches: dict[TopicPartition, list[_Batch]] = {}
    for fact in facts:
        topic, key = TOPIC_OF[fact.stream], str(fact.key).encode()
        partition = TopicPartition(topic, _PARTITION_OF(key, partitions[topic], partitions[topic]))
        of_partition = batches.setdefault(partition, [])
        record = {"timestamp": None, "key": key, "value": fact.data.encode(), "headers": fact.headers()}
        if not of_partition or of_partition[-1].builder.append(**record) is None:
            of_partition.append(_Batch(partition, producer.create_batch()))
            of_partition[-1].builder.append(**record)
    for batch in chain.from_iterable(batches.values()):
        batch.builder.close()
    return batches
