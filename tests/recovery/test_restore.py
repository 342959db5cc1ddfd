"""The database is restored to a moment before an accident, by the commands of the page, beside an empty broker.

Views come out as they were then, nobody is told twice what had been sent, and nothing of the lost time returns.
"""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from cryptography.exceptions import InvalidTag

from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from services.intake.tracking.lasting_secret import lasting_secret_check
from services.intake.vault import queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import create_topics
from shared.identity.citizen_links import BrokenLink, CitizenLinks
from tests.conftest import reachable
from tests.e2e.fold import assert_views_equal_journals
from tests.eventually import eventually
from tests.keys import KEYS
from tests.recovery.day import Before, Lost, Messages, after_the_moment, differences, until_the_moment, views
from tests.recovery.page import Shell, blocks
from tests.recovery.servers import a_broker, a_database, contents, fetched, in_the_background, up
from tests.recovery.town import Town, opened_town

pytestmark = [pytest.mark.kafka, pytest.mark.faults]
PAGE: Final = "backup.md"
ONCE, ALWAYS, NIGHTLY, TIDY, OFTEN = blocks(PAGE, "Each night, and all the time")
WRITE_DOWN, NEW_SERVER, ATTACHMENTS_BACK = blocks(PAGE, "Restore to a moment")
FILL_ANEW, ERASE_AGAIN = blocks(PAGE, "Before anything is started")


def shell_for(home: Path, server: EmbeddedPostgres, broker: str, files: Path) -> Shell:
    """The variables that the page names, for this deployment."""
    postgres, user = Path(server.program.command[0]).parent, server.program.user
    backup = home / "backup"
    backup.mkdir()
    if user is not None:
        os.chown(backup, user, user)
    env = {
        "PATH": str(postgres), "DATABASE_URL": server.url, "KAFKA_BOOTSTRAP_SERVERS": broker, "BACKUP": str(backup),
        "PGDATA": str(backup / "restored"), "HUYING_ATTACHMENTS_FOLDER": str(files),
        "HUYING_SECRET": str(KEYS["secret"]), "HUYING_VAULT_KEY": str(KEYS["vault_key"]),
    }  # fmt: skip
    return Shell(env, user)


@asynccontextmanager
async def restored(shell: Shell, server: EmbeddedPostgres, files: Path) -> AsyncIterator[str]:
    """The address of the new server; the old one is gone, and so is the folder of attachments."""
    shutil.rmtree(files)
    (base,) = Path(shell.env["BACKUP"]).glob("base-*")
    shell.env |= {"PGPORT": str(free_port()), "BASE": str(base)}
    await shell.run(NEW_SERVER, as_postgres=True)
    await shell.run(ATTACHMENTS_BACK)
    database = server.url.replace(f":{server.port}/", f":{shell.env['PGPORT']}/")
    shell.env["DATABASE_URL"] = database
    try:
        await up(database)
        yield database
    finally:
        await shell.run('pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop', as_postgres=True)


async def goes_on(town: Town, messages: Messages, before: Before, lost: Lost) -> None:
    """Everything is told to the new broker; what was heard before changes nothing, and what was not goes on."""
    await town.join()
    async with town.workers():
        await eventually(lambda: routed_again(town, before), bool)
        await town.has_read_everything()
        for pool in town.pools.values():
            assert await pool.fetchval("SELECT count(*) FROM dead_letter") == 0
            assert await pool.fetchval("SELECT count(*) FROM parked") == 0
        assert list(differences(await views(town, before.demands), before.views)) == []
        await assert_views_equal_journals(town.given["DATABASE_URL"])
    await eventually(lambda: received(messages, before), lambda counts: min(counts, default=0) == 2)
    again = {key: count for key, count in messages.received().items() if count > 1}
    # What the page says of facts that nobody had read at that moment.
    assert {id for id, _ in again} == {before.unread["id"]}
    assert messages.received().keys() == lost.received.keys()
    await nothing_of_the_lost_time_returns(town, before, lost)


async def routed_again(town: Town, before: Before) -> bool:
    """Whether the demand that nobody had read of is where it belongs."""
    status = "SELECT state->>'status' FROM demand_facts WHERE id = $1"
    return bool(await town.pools["reporting"].fetchval(status, before.unread["id"]) == "routed")


async def received(messages: Messages, before: Before) -> list[int]:
    """How often each message about the unread demand came."""
    return list(messages.of(before.unread).values())


