"""Checks that each notice has a text with the required placeholders, and that duty addresses belong to known units."""

from collections.abc import Iterator

from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.notices import LINKS, PLACEHOLDERS, SHORTENED, USUAL, Notice, placeholders, required
from shared.jurisdiction.problems import PackProblem, ProblemSeverity


def check_words(draft: PackFiles) -> Iterator[PackProblem]:
    yield from _duty_of_known_units(draft)
    templates = draft.templates.part.templates
    for notice in Notice:
        if notice not in templates and notice in USUAL:
            continue
        if notice not in templates:
            what = f"the message {notice.value!r} is missing; add it with zh and en"
            yield PackProblem(draft.templates.spot(("templates",)), what)
            continue
        for language, words in templates[notice]:
            yield from _places_to_fill(draft, notice, language, words)


def _duty_of_known_units(draft: PackFiles) -> Iterator[PackProblem]:
    known = {row.part.id for row in draft.units}
    for unit in draft.profile.part.messages.staff.duty:
        if unit not in known:
            spot = draft.profile.spot(("messages", "staff", "duty", unit))
            yield PackProblem(spot, f"there is no unit {unit!r} whose duty address this could be; see units.csv")


def _places_to_fill(draft: PackFiles, notice: Notice, language: str, words: str) -> Iterator[PackProblem]:
    spot = draft.templates.spot(("templates", notice.value, language))
    used = placeholders(words)
    for name in sorted(used - PLACEHOLDERS):
        known = ", ".join(sorted(PLACEHOLDERS))
        yield PackProblem(spot, f"the message {notice.value!r} has no value for {{{name}}}; known: {known}")
    if used & SHORTENED and not used & LINKS:
        what = f"the message {notice.value!r} has no {{url}}, so that all of what people wrote stands in it"
        yield PackProblem(spot, what, ProblemSeverity.WARNING)
    if "//" in words:
        what = f"the message {notice.value!r} has an address of its own: {{url}} opens the page of the demand"
        yield PackProblem(spot, what, ProblemSeverity.WARNING)
    for name in sorted(required(notice) - used):
        yield PackProblem(spot, f"the message {notice.value!r} must contain {{{name}}}")
