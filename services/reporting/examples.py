"""Examples of what reporting answers: Nanhai's figure of 2021, and one demand behind it."""

from typing import Final

from shared.contracts.examples import AT, ID, PROGRESS, RESOLVED_AT, Sample

CURSOR: Final = "AaIKZQBoelu8D-scDOKmXDIwMjEtMDUtMTBUMDI6MDA6MDBa"
ROW: Final[Sample] = {
    "key": "2021-12",
    "name": "2021-12",
    "parent": None,
    "level": 0,
    "contains": False,
    "month": "2021-12-01",
    "collected": 1335,
    "completed": 1230,
    "rate": 92.13,
    "statuses": {"closed/confirmed": 1230, "in_progress": 105},
    "marks": {"on-time": 1187, "late": 43, "returned": 61, "on-the-spot": 12, "rating:5": 900, "rating:2": 100},
    "satisfaction": {"rated": 1000, "satisfied": 900, "rate": 90.0},
    "first_satisfaction": {"rated": 1000, "satisfied": 870, "rate": 87.0},
    "demands": "/v1/figures/completion/demands?jurisdiction=nanhai&month=2021-12",
}
COMPLETION: Final[Sample] = {
    "definition": {
        "name": "completion",
        "version": 1,
        "numerator": "demands whose last resolution stands",
        "denominator": "demands collected",
        "exclusions": "none",
        "cut_off": "now, or the end of the day `until`, in the jurisdiction's time zone",
    },
    "jurisdiction": "nanhai",
    "by": "month",
    "month": "2021-12-01",
    "total": ROW,
    "rows": [ROW],
    "overdue": 12,
    "heard_at": "2021-12-31T15:59:58Z",
}
BEHIND: Final[Sample] = {name: told for name, told in PROGRESS.items() if name != "updated_at"} | {
    "channel": "web",
    "confidential": False,
    "returns": 0,
    "reopenings": 0,
    "rating": 5,
    "imported": False,
}
FACTS: Final[list[Sample]] = [
    {"id": ID, "sequence": 1, "type": "demand.submitted.v1", "source": "/services/intake", "time": AT},
    {
        "id": "01a233b2-9d20-7f61-8e5a-5d1c3b2a1908",
        "sequence": 5,
        "type": "demand.resolved.v1",
        "source": "/services/routing",
        "time": RESOLVED_AT,
    },
]