async def nothing_of_the_lost_time_returns(town: Town, before: Before, lost: Lost) -> None:
    """Numbers, cursors, contacts and files."""
    fresh = await town.raises("13800138007")
    known = {receipt["number"] for receipt in (*before.demands, before.unread, lost.receipt)}
    assert fresh["number"] not in known
    assert (await town.client.get(f"/v1/demands/{lost.receipt['number']}")).status_code == 404
    assert (await town.client.get("/v1/events", params={"after": lost.cursor})).status_code == 410
    contacts = [await contact(town, receipt) for receipt in before.demands]
    assert [answer.status_code for answer in contacts] == [200, 410, 200, 200], "one was erased in the lost time"
    assert contacts[0].json()["phone"] == "13800138001"
    refused = "SELECT is_refused FROM publication WHERE demand_id = $1"
    for service in ("intake", "routing"):
        assert await town.pools[service].fetchval(refused, UUID(before.unread["id"])), "a citizen's no stays"
    case = await town.reads(f"/v1/cases/{before.demands[0]['number']}")
    file = await town.client.get(f"/v1/attachments/{case['attachments'][0]}")
    assert file.is_success, file.text


async def contact(town: Town, receipt: Any) -> httpx.Response:
    """What the vault says of a citizen."""
    path, headers = f"/v1/demands/{receipt['number']}/contact", town.staff("nh-coordinator", "personal-data")
    return await town.client.post(path, json={"why": "演练核对"}, headers=headers)


async def without_the_keys_much_is_lost(database: str, before: Before) -> None:
    """What the page says of each key."""
    other, closed = "another key than that of the backup, made anew", UUID(before.demands[0]["id"])
    async with await open_pool(database, "intake", size=2) as pool:
        async with pool.acquire() as db:
            kept = await queries.of_demand(db, closed)
        assert kept
        assert kept.wrapped
        with pytest.raises(InvalidTag):
            Vault.of(other).unwrap(kept.key_id, kept.wrapped)
        problem = await lasting_secret_check(pool, other)()
        assert problem
        assert "HUYING_LASTING_SECRET" in problem
    link = CitizenLinks.at("http://here", str(KEYS["secret"])).token(closed)
    with pytest.raises(BrokenLink):
        CitizenLinks.at("http://here", other).read(link)


async def test_a_town_is_restored_to_a_moment_and_goes_on(tmp_path_factory: pytest.TempPathFactory):
    home, spare = (reachable(tmp_path_factory, name) for name in ("home", "spare"))
    files, messages = home / "attachments", Messages(home / "messages.jsonl")
    given = {"port": free_port(), "attachments_folder": files, "notification_file": messages.path}
    async with a_broker(home, "old") as old_broker:
        # As `huying migrate` did when the town was installed: Apache Kafka makes none by itself.
        await create_topics(Kafka(old_broker))
        async with a_database(home) as server:
            shell = shell_for(home, server, old_broker, files)
            await shell.run(ONCE, as_postgres=True)
            async with in_the_background(shell, ALWAYS):
                async with opened_town(server.url, old_broker, **given) as town:
                    before = await until_the_moment(town, messages, shell, (NIGHTLY, TIDY), OFTEN)
                    lost = await after_the_moment(town, messages, before)
                    await fetched(server.url)
                shell.env |= {"RESTORE_TO": before.moment, "WORKED_UNTIL": lost.worked_until}
                await shell.run(WRITE_DOWN)
        async with restored(shell, server, files) as database:
            assert await contents(database) == before.tables
            code, said = await shell.ends(FILL_ANEW.splitlines()[-1])
            assert (code, "huying.demand-events is not new" in said) == (1, True), said
            async with a_broker(spare, "new") as broker:
                shell.env["KAFKA_BOOTSTRAP_SERVERS"] = broker
                said = await shell.run(FILL_ANEW)
                assert "2 held back as unknown" in said, said
                assert "publication: 1 refused again" in said, said
                await shell.run(ERASE_AGAIN)
                async with opened_town(database, broker, **given) as town:
                    await goes_on(town, messages, before, lost)
            await without_the_keys_much_is_lost(database, before)
    facts = [json.loads(line) for line in Path(shell.env["BACKUP"], "facts.jsonl").read_text("utf-8").splitlines()]
    assert lost.receipt["number"] in {fact["subject"] for fact in facts}, "what was lost can be raised again"
