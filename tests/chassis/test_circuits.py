"""A gateway that fails again and again rests, longer each time, and is tried by one alone."""

import pytest

from shared.chassis.work.circuits import IN_A_ROW, LONGEST, Circuit
from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown


class Ticks:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def circuit(proven: bool = True) -> tuple[Circuit, Ticks]:
    ticks = Ticks()
    return Circuit(8, ticks, jitter=lambda: 1.0, proven=proven), ticks


def test_one_alone_tries_a_gateway_after_a_start_and_then_there_is_room_for_all():
    gateway, _ = circuit(proven=False)
    assert gateway.room() == 1
    gateway.in_hand = 1
    assert gateway.room() == 0
    gateway.in_hand = 0
    assert not gateway.learn(Sent())
    assert gateway.room() == 8


@pytest.mark.parametrize("outcome", [Rejected("no"), NotReached("no")])
def test_a_gateway_that_refuses_a_message_works(outcome: Outcome):
    gateway, _ = circuit()
    for _ in range(2 * IN_A_ROW):
        gateway.learn(outcome)
    assert gateway.room() == 8


def test_it_rests_after_it_said_that_it_takes_nothing_and_longer_each_time():
    gateway, ticks = circuit()
    rests = []
    for _ in range(8):
        assert gateway.learn(RetryLater("down"))
        assert gateway.room() == 0
        rests.append(gateway.resting())
        ticks.seconds += gateway.resting()
        assert gateway.room() == 1, "one alone tries"
    assert rests == [1, 2, 4, 8, 16, LONGEST, LONGEST, LONGEST]
    assert gateway.learn(Sent())
    assert (gateway.room(), gateway.cause) == (8, "")
    gateway.learn(RetryLater("down"))
    assert gateway.resting() == 1, "it begins anew"


@pytest.mark.parametrize("outcome", [Unknown("silent"), TryAgain("busy")])
def test_a_few_that_hang_or_are_not_taken_are_no_reason_and_many_in_a_row_are(outcome: Outcome):
    gateway, _ = circuit()
    for _ in range(IN_A_ROW - 1):
        gateway.learn(outcome)
    gateway.learn(Sent())
    for _ in range(IN_A_ROW - 1):
        assert not gateway.learn(outcome)
    assert gateway.room() == 8
    assert gateway.learn(outcome)
    assert gateway.room() == 0


def test_those_that_were_in_its_hands_when_it_fell_silent_make_its_rest_no_longer():
    gateway, _ = circuit()
    gateway.learn(RetryLater("down"))
    for _ in range(7):
        assert not gateway.learn(RetryLater("down"))
    assert gateway.resting() == 1


def test_rests_differ_so_that_nobody_comes_back_with_everybody():
    ticks = Ticks()
    rests = []
    for share in (0.0, 0.5, 1.0):
        gateway = Circuit(8, ticks, jitter=lambda share=share: share, proven=True)  # type: ignore[misc]
        gateway.learn(RetryLater("down"))
        rests.append(gateway.resting())
    assert rests == [0.5, 0.75, 1.0]
