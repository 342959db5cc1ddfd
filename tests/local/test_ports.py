"""A free port stays free until its server starts, even if other deployments start too."""

import socket
import subprocess
import sys

import pytest

from deploy.local import ports
from deploy.local.ports import free_port, release, why_not


def test_the_preferred_port_is_used_if_it_is_free():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert free_port(port) != port
        assert "taken by another program" in str(why_not(port))
    assert free_port(port) == port


def test_no_port_is_offered_that_the_system_may_give_to_a_connection():
    assert all(20_000 <= free_port() < 32_768 for _ in range(50))


def test_no_port_is_offered_twice(monkeypatch: pytest.MonkeyPatch):
    first = free_port()
    monkeypatch.setattr(ports, "_OURS", range(first, first + 1))
    with pytest.raises(OSError, match="no free port"):
        free_port()


def offered_elsewhere(port: int) -> int:
    """The port that another deployment gets which prefers this one."""
    program = f"from deploy.local.ports import free_port; print(free_port({port}))"
    return int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


def test_two_deployments_that_start_at_once_are_not_offered_the_same_port():
    port = free_port()
    assert offered_elsewhere(port) != port, "nobody listens there yet, and it is ours"
    assert free_port(port) != port
    release(port)
    assert offered_elsewhere(port) == port


def test_a_port_only_for_root_is_not_reported_as_taken(monkeypatch: pytest.MonkeyPatch):
    def refused(_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(ports, "_bind", refused)
    assert why_not(80) == "port 80 is only for root"
