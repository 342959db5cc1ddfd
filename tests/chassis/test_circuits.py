"""After repeated failures a gateway rests, longer each time, and one request alone tries it again."""

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


def test_after_a_start_one_request_alone_tries_a_gateway_and_then_all_may():
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


def test_a_gateway_that_accepts_nothing_rests_longer_each_time():
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
def test_a_few_failures_do_not_open_the_circuit_and_many_in_a_row_do(outcome: Outcome):
    gateway, _ = circuit()
    for _ in range(IN_A_ROW - 1):
        gateway.learn(outcome)
    gateway.learn(Sent())
    for _ in range(IN_A_ROW - 1):
        assert not gateway.learn(outcome)
    assert gateway.room() == 8
    assert gateway.learn(outcome)
    assert gateway.room() == 0


def test_requests_in_flight_when_it_fell_silent_do_not_prolong_the_rest():
    gateway, _ = circuit()
    gateway.learn(RetryLater("down"))
    for _ in range(7):
        assert not gateway.learn(RetryLater("down"))
    assert gateway.resting() == 1


def test_rests_differ_so_that_not_all_senders_return_at_once():
    ticks = Ticks()
    rests = []
    for share in (0.0, 0.5, 1.0):
        gateway = Circuit(8, ticks, jitter=lambda share=share: share, proven=True)  # type: ignore[misc]
        gateway.learn(RetryLater("down"))
        rests.append(gateway.resting())
    assert rests == [0.5, 0.75, 1.0]
