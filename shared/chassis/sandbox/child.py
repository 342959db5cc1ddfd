"""The child process of a `Sandbox`: reads frames from stdin, calls the job, and writes the job's frames to stdout."""

import resource
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO, Final

_LENGTH: Final = struct.Struct(">I")
"""The prefix of a message (the number of its frames) and of a frame (the number of its bytes)."""
Job = Callable[[list[bytes]], Sequence[bytes]]


def main(name: str, memory: int) -> None:
    """Serve calls of the job `module:function` until the input ends, which it does when the parent process ends.

    `memory` is the limit of the address space, in bytes.
    """
    module, _, function = name.partition(":")
    job: Job = getattr(import_module(module), function)
    # macOS accepts the limit and does not enforce it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while request := _read(requests):
        # A job that raises ends the process, and the parent sees the end of the answers.
        frames = job(request)
        answers.write(_LENGTH.pack(len(frames)))
        for frame in frames:
            answers.write(_LENGTH.pack(len(frame)))
            answers.write(frame)
        answers.flush()


def _read(requests: BinaryIO) -> list[bytes]:
    """The frames of the next call; none at the end of the input."""
    count = requests.read(_LENGTH.size)
    if len(count) < _LENGTH.size:
        return []
    return [requests.read(_LENGTH.unpack(requests.read(_LENGTH.size))[0]) for _ in range(_LENGTH.unpack(count)[0])]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
