"""Jobs that a process apart is given by the tests."""

import os
from collections.abc import Sequence
from threading import Event


def environment(given: Sequence[bytes]) -> list[bytes]:
    return [" ".join(os.environ).encode()]


def echo(given: Sequence[bytes]) -> list[bytes]:
    return [*given, str(os.getpid()).encode()]


def endless(given: Sequence[bytes]) -> list[bytes]:
    while True:
        pass


def greedy(given: Sequence[bytes]) -> list[bytes]:
    return [b"x" * 2**34]


def faulty(given: Sequence[bytes]) -> list[bytes]:
    raise ValueError(given[0])


def late(given: Sequence[bytes]) -> list[bytes]:
    Event().wait(float(given[0]))
    return [given[1]]
