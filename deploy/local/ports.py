"""Ports that are free on loopback, and kept from the other deployments of this machine."""

import secrets
import socket
from itertools import chain
from typing import Final

_OURS: Final = range(20_000, 32_768)
"""Below those that Linux (from 32,768) and macOS (from 49,152) give to whoever connects: such a port was taken between
the look and the start of its server, and kept."""
_TRIES: Final = 100
_held: Final[dict[int, socket.socket]] = {}
"""Reservations: the UDP port of the same number, held for as long as this process runs. Two deployments that start at
the same moment would both find a TCP port free, since its server is not there yet; a UDP port is bound by one."""


def free_port(preferred: int = 0) -> int:
    """The preferred port when nobody has it, else any free one, and never the same twice: the server for which one was
    found may not be there yet."""
    wanted = [preferred] if preferred else []
    drawn = (port for _ in range(_TRIES) if (port := secrets.choice(_OURS)) not in _held)
    for port in chain(wanted, drawn):
        if port not in _held and _is_free(port) and _reserve(port):
            return port
    raise OSError("no free port on 127.0.0.1")


def give_back(port: int) -> None:
    """Let others have the port."""
    if held := _held.pop(port, None):
        held.close()


def why_not(port: int) -> str | None:
    """In words why no server of ours can have this port; None when it can."""
    try:
        _bind(port)
    except PermissionError:
        return f"port {port} is only for root"
    except OSError:
        return f"port {port} is taken by another program"
    if port not in _held and _reserve(port):
        give_back(port)
        return None
    return f"port {port} is kept for another deployment"


def _reserve(port: int) -> bool:
    reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        reservation.bind(("127.0.0.1", port))
    except OSError:
        reservation.close()
        return False
    _held[port] = reservation
    return True


def _is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def _bind(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
