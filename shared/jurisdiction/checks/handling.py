"""Checks exceptions of limits, escalation steps and lists of reasons: known categories, order, and unique codes."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from shared.jurisdiction.documents import Loc
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.handling import Coded
from shared.jurisdiction.problems import PackProblem


def check_handling(draft: PackFiles) -> Iterator[PackProblem]:
    yield from _exceptions(draft)
    yield from _ladder_in_order(draft)
    handling = draft.profile.part.handling
    yield from each_once(draft, ("handling", "returning", "reasons"), handling.returning.reasons)
    yield from each_once(draft, ("handling", "pause", "reasons"), handling.pause.reasons)
    yield from each_once(draft, ("handling", "contact", "not_reached"), handling.contact.not_reached)
    yield from each_once(draft, ("handling", "grounds"), handling.grounds)


def _exceptions(draft: PackFiles) -> Iterator[PackProblem]:
    known = {category.code for category in draft.categories.part.categories}
    for name, preset in draft.limits.part.presets.items():
        for at, part in enumerate(preset.exceptions):
            spot = draft.limits.spot(("presets", name, "exceptions", at))
            if part.category is not None and part.category not in known:
                what = f"preset {name!r}: category {part.category!r} is not defined in categories.yaml"
                yield PackProblem(spot, what)
            if not (part.sign or part.first_contact or part.resolve or part.assist):
                what = f"preset {name!r}: an exception without a limit; add sign, first_contact, resolve or assist"
                yield PackProblem(spot, what)


def _ladder_in_order(draft: PackFiles) -> Iterator[PackProblem]:
    rungs = draft.profile.part.supervision.ladder
    for at, (earlier, later) in enumerate(pairwise(rungs), start=1):
        if later.after_working_days < earlier.after_working_days:
            spot = draft.profile.spot(("supervision", "ladder", at))
            yield PackProblem(
                spot, "the steps of an escalation must be in order: put the one with fewer working days first"
            )


def each_once(draft: PackFiles, where: Loc, parts: Sequence[Coded]) -> Iterator[PackProblem]:
    """A problem for each code that is twice in a list of `pack.yaml`."""
    for at, part in enumerate(parts):
        if any(part.code == earlier.code for earlier in parts[:at]):
            yield PackProblem(
                draft.profile.spot((*where, at)), f"the code {part.code!r} is in the list twice; keep one"
            )
