"""A signed link contains its demand, its holder and the answer to rate, and cannot be forged."""

from uuid import UUID

import pytest

from shared.chassis.base.tokens import Tokens
from shared.contracts.refusals import Code
from shared.identity.citizen_links import BrokenLink, CitizenLinks, LinkContent, LinkHolder
from tests import story

LINKS = CitizenLinks.at("https://huying.example/", "s" * 40)


@pytest.mark.parametrize("holder", LinkHolder)
def test_a_link_to_follow_contains_its_demand_and_holder(holder: LinkHolder):
    address = LINKS.follow(story.ID, holder)
    assert address.startswith("https://huying.example/follow/")
    assert LINKS.read(address.rpartition("/")[2]) == LinkContent(story.ID, holder)


def test_a_link_to_rate_is_for_one_answer():
    address = LINKS.rate(story.ID, 7)
    assert address.startswith("https://huying.example/rate/")
    assert LINKS.read(address.rpartition("/")[2]) == LinkContent(story.ID, LinkHolder.CITIZEN, 7)


def test_links_of_earlier_versions_work():
    earlier_link = Tokens("s" * 40).write("rate", {"demand": str(story.ID)})
    assert LINKS.read(earlier_link) == LinkContent(story.ID, LinkHolder.CITIZEN)


def test_links_with_the_previous_secret_work_while_it_is_being_changed():
    token = LINKS.token(story.ID)
    assert CitizenLinks.at("", "n" * 40, "s" * 40).read(token).demand == story.ID
    with pytest.raises(BrokenLink):
        CitizenLinks.at("", "n" * 40).read(token)


def test_a_link_that_was_changed_is_forbidden():
    token, other = LINKS.token(story.ID), LINKS.token(UUID(int=1))
    grafted = other.split(".")[0] + token[token.index(".") :]
    for forged in ("", token[:-1], f"{token}x", grafted, Tokens("s" * 40).write("staff", {"demand": str(story.ID)})):
        with pytest.raises(BrokenLink) as refused:
            LINKS.read(forged)
        assert refused.value.code is Code.FORBIDDEN


def test_the_links_of_messages_stay_short():
    assert len(LINKS.token(story.ID)) < 90
    assert len(LINKS.token(story.ID, answer=123)) < 100
