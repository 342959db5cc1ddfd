"""Explains a decision of the catalogue: which rule decided, and why each other rule did not."""

from enum import StrEnum

from shared.jurisdiction.catalogue import Catalogue, Unclear, Undecided
from shared.jurisdiction.conditions import Condition, RoutingInput, condition_text, keyword_in
from shared.jurisdiction.parts import PackModel, Rule


class RuleResult(StrEnum):
    """The result of a rule: it decided, it matches but comes later, or it does not match."""

    DECIDED = "decided"
    LATER = "later"
    FAILED = "failed"


class RuleOutcome(PackModel):
    """The outcome of a rule. If it failed: the first condition that was not met, its value, and the demand's value."""

    rule: str
    lead: str
    outcome: RuleResult
    failed: Condition | None = None
    wanted: str | None = None
    actual: str | None = None
    keyword: str | None = None


class Explanation(PackModel):
    """`rule` decided; if none did, or its unit does not exist at this division, `unclear` says why."""

    rule: str | None
    unclear: Unclear | None
    rules: tuple[RuleOutcome, ...]


def explain(catalogue: Catalogue, case: RoutingInput) -> Explanation:
    """Explain the decision about a demand, with the outcomes of all rules in order."""
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
    # A demand has no field `hours`, `working_day` or `keywords`, so there is no value to show for these conditions.
    actual = condition_text(failed, case) if hasattr(case, failed) else None
    expected = condition_text(failed, rule.match)
    return RuleOutcome(
        rule=rule.id, lead=rule.lead, outcome=RuleResult.FAILED, failed=failed, wanted=expected, actual=actual
    )
