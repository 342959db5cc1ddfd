"""The secret can be changed while citizens' codes stay valid, and a wrong lasting secret is noticed."""

from uuid import UUID

from services.intake import app
from services.intake.assembled import vault
from services.intake.settings import IntakeSettings
from services.intake.submission.secret_code import SecretCodes
from services.intake.tracking.lasting_secret import lasting_secret_check
from shared.chassis.database.pool import Pool
from tests.keys import KEYS

DEMAND = UUID(int=7)
CHANGED = "the secret after the change, kept nowhere"


def settings(**changes: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://x"} | changes)


def test_a_citizens_code_and_pseudonym_stay_valid_after_a_change_of_the_secret():
    before = settings()
    code, person = SecretCodes(before.lasting).of(DEMAND), vault(before).pseudonym("13800138000")
    for after in (
        settings(secret=CHANGED, secret_previous=before.secret),
        settings(secret=CHANGED, lasting_secret=before.secret),
        settings(secret=CHANGED + "!", secret_previous=CHANGED, lasting_secret=before.secret),
    ):
        assert SecretCodes(after.lasting).fits(DEMAND, code)
        assert SecretCodes(after.lasting).of(DEMAND) == code, "a demand has one code, whoever asks for it when"
        assert vault(after).pseudonym("13800138000") == person


async def test_intake_is_not_ready_with_another_lasting_secret_and_says_what_to_set(pool: Pool):
    first_check, other_check = (lasting_secret_check(pool, secret) for secret in (KEYS["secret"], CHANGED))
    assert await first_check() is None
    reason = await other_check()
    assert reason is not None
    assert "HUYING_LASTING_SECRET" in reason
    assert KEYS["secret"] not in reason
    assert await first_check() is None


async def test_the_api_checks_its_lasting_secret_before_it_is_ready(pool: Pool):
    (check,) = app.api(settings(), pool).ready
    assert await check() is None
    (check,) = app.api(settings(secret=CHANGED), pool).ready
    assert await check() is not None
