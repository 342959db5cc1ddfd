"""Clients of other services share one SSL context."""

import ssl
from typing import Any

import httpx
import pytest

from shared.chassis.http import service_client


def test_clients_of_other_services_load_the_certificates_once(monkeypatch: pytest.MonkeyPatch):
    loaded = []

    def noted(**arguments: Any) -> ssl.SSLContext:
        loaded.append(arguments)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(httpx, "create_ssl_context", noted)
    service_client._authorities.cache_clear()
    for service in ("intake", "reporting"):
        service_client.service_client(f"http://{service}", httpx.Timeout(1))
    service_client._authorities.cache_clear()
    assert len(loaded) == 1
