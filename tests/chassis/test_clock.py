"""Ids equal those of the standard library, and are in order of time."""

import uuid

from hypothesis import given
from hypothesis import strategies as some

from shared.chassis.base.clock import uuid5, uuid7


@given(some.uuids(), some.text(some.characters(codec="utf-8")))
def test_the_id_of_a_name_is_the_one_that_the_standard_library_gives(namespace: uuid.UUID, name: str) -> None:
    assert uuid5(namespace, name) == uuid.uuid5(namespace, name)


def test_a_new_id_says_its_version_and_when_it_was_made() -> None:
    first, second = uuid7(), uuid7()
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
    assert first.int >> 80 <= second.int >> 80
    assert first != second
