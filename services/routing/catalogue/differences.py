"""Compares two versions of the catalogue: rules that were added, removed, changed or moved; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from shared.jurisdiction.parts import Rule


class RuleChange(StrEnum):
    """How a rule differs. A rule has moved if a rule that stood behind it now stands before it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """The difference of one rule. `before` is None if the rule is new, `after` if it was removed. `above` is the rule
    directly before it now; None if it is the first one."""

    change: RuleChange
    before: Rule | None
    after: Rule | None
    above: str | None = None

    @property
    def rule(self) -> str:
        """The rule's id."""
        rule_of_either = self.after or self.before
        return rule_of_either.id if rule_of_either else ""


def differences(before: Sequence[Rule], after: Sequence[Rule]) -> list[RuleDifference]:
    """The differences in the order of the later version, then those of removed rules. Rules are matched by their
    ids."""
    old, new = {rule.id: rule for rule in before}, {rule.id: rule for rule in after}
    in_order = _in_their_order([id for id in old if id in new], [id for id in new if id in old])
    changed = []
    for previous, rule in zip((None, *new), new.values(), strict=False):
        change = _change(old, rule, in_order)
        if change:
            changed.append(RuleDifference(change, old.get(rule.id), rule, previous))
    removed = [RuleDifference(RuleChange.REMOVED, rule, None) for id, rule in old.items() if id not in new]
    return [*changed, *removed]


def _change(old: Mapping[str, Rule], rule: Rule, in_order: frozenset[str]) -> RuleChange | None:
    if rule.id not in old:
        return RuleChange.ADDED
    if old[rule.id] != rule:
        return RuleChange.CHANGED
    return None if rule.id in in_order else RuleChange.MOVED


def _in_their_order(before: Sequence[str], after: Sequence[str]) -> frozenset[str]:
    """The ids of rules that kept their order; the other rules have moved between them."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return frozenset(id for block in blocks for id in before[block.a : block.a + block.size])
