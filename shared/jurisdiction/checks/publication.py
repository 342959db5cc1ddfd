"""Checks a pack's rules for publication: they must exist, be without repetitions, and fit together."""

from collections.abc import Iterator

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.problems import PackProblem, ProblemSeverity
from shared.jurisdiction.publication import PublicPart


def check_publication(draft: PackFiles) -> Iterator[PackProblem]:
    profile = draft.profile
    if "publication" not in profile.part.model_fields_set:
        what = (
            "publication is missing: the public then sees only number, status and dates of a demand;"
            f" add publication with source and unreleased, a list of {', '.join(PublicPart)}"
        )
        yield PackProblem(profile.spot(()), what, ProblemSeverity.WARNING)
    unreleased = profile.part.publication.unreleased
    for at, shown in enumerate(unreleased):
        if shown in unreleased[:at]:
            what = f"{shown.value!r} is in publication.unreleased twice; keep one"
            yield PackProblem(profile.spot(("publication", "unreleased", at)), what)
    yield from _check_release(draft)


def _check_release(draft: PackFiles) -> Iterator[PackProblem]:
    profile = draft.profile
    rules = profile.part.publication.release
    if rules is None:
        return
    spot = ("publication", "release")
    if rules.reviewed and rules.delay_hours:
        what = "delay_hours is only for publication without review: set reviewed to false, or remove delay_hours"
        yield PackProblem(profile.spot((*spot, "delay_hours")), what)
    if RequestKind.REPORT in rules.never:
        what = "reports are never published: remove 'report' from never"
        yield PackProblem(profile.spot((*spot, "never")), what, ProblemSeverity.WARNING)
    if not rules.reviewed and not rules.public_text_required:
        what = (
            "answers would be released as they were written to the citizen, and nobody would look at them first:"
            " set public_text_required or reviewed to true"
        )
        yield PackProblem(profile.spot((*spot, "public_text_required")), what)
