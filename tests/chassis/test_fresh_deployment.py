"""What a deployment with only default settings serves."""

import pytest

from shared.jurisdiction.settings import JurisdictionSettings


def test_a_fresh_deployment_serves_one_city(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HUYING_JURISDICTIONS")
    assert JurisdictionSettings().jurisdictions == "nanhai"
