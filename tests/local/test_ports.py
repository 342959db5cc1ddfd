"""A port that was found free still is when its server starts."""

import socket

import pytest

from deploy.local import ports
from deploy.local.ports import free_port


def test_the_preferred_port_is_taken_when_nobody_has_it():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_no_port_is_offered_that_the_system_may_give_to_a_connection():
    assert all(20_000 <= free_port() < 32_768 for _ in range(50))


def test_no_port_is_offered_twice(monkeypatch: pytest.MonkeyPatch):
    first = free_port()
    monkeypatch.setattr(ports, "_OURS", range(first, first + 1))
    with pytest.raises(OSError, match="no free port"):
        free_port()
