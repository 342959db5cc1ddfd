"""Why a rule of the catalogue decided a demand, and why each of the others did not."""

from enum import StrEnum

from shared.jurisdiction.catalogue import Catalogue, Unclear, Undecided
from shared.jurisdiction.conditions import Condition, RoutingInput, keyword_in, shown
from shared.jurisdiction.parts import Part, Rule


class RuleResult(StrEnum):
    """What became of a rule: it decided, it fits as well but stands further down, or it does not fit."""

    DECIDED = "decided"
    LATER = "later"
    FAILED = "failed"


class RuleOutcome(Part):
    """One rule. Where it failed: its first condition that was not met, what it asks, and what the demand has."""

    rule: str
    lead: str
    outcome: RuleResult
    failed: Condition | None = None
    wanted: str | None = None
    actual: str | None = None
    keyword: str | None = None


class Explanation(Part):
    """`rule` decided; where none did, or its unit could not be found at this place, `unclear` says why."""

    rule: str | None
    unclear: Unclear | None
    rules: tuple[RuleOutcome, ...]


def explain(catalogue: Catalogue, case: RoutingInput) -> Explanation:
    """Every rule in the order in which it was asked."""
    decided = catalogue.decide(case)
    outcomes: list[RuleOutcome] = []
    winner: str | None = None
    for rule, failed in catalogue.outcomes(case):
        outcomes.append(_outcome(rule, failed, winner, case))
        winner = winner or (rule.id if failed is None else None)
    unclear = decided.reason if isinstance(decided, Undecided) else None
    return Explanation(rule=winner, unclear=unclear, rules=tuple(outcomes))


def _outcome(rule: Rule, failed: Condition | None, winner: str | None, case: RoutingInput) -> RuleOutcome:
    if failed is None:
        met = RuleResult.LATER if winner else RuleResult.DECIDED
        return RuleOutcome(rule=rule.id, lead=rule.lead, outcome=met, keyword=keyword_in(rule.match, case.words))
    # What a demand has of the time of day and of its words is told by the demand itself.
    actual = shown(failed, case) if hasattr(case, failed) else None
    expected = shown(failed, rule.match)
    return RuleOutcome(
        rule=rule.id, lead=rule.lead, outcome=RuleResult.FAILED, failed=failed, wanted=expected, actual=actual
    )
