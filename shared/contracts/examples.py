"""The values of the examples in the HTTP API's documents: one demand about a school bus stop in Nanhai."""

from typing import Any, Final

from pydantic import JsonValue

Sample = dict[str, JsonValue]

NUMBER: Final = "NH21-001335-9"
ID: Final = "01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c"
API_KEY: Final = "hy_Jb0VyZ6cYb1mWq2x8zR3xAJb0VyZ6cYb1mWq2x8zR3xA"
REQUEST_KEY: Final = "web-20261124-0001"
CURSOR: Final = "AaIKZQBoelu8D-scDOKmXA"
TITLE: Final = "校车接送点没有风雨棚"
TEXT: Final = "早上七点二十几个孩子淋雨等车"
DIVISION: Final = "440605126222"
CATEGORY: Final = "school-transport"
UNIT: Final = "station-440605126222"
AT: Final = "2021-05-10T02:00:00Z"
RESOLVED_AT: Final = "2021-05-18T09:00:00Z"
PROGRESS: Final[Sample] = {
    "id": ID,
    "number": NUMBER,
    "status": "closed",
    "title": TITLE,
    "category": CATEGORY,
    "division": DIVISION,
    "submitted_at": AT,
    "updated_at": RESOLVED_AT,
    "unit": UNIT,
    "due_at": "2021-05-24T15:59:59Z",
    "resolved_at": RESOLVED_AT,
    "outcome": "confirmed",
}
DEMAND: Final[Sample] = PROGRESS | {
    "version": 6,
    "jurisdiction": "nanhai",
    "channel": "web",
    "channel_kind": "web",
    "kind": "suggestion",
    "units": [UNIT],
    "assisting": ["nh-education", "nh-transport"],
    "rule": "nanhai@3f2a9c1b7d04:school-transport",
    "rating": 5,
    "solved": True,
}

EVENT: Final[Sample] = {
    "specversion": "1.0",
    "id": "8f0d6d4b-5c0f-5b8a-9d53-0a8f9b4d8f11",
    "source": "/services/routing",
    "type": "demand.resolved.v1",
    "subject": NUMBER,
    "time": "2021-05-18T09:00:00Z",
    "sequence": 5,
    "imported": False,
    "data": {
        "demand": {
            "id": ID,
            "number": NUMBER,
            "jurisdiction": "nanhai",
            "kind": "suggestion",
            "category": CATEGORY,
            "division": DIVISION,
            "status": "resolved",
            "unit": UNIT,
            "unit_name": "北园村驻点直联工作站",
            "due_at": "2021-05-24T15:59:59Z",
        },
        "fact": {"result": "风雨棚已建好", "summary": "村口校车点已建风雨棚"},
    },
}
EVENT_CURSOR: Final = "m7Qe4gAAAAAAAATS"


def with_examples(*examples: Sample) -> dict[str, Any]:
    """The `json_schema_extra` of a model with these examples."""
    return {"examples": list(examples)}
