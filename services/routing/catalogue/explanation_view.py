"""Makes the answer that explains a decision: the rule that decided, in its version, and why no other rule did."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.routing.catalogue.view import VERSION
from shared.contracts.examples import NUMBER, with_examples
from shared.jurisdiction.explanation import RuleOutcome

_EXPLAINED: Final[dict[str, JsonValue]] = {
    "number": NUMBER,
    "decided_at": "2021-05-10T02:00:01Z",
    "version": VERSION,
    "rule": "school-transport",
    "unit": "station-440605126222",
    "unclear": None,
    "now_by": f"nanhai@{VERSION}:school-transport",
    "rules": [
        {
            "rule": "road-damage",
            "lead": "station",
            "outcome": "failed",
            "failed": "category",
            "wanted": "road-damage",
            "actual": "school-transport",
            "keyword": None,
        },
        {
            "rule": "school-transport",
            "lead": "station",
            "outcome": "decided",
            "failed": None,
            "wanted": None,
            "actual": None,
            "keyword": None,
        },
    ],
}


class CaseExplanation(BaseModel):
    """How the catalogue decided when the demand came, and what routed it to its present unit."""

    model_config = ConfigDict(json_schema_extra=with_examples(_EXPLAINED))

    number: str
    decided_at: datetime | None = Field(None, description="null: never asked, as for imported history")
    version: str | None = Field(None, description="the version of the catalogue that was asked")
    rule: str | None = Field(None, description="the rule that decided; null: a dispatcher must")
    unit: str | None = Field(None, description="the unit that the rule chose; null where none did")
    unclear: str | None = Field(None, description="why no rule decided, such as `no-category`")
    now_by: str | None = Field(None, description="what made the present unit responsible, as `rule` of the demand")
    rules: list[RuleOutcome] = Field(description="every rule in order; of one that failed, its first unmet condition")
