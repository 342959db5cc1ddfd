"""Messages that the previous version wrote are intents after the migration: none is lost or sent twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from services.feedback.app import MIGRATIONS
from services.feedback.gateways.file import FileGateway
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import Pool, open_pool
from tests import story
from tests.conftest import Server, fresh_database
from tests.feedback.senders import Repo, feedback_after, lines, migrate_until, send_all, sending, watching

CONTACT = UUID(int=7)
STATES = ("sent", "sending", "pending", "pending", "failed", "unknown", "skipped", "merged")


@pytest.fixture
async def migrated(postgres: Server) -> AsyncIterator[Pool]:
    """A database of the previous version with a message of every state, migrated to this version."""
    async with fresh_database(postgres, "template1") as database:
        await migrate_until(database, "20261129220200_lease_and_intents.sql")
        async with await open_pool(database, "feedback") as pool:
            await pool.execute(
                "INSERT INTO demand VALUES ($1, 1, $2)", story.ID, story.demand(*story.SUBMITTED).model_dump_json()
            )
            for n, state in enumerate(STATES):
                await pool.execute(
                    """
                    INSERT INTO notification (id, demand_id, fact_id, contact, template, body, state, attempts,
                        channel_kind, waits, cause, claimed_at, recipient)
                    VALUES ($1, $2, $1, $3, 't' || $4::int, 'text ' || $4::int, $5, 1, $6, $7, $8,
                        now() - interval '5 minutes', $9)
                    """,
                    UUID(int=n), story.ID, CONTACT, n, state, "wechat" if n == 3 else None,
                    "intake" if n == 2 else None, "cause", b"mark" if state == "pending" else None,
                )  # fmt: skip
            await pool.execute("INSERT INTO reached (message_id, recipient) VALUES ($1, 'mark')", UUID(int=0))
            await pool.execute(
                "INSERT INTO sender_lease (holder, until) VALUES ($1, now() + interval '1 hour')", CONTACT
            )
            await migrate(database, "feedback", MIGRATIONS)
            yield pool


async def test_every_message_keeps_its_state_order_and_data(migrated: Pool):
    rows = await migrated.fetch("SELECT * FROM intent ORDER BY position")
    assert [(row["id"].int, row["state"], row["attempts"]) for row in rows] == [
        (n, state, 1) for n, state in enumerate(STATES)
    ]
    assert {(row["kind"], row["key"], row["line"], row["cause"]) for row in rows} == {
        ("message", story.ID, f"{story.ID}/{CONTACT}", "cause")
    }
    assert [(row["waits"], row["recipient"]) for row in rows[1:4]] == [
        (None, None),
        ("intake", b"mark"),
        (None, b"mark"),
    ]
    bodies = await migrated.fetch(
        "SELECT body ->> 'template', body ->> 'text', body ->> 'number', body ->> 'jurisdiction',"
        " body ->> 'channel_kind', body ->> 'contact' FROM intent ORDER BY position"
    )
    assert [tuple(body) for body in bodies[2:4]] == [
        ("t2", "text 2", story.SUBMISSION.number, "nanhai", "web", str(CONTACT)),
        ("t3", "text 3", story.SUBMISSION.number, "nanhai", "wechat", str(CONTACT)),
    ]
    assert await migrated.fetchval("SELECT count(*) FROM intent_reached WHERE recipient = 'mark'") == 1


async def test_a_running_sender_of_the_previous_version_keeps_its_lease(
    migrated: Pool, repository: Repo, tmp_path: Path
):
    assert await sending(migrated, repository, FileGateway(tmp_path / "out")).send_some() == 0


async def test_waiting_messages_are_sent_and_sent_ones_are_not_sent_again(
    migrated: Pool, repository: Repo, tmp_path: Path
):
    await migrated.execute("UPDATE lease SET expires_at = now()")
    sender = sending(migrated, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    assert lines(tmp_path / "out") == [], "one of before may be on its way"
    assert await watching(sender).give_up_some() == 1
    await migrated.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")
    await send_all(sender)
    assert [line["template"] for line in lines(tmp_path / "out")] == ["t2", "t3"]


async def test_messages_that_an_old_worker_writes_during_the_update_are_sent_by_this_version(migrated: Pool):
    row = (UUID(int=99), story.ID, UUID(int=98), CONTACT, "routed", "text 99", None, "pending", None)
    for _ in range(2):
        await migrated.execute(
            """
            INSERT INTO notification
                (id, demand_id, fact_id, contact, template, body, channel_kind, state, cause, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END
            FROM unnest($1::notification_row[]) ON CONFLICT DO NOTHING
            """,
            [row],
        )
    last = await migrated.fetchrow("SELECT * FROM intent ORDER BY position DESC LIMIT 1")
    assert (last["id"], last["state"], last["about"]) == (UUID(int=99), "pending", UUID(int=98))
    assert (last["position"], '"text 99"' in last["body"]) == (len(STATES) + 1, True)
    assert await migrated.fetchval("SELECT count(*) FROM notification") == 0


async def test_neither_a_sender_nor_a_relay_of_the_previous_version_gets_the_lease_again(migrated: Pool):
    sender = """
        INSERT INTO sender_lease AS known (holder, until) VALUES ($1, now() + make_interval(secs => 20))
        ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE known.holder = excluded.holder OR known.until < now()
        """
    assert await migrated.execute(sender, CONTACT) == "INSERT 0 0"
    relay = """
        INSERT INTO relay_lease AS lease (shard, holder, epoch, expires_at)
        VALUES (0, 'worker-0', 1, clock_timestamp() + interval '10 s')
        ON CONFLICT (shard) DO UPDATE SET holder = excluded.holder, epoch = lease.epoch + 1
        WHERE lease.expires_at < clock_timestamp() OR lease.holder = excluded.holder
        """
    assert await migrated.execute(relay) == "INSERT 0 0"


async def test_new_messages_come_after_those_of_the_previous_version(migrated: Pool, repository: Repo):
    last = await migrated.fetchval("SELECT max(position) FROM intent")
    await migrated.execute("DELETE FROM demand")
    await feedback_after(migrated, repository, story.SUBMISSION)
    assert await migrated.fetchval("SELECT max(position) FROM intent") > last
