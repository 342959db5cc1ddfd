"""The other side of `bounded`: takes frames from its input, lets the job work on them, gives its frames back."""

import resource
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO, Final

_LENGTH: Final = struct.Struct(">I")
Job = Callable[[list[bytes]], Sequence[bytes]]


def main(named: str, memory: int) -> None:
    """Work until nobody asks any more."""
    module, _, function = named.partition(":")
    job: Job = getattr(import_module(module), function)
    # macOS knows the limit and does not keep to it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while given := _taken(asked):
        # A job that raises ends the process, which is an answer too.
        frames = job(given)
        answers.write(_LENGTH.pack(len(frames)))
        for frame in frames:
            answers.write(_LENGTH.pack(len(frame)))
            answers.write(frame)
        answers.flush()


def _taken(asked: BinaryIO) -> list[bytes]:
    count = asked.read(_LENGTH.size)
    if len(count) < _LENGTH.size:
        return []
    return [asked.read(_LENGTH.unpack(asked.read(_LENGTH.size))[0]) for _ in range(_LENGTH.unpack(count)[0])]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
