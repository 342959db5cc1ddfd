"""Ports that are free on loopback."""

import secrets
import socket
from itertools import chain
from typing import Final

_OURS: Final = range(20_000, 32_768)
"""Below those that Linux (from 32,768) and macOS (from 49,152) give to whoever connects: such a port was taken between
the look and the start of its server, and kept."""
_TRIES: Final = 100
_given: Final[set[int]] = set()


def free_port(preferred: int = 0) -> int:
    """The preferred port when nobody has it, else any free one, and never the same twice: the server for which one was
    found may not be there yet."""
    wanted = [preferred] if preferred else []
    drawn = (port for _ in range(_TRIES) if (port := secrets.choice(_OURS)) not in _given)
    for port in chain(wanted, drawn):
        if _is_free(port):
            _given.add(port)
            return port
    raise OSError("no free port on 127.0.0.1")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
