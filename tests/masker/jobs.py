"""Jobs of a masking process that goes wrong."""

import os
from collections.abc import Sequence


def gone(frames: Sequence[bytes]) -> list[bytes]:
    """The process ends without an answer."""
    os._exit(1)


def endless(frames: Sequence[bytes]) -> list[bytes]:
    """The process never answers."""
    while True:
        pass
