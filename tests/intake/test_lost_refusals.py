"""Refusals of publication that a restore lost are recorded again, unless they were withdrawn in that time."""

import json
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from deploy.cli.lost_refusals import refusals_by_demand, repeat_refusals
from services.intake.assembled import demand_repository
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests import story
from tests.intake.test_publications import hears, known_of, published
from tests.packs import shipped

NO = f.PublicationRefused()
YES, YES_OF_BOTH = f.PublicationAllowed(refusals=1), f.PublicationAllowed(refusals=2)


def event_lines(key: UUID, *facts: f.Fact) -> list[str]:
    """Lines of `huying events tail --json`."""
    return [
        json.dumps({"id": str(uuid4()), "type": fact.wire_type(), "partitionkey": str(key), "data": fact.model_dump()})
        for fact in facts
    ]


async def recover(pool: Pool, lines: Sequence[str]) -> int:
    async with pool.acquire() as db, db.transaction():
        return await repeat_refusals(db, demand_repository(shipped()), refusals_by_demand(lines))


async def test_texts_hidden_in_the_lost_time_are_hidden_again(pool: Pool):
    key = uuid4()
    await hears(pool, key, (story.SUBMISSION, 0), (published(1), 1))
    assert (await known_of(pool, key)).release, "public, as at the moment of the restore"
    lines = [*event_lines(uuid4(), NO), *event_lines(key, f.DemandAccepted(by="陈"), NO)]
    assert await recover(pool, lines) == 1, "and nothing of a demand that is not known"
    stands = await known_of(pool, key)
    assert (stands.release, stands.withheld) == (None, True)
    assert await pool.fetchval("SELECT type FROM journal WHERE aggregateid = $1", key) == NO.wire_type()
    assert await recover(pool, lines) == 0, "once is enough"


@pytest.mark.parametrize(
    ("earlier_facts", "lost_facts", "refused"),
    [
        ((), (NO, YES), 0), ((), (NO, YES, NO), 1), ((NO,), (YES,), 0), ((NO, YES), (NO,), 1),
        ((NO, YES), (NO, YES_OF_BOTH), 0),
    ],
)  # fmt: skip
async def test_the_last_decision_in_the_lost_time_counts(
    pool: Pool, earlier_facts: Sequence[f.Fact], lost_facts: Sequence[f.Fact], refused: int
):
    key = uuid4()
    await hears(pool, key, (story.SUBMISSION, 0), *((fact, 1) for fact in earlier_facts))
    assert await recover(pool, event_lines(key, *lost_facts)) == refused
    assert (await known_of(pool, key)).withheld is (bool(refused) or earlier_facts == (NO,))


async def test_a_refusal_that_is_still_in_the_database_is_not_recorded_again(pool: Pool):
    key = uuid4()
    await hears(pool, key, (story.SUBMISSION, 0))
    lines = event_lines(key, NO)
    assert await recover(pool, lines) == 1
    event_id = await pool.fetchval("SELECT id::text FROM journal WHERE aggregateid = $1", key)
    await hears(pool, key, (YES, 2))
    assert await recover(pool, [json.dumps(json.loads(lines[0]) | {"id": event_id})]) == 0
    assert not (await known_of(pool, key)).withheld


def test_an_invalid_line_is_named():
    with pytest.raises(ValueError, match="line 2"):
        refusals_by_demand([*event_lines(uuid4(), NO), "nonsense"])
