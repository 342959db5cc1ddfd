"""`huying notifications`: messages to citizens that are not sent, the causes, another try, and cancelling."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, TypeVar
from uuid import UUID

import typer

from deploy.cli.running import use_local_deployment
from deploy.cli.service_database import with_connection
from deploy.cli.tables import print_rows
from services.feedback.assembled import demand_repository
from services.feedback.gateways.rendering import LINK
from services.feedback.notifications import queries
from services.feedback.notifications.contacts import Found
from services.feedback.notifications.messages import MESSAGE
from services.feedback.notifications.queries import MessageRow
from services.feedback.notifications.sending import messages
from services.feedback.settings import FeedbackSettings
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.chassis.database.pool import Connection
from shared.chassis.work import intent_reports
from shared.chassis.work.circuit_records import OpenCircuit, open_circuits
from shared.chassis.work.intents import Intent, IntentState
from shared.contracts.text import printable
from shared.jurisdiction.loader import packs_of

app = typer.Typer(no_args_is_help=True, help=__doc__)
T = TypeVar("T")
TIME: Final = "%Y-%m-%d %H:%M:%S"
OPEN: Final = (IntentState.PENDING, IntentState.SENDING, IntentState.UNKNOWN, IntentState.FAILED)
HEADING: Final = ("id", "demand", "message", "state", "gateway", "tries", "since", "cause")
Id = Annotated[UUID, typer.Argument(help="the id, as `list` shows it")]


@app.command("list")
def listed(
    state: Annotated[
        list[IntentState] | None, typer.Option(help="only messages in this state; default: all that are not sent")
    ] = None,
    number: Annotated[str, typer.Option(help="every message about the demand of this number")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="the most to list, the oldest first")] = 100,
) -> None:
    """List messages that are not sent, oldest first, and gateways that rest; exit code 1 if a person must decide."""

    async def ask(db: Connection) -> tuple[Sequence[MessageRow], Sequence[OpenCircuit]]:
        if number:
            return await queries.messages_of(db, number), ()
        return await queries.messages_in(db, state or OPEN, limit), await open_circuits(db)

    rows, circuits = _asked(ask)
    for circuit in circuits:
        typer.echo(
            f"gateway {circuit.gateway} gets no messages since {circuit.opened_at:{TIME}}: {printable(circuit.cause)}"
        )
    if not rows:
        wanted = f"is {' or '.join(state)}" if state else "waits or failed"
        typer.echo(f"no message {f'about {number}' if number else wanted}")
        return
    print_rows([HEADING, *map(_cells, rows)])
    if any(row.state in (IntentState.UNKNOWN, IntentState.FAILED) for row in rows):
        raise typer.Exit(1)


@app.command()
def show(id: Id) -> None:
    """Show one message, without its links: anybody with a link could act for the citizen."""
    row = _found(_asked(lambda db: queries.one_message(db, id)), id)
    for heading, cell in zip(HEADING, _cells(row), strict=True):
        typer.echo(f"{heading:<10} {printable(cell)}")
    typer.echo(f"{'due':<10} {row.due_at:{TIME}}")
    typer.echo(f"{'ended':<10} {f'{row.finished_at:{TIME}}' if row.finished_at else '-'}")
    typer.echo(f"{'reference':<10} {printable(row.reference or '-')}")
    typer.echo(printable(LINK.sub("［链接］", row.text)))


@app.command()
def retry(
    id: Id,
    although_unknown: Annotated[
        bool,
        typer.Option(
            help="send a message although it is unknown whether it was sent before: the citizen may get it twice"
        ),
    ] = False,
) -> None:
    """Send a failed or skipped message again; send a waiting one at once."""
    is_scheduled = _asked(lambda db: intent_reports.try_again(db, MESSAGE, id, although_unknown))
    if is_scheduled:
        typer.echo("it will be sent next")
        return
    row = _found(_asked(lambda db: queries.one_message(db, id)), id)
    reason = f"it is {row.state}"
    if row.state is IntentState.UNKNOWN:
        reason = "it is unknown whether it was sent: ask the operator of the gateway first, or give --although-unknown"
    _refuse(reason)


@app.command()
def cancel(
    id: Id,
    why: Annotated[str, typer.Option(help="told in the demand's record")] = "cancelled by an operator",
) -> None:
    """Cancel a waiting message, a failed one, or one of which nobody knows whether it was sent."""
    use_local_deployment("DATABASE_URL", "HUYING_SECRET")
    settings = read(FeedbackSettings)
    packs = packs_of(settings)

    async def ask(db: Connection) -> bool:
        async with db.transaction():
            kind = messages(demand_repository(packs, settings), no_recipients, (), packs)
            return await intent_reports.cancel(db, kind, id, why, now())

    if not _asked(ask):
        row = _found(_asked(lambda db: queries.one_message(db, id)), id)
        _refuse(f"it is {row.state}")
    typer.echo("it will not be sent")


async def no_recipients(intents: Sequence[Intent]) -> dict[UUID, Found]:
    """The look-up of recipients for commands that send nothing: it finds nobody."""
    return {}


def _asked(ask: Callable[[Connection], Awaitable[T]]) -> T:
    return with_connection(ask, "feedback")


def _found(row: MessageRow | None, id: UUID) -> MessageRow:
    if row is None:
        raise typer.BadParameter(f"there is no message {id}; see `huying notifications list`")
    return row


def _refuse(reason: str) -> None:
    typer.echo(f"huying: nothing was changed: {reason}", err=True)
    raise typer.Exit(1)


def _cells(row: MessageRow) -> tuple[str, ...]:
    state = f"{row.state} ({row.waits})" if row.waits else str(row.state)
    since = row.finished_at or row.created_at
    cause = row.cause if row.state is not IntentState.SENT else ""
    return (str(row.id), row.number, row.template, state, row.via or "-", str(row.attempts), f"{since:{TIME}}", cause)
