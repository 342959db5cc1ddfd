"""Checks a pack's rules for call-backs: the calls must fit in before a demand is closed, and codes must be unique."""

from collections.abc import Iterator

from shared.jurisdiction.checks.handling import each_once
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.problems import PackProblem, ProblemSeverity


def check_callback(draft: PackFiles) -> Iterator[PackProblem]:
    rules, profile = draft.profile.part.callback, draft.profile
    yield from each_once(draft, ("callback", "not_reached"), rules.not_reached)
    yield from each_once(draft, ("callback", "tags"), rules.tags)
    if "callback" not in profile.part.model_fields_set or not rules.is_on:
        return
    days = profile.part.rate_within_days
    if (rules.after_days or 0) >= days:
        what = (
            f"after {rules.after_days} days nobody could be called: a demand is closed {days} days after its answer;"
            f" set after_days below {days}, or rate_within_days above it"
        )
        yield PackProblem(profile.spot(("callback", "after_days")), what)
    elif (rules.after_days or 0) + rules.tries > days:
        what = f"{rules.tries} tries do not fit into the {days} days of rate_within_days: a demand is closed before"
        yield PackProblem(profile.spot(("callback", "tries")), what, ProblemSeverity.WARNING)
    if "source" not in rules.model_fields_set:
        what = "callback.source is missing: name the regulation that it follows, or write: our choice"
        yield PackProblem(profile.spot(("callback",)), what, ProblemSeverity.WARNING)
