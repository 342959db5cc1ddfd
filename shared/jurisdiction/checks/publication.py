"""Does the pack say what the public sees of a demand, and each thing once?"""

from collections.abc import Iterator

from shared.jurisdiction.draft import Draft
from shared.jurisdiction.problems import Problem, Severity
from shared.jurisdiction.publication import Shown


def check_publication(draft: Draft) -> Iterator[Problem]:
    profile = draft.profile
    if "publication" not in profile.part.model_fields_set:
        what = (
            "publication is missing: the public sees number, status and dates of a demand alone;"
            f" add publication with source and unreleased, a list of {', '.join(Shown)}"
        )
        yield Problem(profile.spot(()), what, Severity.WARNING)
    unreleased = profile.part.publication.unreleased
    for at, shown in enumerate(unreleased):
        if shown in unreleased[:at]:
            what = f"{shown.value!r} is in publication.unreleased twice; keep one"
            yield Problem(profile.spot(("publication", "unreleased", at)), what)
