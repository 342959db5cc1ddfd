"""Jobs that the tests run in a sandbox process."""

import os
from collections.abc import Sequence
from threading import Event


def environment(arguments: Sequence[bytes]) -> list[bytes]:
    return [" ".join(os.environ).encode()]


def echo(arguments: Sequence[bytes]) -> list[bytes]:
    return [*arguments, str(os.getpid()).encode()]


def endless(arguments: Sequence[bytes]) -> list[bytes]:
    while True:
        pass


def greedy(arguments: Sequence[bytes]) -> list[bytes]:
    return [b"x" * 2**34]


def faulty(arguments: Sequence[bytes]) -> list[bytes]:
    raise ValueError(arguments[0])


def late(arguments: Sequence[bytes]) -> list[bytes]:
    Event().wait(float(arguments[0]))
    return [arguments[1]]
