"""Pure decision: which intents with known recipients are begun now, and which wait for room."""

from dataclasses import dataclass
from uuid import UUID

from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intent_waves import AddressedIntent, share
from shared.chassis.work.intents import Intent


@dataclass(frozen=True)
class Somebody:
    """The recipient of an intent."""

    name: str
    gateway: str

    @property
    def mark(self) -> bytes:
        return self.name.encode()


def addressed(position: int, name: str, gateway: str = "sms", mass: bool = False) -> AddressedIntent[Somebody]:
    id = UUID(int=position)
    queued = Queued(
        Intent(id, "letter", id, id, name, {"mass": True} if mass else {}), position, 0, 0, None, False, False
    )
    return AddressedIntent(queued, Somebody(name, gateway), 0.0)


def positions(intents: list[AddressedIntent[Somebody]]) -> list[int]:
    return [intent.queued.position for intent in intents]


def test_as_many_intents_as_there_is_room_for_are_begun_in_order():
    now, later = share([addressed(3, "c"), addressed(1, "a"), addressed(2, "b")], {"sms": 2}, {"sms"}, {})
    assert (positions(now), positions(later)) == ([1, 2], [3])


def test_an_intent_that_waits_for_room_is_not_overtaken_by_one_to_the_same_recipient():
    now, later = share(
        [addressed(1, "a"), addressed(2, "a", "mail"), addressed(3, "b", "mail")], {"sms": 0, "mail": 5}, {"sms"}, {}
    )
    assert (positions(now), positions(later)) == ([3], [1, 2])


def test_no_intent_waits_in_memory_for_a_gateway_that_rests():
    now, later = share([addressed(1, "a"), addressed(2, "b", "mail")], {"sms": 0, "mail": 1}, {"mail"}, {})
    assert (positions(now), positions(later)) == ([1, 2], [])


def test_mass_messages_come_last_and_take_no_more_than_their_part_of_the_room():
    intents = [addressed(1, "a", mass=True), addressed(2, "b", mass=True), addressed(3, "c"), addressed(4, "b")]
    now, later = share(intents, {"sms": 4}, {"sms"}, {"sms": 1})
    assert (positions(now), positions(later)) == ([3, 4, 1], [2])
