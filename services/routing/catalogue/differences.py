"""What differs between two versions of the catalogue: rules added, removed, changed and moved; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from shared.jurisdiction.parts import Rule


class Change(StrEnum):
    """What became of a rule. A rule has moved where another one stands before it that stood behind it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule; `before` is None where it is new, `after` where it is gone; `above` is the rule that stands before it
    now, None where it is the first one."""

    change: Change
    before: Rule | None
    after: Rule | None
    above: str | None = None

    @property
    def rule(self) -> str:
        """The rule's id."""
        known = self.after or self.before
        return known.id if known else ""


def differences(before: Sequence[Rule], after: Sequence[Rule]) -> list[Difference]:
    """In the order of the later version; what was removed comes last. A rule is known by its id."""
    old, new = {rule.id: rule for rule in before}, {rule.id: rule for rule in after}
    kept = _in_their_order([id for id in old if id in new], [id for id in new if id in old])
    changed = []
    for above, rule in zip((None, *new), new.values(), strict=False):
        change = _change(old, rule, kept)
        if change:
            changed.append(Difference(change, old.get(rule.id), rule, above))
    gone = [Difference(Change.REMOVED, rule, None) for id, rule in old.items() if id not in new]
    return [*changed, *gone]


def _change(old: Mapping[str, Rule], rule: Rule, kept: frozenset[str]) -> Change | None:
    if rule.id not in old:
        return Change.ADDED
    if old[rule.id] != rule:
        return Change.CHANGED
    return None if rule.id in kept else Change.MOVED


def _in_their_order(before: Sequence[str], after: Sequence[str]) -> frozenset[str]:
    """The ids that follow each other as they did; the others have moved between them."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return frozenset(id for block in blocks for id in before[block.a : block.a + block.size])
