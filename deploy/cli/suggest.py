"""`huying suggest`: a model that suggests categories, trained on this deployment's own routed demands."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.running import use_local_deployment
from services.intake.suggestion import queries
from services.intake.suggestion.evaluation import EvaluationReport, Guess, report
from services.intake.suggestion.keywords import Keywords
from services.intake.suggestion.model import Model
from services.intake.suggestion.training import AIM, CannotTrain, Example, train
from shared.chassis.base.clock import now
from shared.chassis.base.settings import ProcessSettings, read
from shared.chassis.database.pool import open_pool
from shared.jurisdiction.loader import load_pack
from shared.jurisdiction.settings import JurisdictionSettings

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(highlight=False)
Jurisdiction = Annotated[str, typer.Option(help="the pack whose categories are suggested")]


@app.command("train")
def train_model(
    into: Annotated[Path, typer.Option(help="folder for the model; name it in HUYING_SUGGESTION_MODELS")],
    jurisdiction: Jurisdiction = "nanhai",
) -> None:
    """Train on every routed demand with a category, and write `<jurisdiction>.json`."""
    examples = _examples(jurisdiction)
    model, guesses = _trained(examples, jurisdiction)
    into.mkdir(parents=True, exist_ok=True)
    file = into / f"{jurisdiction}.json"
    file.write_text(model.model_dump_json(), "utf-8")
    console.print(f"{file}: {len(model.categories)} categories, {model.demands:,} demands, {len(model.grams):,} grams")
    console.print(_summed_up("model, on demands that it had not seen", report(guesses)))
    if model.threshold > 1:
        console.print(f"It is never sure: nowhere were {AIM:.0%} right. 模型从不独自决定：没有任何置信度达到目标准确率")


@app.command()
def evaluate(jurisdiction: Jurisdiction = "nanhai") -> None:
    """Print how often keywords and a model are right, and how well their probabilities match."""
    examples = _examples(jurisdiction)
    print_report("keywords", report(by_keywords(examples, jurisdiction)))
    _, guesses = _trained(examples, jurisdiction)
    print_report("model, on demands that it had not seen", report(guesses))


def by_keywords(examples: list[Example], jurisdiction: str) -> list[Guess]:
    """The first suggestion of the pack's keywords for each example."""
    pack = load_pack(read(JurisdictionSettings).jurisdictions_dir / jurisdiction)
    keywords = Keywords.of(pack.leaf_categories)
    guesses = []
    for example in examples:
        ranking = keywords.rank(example.title, example.text)
        best = ranking.suggestions[0] if ranking.suggestions else None
        right = best is not None and best.category == example.category
        guesses.append(Guess(best.probability if best else 0.0, right, ranking.sure))
    return guesses


def print_report(name: str, report: EvaluationReport) -> None:
    """Print a summary line and the reliability table."""
    console.print(_summed_up(name, report))
    table = Table("said", "demands", "said on average", "came true", title=f"reliability: {name}")
    for span in report.bins:
        table.add_row(f"{span.low:.1f}–{span.high:.1f}", f"{span.count:,}", f"{span.said:.2f}", f"{span.true:.2f}")
    console.print(table)


def _summed_up(name: str, report: EvaluationReport) -> str:
    return (
        f"{name}: {report.count:,} demands, {report.guessed:.1%} get a suggestion,"
        f" {report.accuracy:.1%} the right one first;"
        f" ECE {report.ece:.3f}; sure of {report.sure:.1%}, and right in {report.sure_accuracy:.1%} of these"
    )


def _trained(examples: list[Example], jurisdiction: str) -> tuple[Model, list[Guess]]:
    try:
        return train(examples, jurisdiction, now())
    except CannotTrain as fault:
        typer.echo(f"huying: {fault}", err=True)
        raise typer.Exit(1) from None


def _examples(jurisdiction: str) -> list[Example]:
    return asyncio.run(_routed(jurisdiction))


async def _routed(jurisdiction: str) -> list[Example]:
    use_local_deployment("DATABASE_URL")
    settings = read(ProcessSettings)
    async with await open_pool(settings.database_url, "intake", size=1) as pool, pool.acquire() as db:
        return await queries.routed(db, jurisdiction)
