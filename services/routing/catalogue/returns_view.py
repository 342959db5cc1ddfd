"""Makes the answer about rules to correct: how often their dispatches were returned."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.routing.catalogue.returns_queries import RuleReturns
from services.routing.catalogue.view import VERSION
from shared.contracts.examples import AT, with_examples


class RuleToCorrect(BaseModel):
    """One rule in one version; a demand counts each time that the rule dispatched it."""

    model_config = ConfigDict(from_attributes=True)

    version: str
    rule: str
    routed: int
    returned: int = Field(description="the unit returned it (退单)")
    corrected: int = Field(description="a dispatcher sent it elsewhere or corrected its category, before any return")


class Returns(BaseModel):
    """The rules, those with most returns and corrections first."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {
                "since": AT,
                "rules": [{"version": VERSION, "rule": "parking", "routed": 120, "returned": 31, "corrected": 8}],
            }
        )
    )

    since: datetime
    rules: list[RuleToCorrect]


def view(since: datetime, rows: list[RuleReturns]) -> Returns:
    """The answer, from the counts of the rules."""
    return Returns(since=since, rules=[RuleToCorrect.model_validate(row) for row in rows])
