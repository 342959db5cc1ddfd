"""`huying webhooks`: the webhooks of other systems: list, test, redeliver, rotate secrets, disable and enable."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar
from uuid import UUID

import typer

from deploy.cli.running import use_local_deployment
from deploy.cli.service_database import exit_on_refusal, with_connection
from deploy.cli.tables import print_rows
from services.feedback.assembled import secret_box
from services.feedback.settings import FeedbackSettings
from services.feedback.webhooks import handler, log_queries, queries
from services.feedback.webhooks.commands import ChangeWebhook, Redeliver
from services.feedback.webhooks.documents import notices, state_of
from services.feedback.webhooks.domain import DeliveryState
from services.feedback.webhooks.log_queries import LoggedDelivery
from services.feedback.webhooks.queries import NONE_WAITS, WebhookBacklog, WebhookRow
from shared.chassis.base.clock import now, uuid7
from shared.chassis.base.settings import read
from shared.chassis.database.pool import Connection
from shared.contracts.text import printable

app = typer.Typer(no_args_is_help=True, help=__doc__)
T = TypeVar("T")
TIME: Final = "%Y-%m-%d %H:%M:%S"
HEADING: Final = ("id", "of", "state", "waiting", "delivered", "url")
LOG_HEADING: Final = ("event", "type", "demand", "state", "tries", "last", "answer")
PATIENCE: Final = 30.0
"""Seconds that `test` waits: longer than one request may take."""
Id = Annotated[UUID, typer.Argument(help="the id, as `list` shows it")]


@app.command("list")
def listed() -> None:
    """List all webhooks with their state; exit code 1 if one fails or was disabled automatically."""

    async def ask(db: Connection) -> tuple[Sequence[WebhookRow], dict[UUID, WebhookBacklog]]:
        rows = await queries.every_webhook(db)
        return rows, await queries.waiting(db, [row.id for row in rows])

    rows, waiting = _asked(ask)
    if not rows:
        typer.echo("there is no webhook; a channel or an administrator makes one with POST /v1/webhooks")
        return
    print_rows([HEADING, *(_cells(row, waiting.get(row.id, NONE_WAITS)) for row in rows)])
    if any(notices(row)[0] and row.disabled_for != "owner" for row in rows):
        raise typer.Exit(1)


@app.command()
def show(
    id: Id,
    state: Annotated[DeliveryState | None, typer.Option(help="only deliveries in this state")] = None,
    number: Annotated[str, typer.Option(help="only those of the demand of this number")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many deliveries, the newest first")] = 20,
) -> None:
    """Show one webhook: its filters, what is wrong with it, and the log of its deliveries."""

    async def ask(db: Connection) -> tuple[WebhookRow, WebhookBacklog, Sequence[LoggedDelivery]]:
        row = await _known(db, id)
        waiting = (await queries.waiting(db, [id])).get(id, NONE_WAITS)
        return row, waiting, await log_queries.deliveries(db, id, state, number, 2**62, limit)

    row, waiting, deliveries = _asked(ask)
    for heading, cell in zip(HEADING, _cells(row, waiting), strict=True):
        typer.echo(f"{heading:<10} {printable(cell)}")
    for name in ("types", "divisions", "categories", "channels"):
        typer.echo(f"{name:<10} {', '.join(getattr(row, name) or ['all'])}")
    if notice := notices(row)[0]:
        typer.echo(f"{'notice':<10} {printable(notice)}")
    if deliveries:
        print_rows([LOG_HEADING, *map(_logged, deliveries)])


@app.command()
def test(id: Id) -> None:
    """Send an event of the type `webhook.test`, and print the response; exit code 1 if it was not accepted."""
    event = uuid7()

    async def ask(db: Connection) -> LoggedDelivery | None:
        row = await _known(db, id)
        if row.disabled_at:
            raise typer.BadParameter(f"it is disabled: `huying webhooks enable {id}` first")
        await handler.put_test(db, id, event, now())
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            delivery = await log_queries.one_delivery(db, id, event)
            if delivery is None or delivery.attempts:
                return delivery
            await asyncio.sleep(0.2)
        return None

    delivery = _asked(ask)
    if delivery is None or not delivery.tries:
        _refuse(
            f"nothing was sent in {PATIENCE:.0f} s: check that feedback-worker runs, and with `show` whether the"
            " endpoint is paused"
        )
    elif delivery.state is DeliveryState.DELIVERED:
        typer.echo(f"accepted: {delivery.tries[0].status} after {delivery.tries[0].milliseconds} ms")
    else:
        _refuse(f"not taken: {printable(delivery.tries[0].cause)}")


@app.command()
def redeliver(
    id: Id,
    event: Annotated[UUID | None, typer.Option(help="this one, by its id")] = None,
    since: Annotated[datetime | None, typer.Option(help="all events from this time on (UTC)")] = None,
    until: Annotated[datetime | None, typer.Option(help="and before this time (UTC)")] = None,
    only_failed: Annotated[bool, typer.Option(help="only deliveries that were given up")] = False,
) -> None:
    """Send events of the log again, with the same ids and in the same order."""
    if (event is None) is (since is None):
        raise typer.BadParameter("name either --event or --since")
    command = Redeliver(event=event, since=_utc(since), until=_utc(until), only_failed=only_failed)

    async def ask(db: Connection) -> int:
        await _known(db, id)
        return await handler.redelivered(db, id, command, now())

    typer.echo(f"{_asked(ask):,} deliveries will be sent again")


@app.command()
def rotate(
    id: Id,
    hours: Annotated[
        int, typer.Option(min=0, max=30 * 24, help="how long the present secret is also used for signing")
    ] = 24,
) -> None:
    """Give a webhook a new secret, shown only now; for some hours, events are signed with both secrets."""
    use_local_deployment("DATABASE_URL", "HUYING_SECRET")
    box = secret_box(read(FeedbackSettings))

    async def ask(db: Connection) -> str:
        async with db.transaction():
            row, secret = handler.rotated(await _known(db, id), box, hours, now())
            await queries.put(db, row)
        return secret

    typer.echo(_asked(ask))


@app.command()
def disable(id: Id) -> None:
    """Send nothing to a webhook until it is enabled again; events wait meanwhile."""
    _change(id, enabled=False)
    typer.echo("nothing will be sent to it")


@app.command()
def enable(id: Id) -> None:
    """Send to a webhook again, beginning with the waiting events, in order."""
    _change(id, enabled=True)
    typer.echo("the deliveries that wait for it will be sent now")


def _change(id: UUID, enabled: bool) -> None:
    async def ask(db: Connection) -> None:
        async with db.transaction():
            await queries.put(db, handler.changed(await _known(db, id), ChangeWebhook(enabled=enabled), now()))

    _asked(ask)


async def _known(db: Connection, id: UUID) -> WebhookRow:
    row = await queries.locked(db, id)
    if row is None:
        raise typer.BadParameter(f"there is no webhook {id}; see `huying webhooks list`")
    return row


def _asked(ask: Callable[[Connection], Awaitable[T]]) -> T:
    with exit_on_refusal():
        return with_connection(ask, "feedback")


def _refuse(reason: str) -> None:
    typer.echo(f"huying: {reason}", err=True)
    raise typer.Exit(1)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _cells(row: WebhookRow, waiting: WebhookBacklog) -> tuple[str, ...]:
    whose = f"channel {row.channel}" if row.channel else f"jurisdiction {row.jurisdiction}"
    state = f"{state_of(row)} ({row.disabled_for})" if row.disabled_for else state_of(row)
    delivered = f"{row.delivered_at:{TIME}}" if row.delivered_at else "-"
    return str(row.id), whose, state, f"{waiting.deliveries:,}", delivered, row.url


def _logged(delivery: LoggedDelivery) -> tuple[str, ...]:
    last = delivery.tries[0] if delivery.tries else None
    answer = (last.cause or str(last.status)) if last else "-"
    at = f"{last.at:{TIME}}" if last else "-"
    number = delivery.number or "-"
    return str(delivery.event), delivery.type, number, delivery.state, str(delivery.attempts), at, answer
