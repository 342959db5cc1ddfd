"""Generates documents from the contracts: the JSON Schemas of facts, and an AsyncAPI 3 document."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from shared.contracts.demand.writers import WRITTEN_BY
from shared.contracts.event_types import FACTS, RETIRED
from shared.contracts.topics import DEMAND_EVENTS

Json = dict[str, Any]
KINDS: Final = {**FACTS, **{name: old.kind for name, old in RETIRED.items()}}
FOLDER: Final = Path(__file__).parent / "published"
SERVERS: Final = {"production": {"host": "kafka:9092", "protocol": "kafka"}}


def schemas() -> Mapping[str, Json]:
    """The JSON Schema (2020-12) of every fact, by its wire type; retired versions are marked as deprecated."""
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:huying:{name}"} | _schema(name)
        for name in KINDS
    }


def _schema(name: str) -> Json:
    schema = KINDS[name].model_json_schema(mode="serialization")
    return schema | {"deprecated": True} if name in RETIRED else schema


def asyncapi() -> Json:
    """The AsyncAPI 3.0.0 document of the demand events."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Huying 呼应: facts of demands",
            "version": "1.0.0",
            "description": "Every fact is a CloudEvent in Kafka's binary mode: attributes in headers, JSON value.",
        },
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {
            "demandEvents": {
                "address": DEMAND_EVENTS.name,
                "description": f"Keyed by demand id; {DEMAND_EVENTS.partitions} partitions.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in KINDS},
            }
        },
        "operations": {
            f"{service}Tells": {
                "action": "send",
                "channel": {"$ref": "#/channels/demandEvents"},
                "messages": [{"$ref": f"#/channels/demandEvents/messages/{name}"} for name in names],
            }
            for service, names in _types_by_service().items()
        },
        "components": {"messages": {name: _message(name) for name in KINDS}},
    }


def _types_by_service() -> Mapping[str, list[str]]:
    """The wire types of the facts that each service writes."""
    types: dict[str, list[str]] = {}
    for kind, services in WRITTEN_BY.items():
        for service in sorted(services):
            types.setdefault(service, []).append(kind.wire_type())
    return types


def _message(name: str) -> Json:
    return {
        "name": name,
        "summary": (KINDS[name].__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": HEADERS,
        "payload": _without_definitions(_schema(name)),
    }


def _without_definitions(schema: Json) -> Json:
    """Replace references by their `$defs`: inside another document, a reference to the root would be wrong."""
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions:
                others = {key: value for key, value in part.items() if key != "$ref"}
                return inlined(definitions[name]) | others
            return {key: inlined(value) for key, value in part.items()}
        return [inlined(item) for item in part] if isinstance(part, list) else part

    json: Json = inlined(schema)
    return json


def _text(description: str, **more: Any) -> Json:
    return {"type": "string", "description": description} | more


HEADERS: Final[Json] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_partitionkey"],
    "properties": {
        "ce_specversion": _text("CloudEvents version", const="1.0"),
        "ce_id": _text("id of the fact", format="uuid"),
        "ce_type": _text("type and version of the fact", examples=["demand.routed.v2"]),
        "ce_source": _text("the service that wrote the fact", examples=["/services/routing"]),
        "ce_subject": _text("number of the demand", examples=["NH21-001335-9"]),
        "ce_time": _text("when it happened", format="date-time"),
        "ce_partitionkey": _text("id of the demand, and the record's key", format="uuid"),
        "ce_sequence": _text("1, 2, 3 … without gaps for each demand; absent for notes"),
        "ce_causationid": _text("id of the fact or command that led to this one", format="uuid"),
        "ce_correlationid": _text("id of the first fact of the chain of causes", format="uuid"),
        "ce_traceparent": _text("W3C trace context"),
        "ce_imported": _text("history of another system; no messages are sent about it", const="true"),
    },
}
