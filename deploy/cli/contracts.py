"""`huying contracts`: writes the generated documents, or reports outdated ones and incompatible changes of schemas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from deploy.cli import metrics_table, settings_table
from deploy.layout import nginx, product, scraped
from shared.contracts import published
from shared.contracts.compatibility import incompatibilities
from shared.contracts.demand import lifecycle_page

ROOT = Path(__file__).parents[2]
RELEASED: Final = published.FOLDER / "released"
WAY_OUT: Final = (
    "A released fact may only gain optional fields. For other changes add its next version, with an upcaster (ADR 0026)"
)


def documents(root: Path = ROOT) -> Mapping[Path, str]:
    """The expected content of every generated file."""
    documents = {published.FOLDER / "asyncapi.json": _json(published.asyncapi())}
    documents |= {published.FOLDER / "schemas" / f"{name}.json": _json(s) for name, s in published.schemas().items()}
    documents[root / "docs" / "lifecycle.md"] = lifecycle_page.page()
    documents[root / "docs" / "settings.md"] = settings_table.document()
    documents[root / "docs" / "metrics.md"] = metrics_table.document()
    return documents | _deployments(root / "deploy")


def _deployments(folder: Path) -> dict[Path, str]:
    """The generated files for image, compose and chart."""
    return {
        folder / "helm" / "huying" / "files" / "product.yaml": product.document(),
        folder / "compose" / "nginx.conf": nginx.configuration(product.paths()),
        folder / "compose" / "prometheus.yml": scraped.configuration(product.described()),
    }


def released() -> Mapping[str, Any]:
    """The last released JSON Schema of every fact, by wire type."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(RELEASED.glob("*.json"))}


def broken(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A sentence for each incompatible change of a released schema."""
    gone = [
        f"{name} was released and does not exist any more: keep it in the retired versions"
        for name in before.keys() - after
    ]
    return sorted(gone) + [
        f"{name}: {change}. {WAY_OUT}"
        for name in sorted(before.keys() & after)
        for change in incompatibilities(before[name], after[name])
    ]


Write = Annotated[bool, typer.Option("--write", help="write the outdated documents")]
Release = Annotated[
    bool, typer.Option("--release", help="store the schemas as released; they may not be broken from then on")
]


def contracts(write: Write = False, release: Release = False) -> None:
    """Compare the generated documents with the code, or write them; and the schemas with those last released."""
    breaks = broken(released(), published.schemas())
    for sentence in breaks:
        typer.echo(f"huying: {sentence}", err=True)
    drifted = [path for path, text in documents().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in drifted:
        if write:
            _write(path, documents()[path])
        typer.echo(f"{'written' if write else 'outdated'}: {path.relative_to(ROOT)}")
    if drifted and not write:
        typer.echo("huying: run `make docs`", err=True)
    if breaks or (drifted and not write):
        raise typer.Exit(1)
    if release:
        for name, schema in published.schemas().items():
            _write(RELEASED / f"{name}.json", _json(schema))
        typer.echo(f"released: {len(published.schemas())} schemas")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
