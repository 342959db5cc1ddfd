"""Open311: the mapping of statuses of demands."""

from services.intake.open311.statuses import SAID, georeport
from services.intake.tracking.projection import is_open
from shared.contracts.demand.state import Status


def test_every_status_is_open_until_the_answer_and_has_a_description():
    assert set(SAID) == set(Status) - {Status.NONE}
    closed = {status for status in SAID if georeport(status) == "closed"}
    assert closed == {Status.DECLINED, Status.RESOLVED, Status.WITHDRAWN, Status.CONFIRMED, Status.CLOSED}
    assert closed == {status for status in SAID if not is_open(status)}


OPEN_THERE = {"open", "reopen", "in_progress", "action_scheduled", "investigating", "planned", "for_triage"}
"""States that FixMyStreet counts as open; an internal referral and a duplicate are closed there (its table `state`)."""


def test_fixmystreet_gets_an_open_state_as_long_as_the_citizen_waits():
    assert {status for status, expected in SAID.items() if expected.fixmystreet in OPEN_THERE} == set(
        filter(is_open, SAID)
    )
