"""Finds free ports on loopback, and reserves them against other deployments on this machine."""

import secrets
import socket
from itertools import chain
from typing import Final

_OURS: Final = range(20_000, 32_768)
"""Below the ephemeral ports of Linux (from 32,768) and macOS (from 49,152): an outgoing connection could take such a
port between the check and the start of its server."""
_TRIES: Final = 100
_held: Final[dict[int, socket.socket]] = {}
"""Reservations: this process binds the UDP port of the same number. Two deployments that start together would both
find the TCP port free until its server runs, but only one of them can bind the UDP port."""


def free_port(preferred: int = 0) -> int:
    """The preferred port if it is free, else any free port. A port is never returned twice until `release`, because
    the server that will use it may not run yet."""
    wanted = [preferred] if preferred else []
    drawn = (port for _ in range(_TRIES) if (port := secrets.choice(_OURS)) not in _held)
    for port in chain(wanted, drawn):
        if port not in _held and _is_free(port) and _reserve(port):
            return port
    raise OSError("no free port on 127.0.0.1")


def release(port: int) -> None:
    """End the reservation of a port."""
    if held := _held.pop(port, None):
        held.close()


def why_not(port: int) -> str | None:
    """Why a server cannot use this port, in words; None if it can."""
    try:
        _bind(port)
    except PermissionError:
        return f"port {port} is only for root"
    except OSError:
        return f"port {port} is taken by another program"
    if port not in _held and _reserve(port):
        release(port)
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
