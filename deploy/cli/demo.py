"""`huying demo`: Nanhai 2021 through the whole pipeline, and the report card of its year."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from deploy.cli.channels import keys
from deploy.cli.faults import fault_message, first
from deploy.cli.running import warn_of_unknown_settings
from deploy.cli.up import Broker, Port, banner, options, until_ctrl_c, until_stopped
from deploy.importing.client import HandoverFailed, IntakeClient
from deploy.local.deployment import Running, deployed, secrets_of
from deploy.local.noida import EmbeddedBroker
from deploy.local.state import Unusable, read_json, write_private
from deploy.scenarios.desk import DeskScenario, WaitingDemand
from deploy.scenarios.nanhai2021 import Scenario, demands, story
from services.intake.submission.domain import RecordedDemand
from shared.chassis.base.tokens import Tokens
from shared.contracts.text import printable
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.loader import load_pack
from shared.jurisdiction.settings import JurisdictionSettings

console = Console(highlight=False)
VISIBLE_WITHIN = 300.0
Figure = dict[str, Any]


def demo(
    port: Port = 8080,
    broker: Broker = EmbeddedBroker.kind,
    leave: Annotated[bool, typer.Option("--exit", envvar="DEMO_EXIT", help="end after the report card")] = False,
) -> None:
    """Start everything, replay Nanhai 2021, print its report card, and serve the pages until Ctrl-C."""
    warn_of_unknown_settings()
    failed = False
    try:
        asyncio.run(until_stopped(_demo(port, broker, leave)))
    except* (Unusable, HandoverFailed, httpx.HTTPError, OSError) as faults:
        typer.echo(f"huying: {fault_message(first(faults))}", err=True)
        failed = True
    if failed:  # not raised above: Python before 3.11.4 would wrap it in a group
        raise typer.Exit(1)


async def _demo(port: int, broker: str, leave: bool) -> None:
    console.print("huying: starting …")
    async with deployed(options(port, broker)) as running:
        await replay(running)
        waiting = await fill_desk(running)
        if not leave:
            console.print(banner(running, waiting))
            await until_ctrl_c()
        console.print("huying: stopping …")


async def replay(running: Running) -> None:
    """Import the year, wait until it is visible, print its report card."""
    year_story = story()
    recorded = demands(load_pack(JurisdictionSettings.model_fields["jurisdictions_dir"].default / "nanhai"))
    key = keys(running.options.directory / "channels.json")["import"]
    async with httpx.AsyncClient(
        base_url=running.url, headers={"X-API-Key": key}, timeout=60, trust_env=False
    ) as client:
        console.print(f"replaying Nanhai 2021: {len(recorded):,} demands …")
        refused: list[str] = []
        handover = IntakeClient(client, lambda line, row: refused.append(f"{line}: {row.why}"), lambda _: None)
        await handover.all(enumerate(recorded, 1))
        _tell(refused)
        await _until_visible(client, recorded)
        await report_card(client, year_story)


def _tell(refused: Sequence[str]) -> None:
    for line in refused[:3]:
        console.print(f"refused {printable(line)}", markup=False)
    if len(refused) > 3:
        console.print(f"and {len(refused) - 3:,} more; what an earlier version replayed here stays as it was")


async def fill_desk(running: Running) -> WaitingDemand:
    """Put cases of today on the desks of the made-up people: new, paused, bounced, merged, moved up and others.
    Returns a demand that waits for the verdict of its citizen, to be tried by hand.

    The cases are made once in a deployment. Later starts make only a new demand to try if the last one was rated.
    """
    filled, kept = (running.options.directory / name for name in ("desk-filled", "demand-to-try.json"))
    channel_keys = keys(running.options.directory / "channels.json")
    tokens = StaffTokens(Tokens(secrets_of(running.options.directory)["HUYING_SECRET"], 3600))
    pack = load_pack(JurisdictionSettings.model_fields["jurisdictions_dir"].default / "nanhai")
    async with httpx.AsyncClient(base_url=running.url, timeout=60, trust_env=False) as client:
        scenario = DeskScenario(client, channel_keys["web"], tokens, pack)
        if not filled.exists():
            console.print("putting cases of today on the desks …")
            await scenario.play()
            filled.touch()
        known = read_json(kept)
        waiting = WaitingDemand(**known) if known else None
        if waiting is None or not await scenario.waits(waiting):
            waiting = await scenario.answered()
            write_private(kept, waiting._asdict())
        return waiting


async def _until_visible(client: httpx.AsyncClient, recorded: Sequence[RecordedDemand]) -> None:
    """Wait until the figures count every demand, with the last step of its recorded history."""
    expected = sum(1 for demand in recorded if demand.history[-1].type in ("demand.confirmed", "demand.resolved"))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + VISIBLE_WITHIN
    while loop.time() < deadline:
        total = (await _figure(client))["total"]
        settled = sum(n for status, n in total["statuses"].items() if status.startswith("closed/"))
        if total["collected"] >= len(recorded) and total["completed"] >= expected and settled >= expected:
            return
        await asyncio.sleep(0.2)
    raise HandoverFailed("not all demands were visible in time; `huying doctor` shows what they wait for")


async def _figure(client: httpx.AsyncClient, **parameters: str) -> Figure:
    answer = await client.get("/v1/figures/completion", params={"jurisdiction": "nanhai"} | parameters)
    answer.raise_for_status()
    figure: Figure = answer.json()
    return figure


async def report_card(client: httpx.AsyncClient, year_story: Scenario) -> None:
    """Print the figures of the year; every number is read from the API."""
    year = await _figure(client, until=year_story.year_ends.isoformat())
    month = await _figure(client, until=year_story.first_month_ends.isoformat())
    now = await _figure(client, by="division")
    card = Table.grid(padding=(0, 3))
    card.add_row("收集 collected", f"{year['total']['collected']:,}")
    card.add_row("办结 completed", f"{year['total']['completed']:,}")
    card.add_row("[bold]办结率 completion rate[/]", f"[bold]{year['total']['rate']:.2f} %[/]")
    card.add_row(
        f"至 until {year_story.first_month_ends}", f"{month['total']['collected']:,} / {month['total']['completed']:,}"
    )
    marks = now["total"]["marks"]
    for words, name in (("退单 returned", "returned"), ("重办 reopened", "reopened"), ("逾期办结 late", "late")):
        card.add_row(words, f"{marks.get(name, 0):,}")
    card.add_row("逾期未结 overdue, open", f"{now['overdue']:,}")
    ratings = " ".join(f"{n}★ {marks.get(f'rating:{n}', 0)}" for n in range(5, 0, -1))
    card.add_row("评价 ratings", ratings)
    for words, name in (
        ("首次满意率 satisfied at first", "first_satisfaction"),
        ("最终满意率 at last", "satisfaction"),
    ):
        judged = now["total"][name]
        share = "—" if judged["rate"] is None else f"{judged['rate']:.2f} %"
        card.add_row(words, f"{share} ({judged['satisfied']:,} / {judged['rated']:,})")
    card.add_row("现场解决 solved on the spot", f"{marks.get('on-the-spot', 0):,}")
    console.print(Panel(card, title="南海 2021 成绩单", expand=False))
    towns = Table("镇街 town", "收集", "办结", "办结率", title="按镇街 by town")
    for row in now["rows"]:
        if row["key"].endswith("000") and not row["key"].endswith("000000"):
            towns.add_row(row["name"], str(row["collected"]), str(row["completed"]), f"{row['rate']:.2f} %")
    console.print(towns)
