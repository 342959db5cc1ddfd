"""What a deployment is when nobody has said anything."""

import pytest

from shared.chassis.base.settings import ProcessSettings


def test_a_fresh_deployment_serves_one_city(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HUYING_JURISDICTIONS")
    assert ProcessSettings.model_validate({"DATABASE_URL": "postgresql://127.0.0.1/none"}).jurisdictions == "nanhai"
