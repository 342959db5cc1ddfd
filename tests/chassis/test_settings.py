"""Settings are read once; what is wrong stops the process with the name of its variable."""

import pytest

from services.intake.settings import IntakeSettings
from shared.chassis.settings import ProcessSettings, read


@pytest.mark.parametrize(
    ("kind", "given", "named"),
    [
        (ProcessSettings, {}, "HUYING_SECRET"),
        (IntakeSettings, {"HUYING_SECRET": "x" * 32}, "HUYING_VAULT_KEY"),
    ],
)
def test_a_secret_that_everybody_knows_guards_nothing_that_others_can_reach(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[ProcessSettings],
    given: dict[str, str],
    named: str,
):
    for name, value in ({"DATABASE_URL": "postgresql://x", "HUYING_HOST": "0.0.0.0"} | given).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read(kind)
    assert ended.value.code == 78
    assert f"huying: {named}: " in capsys.readouterr().err


def test_on_this_machine_alone_it_may_be_tried(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://x")
    assert read(IntakeSettings).host == "127.0.0.1"
