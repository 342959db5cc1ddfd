"""All checks of a pack, in the order of its files."""

from collections.abc import Iterator

from shared.jurisdiction.checks.callback import check_callback
from shared.jurisdiction.checks.catalogue import check_catalogue
from shared.jurisdiction.checks.days import check_days
from shared.jurisdiction.checks.handling import check_handling
from shared.jurisdiction.checks.keywords import check_keywords
from shared.jurisdiction.checks.places import check_places
from shared.jurisdiction.checks.publication import check_publication
from shared.jurisdiction.checks.subjects import check_subjects
from shared.jurisdiction.checks.units import check_units
from shared.jurisdiction.checks.words import check_words
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.problems import PackProblem


def check(draft: PackFiles) -> Iterator[PackProblem]:
    yield from check_places(draft)
    yield from check_units(draft)
    yield from check_subjects(draft)
    yield from check_keywords(draft)
    yield from check_catalogue(draft)
    yield from check_days(draft)
    yield from check_handling(draft)
    yield from check_callback(draft)
    yield from check_words(draft)
    yield from check_publication(draft)
