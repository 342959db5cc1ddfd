"""`huying after-restore`: must run after the database was restored to an earlier moment, before any process starts.

Citizens, channels and staff hold numbers, cursors and sessions from the lost time, which the database does not know.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from deploy.cli.lost_refusals import RefusalFact, refusals_by_demand, repeat_refusals
from deploy.cli.notifications import no_recipients
from deploy.cli.processes import RunSettings
from services.feedback import assembled as feedback_parts
from services.feedback.notifications import queries as message_queries
from services.feedback.notifications.sending import messages
from services.feedback.settings import FeedbackSettings
from services.intake import assembled as intake_parts
from services.intake.events import queries as event_queries
from services.intake.submission import queries as submission_queries
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.chassis.work import intent_reports
from shared.contracts.topics import TOPICS
from shared.identity import sessions
from shared.jurisdiction.loader import packs_of
from shared.jurisdiction.settings import JurisdictionSettings

CAUSE: Final = "unknown: it was due in the time that is lost by the restore, and may have been sent then"


@dataclass(frozen=True, slots=True)
class Restored:
    """The result: the first skipped serial, and the numbers of repeated refusals of publication, of ended sessions, of
    messages that are held back, and of messages that will be sent."""

    first_serial: int
    refused: int
    sessions: int
    held_back: int
    waiting: int


def after_restore(
    worked_until: Annotated[
        str,
        typer.Option(
            help="until when processes worked with the database before it was restored, as 2026-11-30T09:30:00+08:00:"
            " messages that were due by then may have gone out, and are kept as unknown. Empty: nothing is held back"
        ),
    ] = "",
    numbers: Annotated[
        int,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="how many numbers of demands to skip: more than were assigned in the lost time",
        ),
    ] = 10_000,
    facts: Annotated[
        Path | None,
        typer.Option(
            "--facts",
            exists=True,
            dir_okay=False,
            readable=True,
            help="the facts that the broker had by then, from `huying events tail --to-end --json`: what citizens"
            " refused to have published in the lost time is refused again. Without it, hidden texts are public again",
        ),
    ] = None,
) -> None:
    """Run once after the database was restored to an earlier moment, before any process starts.

    No process may run, and the broker must be empty (new, or with topics that `huying migrate` has created again).
    """
    until, refusals = _moment(worked_until), _refusals_in(facts)
    settings = read(RunSettings)
    if problems := asyncio.run(_not_empty(settings.kafka)):
        for line in problems:
            typer.echo(f"huying: {line}", err=True)
        raise typer.Exit(1)
    result = asyncio.run(_do(settings.database_url, until, numbers, refusals))
    typer.echo(
        f"numbers: {numbers:,} are left out, from the serial {result.first_serial:,} on\n"
        "events: channels that ask with an earlier cursor are told how to continue\n"
        f"publication: {result.refused:,} refused again, as citizens said in the lost time\n"
        f"sessions: {result.sessions:,} ended, staff sign in again\n"
        f"messages: {result.held_back:,} held back as unknown, {result.waiting:,} will be sent;"
        " see `huying notifications list`"
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time, such as 2026-11-30T09:30:00+08:00") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no offset from UTC, such as +08:00")
    return moment


def _refusals_in(file: Path | None) -> Mapping[UUID, Sequence[RefusalFact]]:
    if file is None:
        return {}
    try:
        with file.open(encoding="utf-8") as lines:
            return refusals_by_demand(lines)
    except ValueError as fault:
        raise typer.BadParameter(f"{file}: {fault}") from None


async def _not_empty(kafka: Kafka) -> Sequence[str]:
    """The reasons, in words, why the broker is not ready for a resend of everything; empty if it is."""
    _, ends = await cluster.account_of(kafka)
    missing = [topic.name for topic in TOPICS if topic.name not in ends]
    held = {topic: sum(partitions.values()) for topic, partitions in ends.items()}
    return [f"the broker has no topic {name}: run `huying migrate` first" for name in missing] + [
        f"the topic {topic} is not new: {count:,} records were written to it, some of a time that is undone."
        " Stop every process, delete the topic, run `huying migrate`, then this again"
        for topic, count in held.items()
        if count
    ]


async def _do(
    database: str, until: datetime | None, numbers: int, refusals: Mapping[UUID, Sequence[RefusalFact]]
) -> Restored:
    async with await open_pool(database, "intake", size=1) as pool, pool.acquire() as db, db.transaction():
        first = await submission_queries.leave_out_serials(db, numbers)
        await event_queries.end_cursors(db)
        refused = 0
        if refusals:
            refused = await repeat_refusals(
                db, intake_parts.demand_repository(packs_of(read(JurisdictionSettings))), refusals
            )
    async with await open_pool(database, "routing", size=1) as pool, pool.acquire() as db:
        ended = await sessions.end_all(db)
    async with await open_pool(database, "feedback", size=1) as pool, pool.acquire() as db, db.transaction():
        held_back = 0
        if until:
            settings = read(FeedbackSettings)
            packs = packs_of(settings)
            kind = messages(feedback_parts.demand_repository(packs, settings), no_recipients, (), packs)
            held_back = await intent_reports.doubt(db, kind, until, CAUSE, now())
        return Restored(first, refused, ended, held_back, await message_queries.waiting(db))
