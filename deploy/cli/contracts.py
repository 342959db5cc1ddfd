"""`huying contracts`: writes the generated documents, or says which of them have drifted."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import settings_table
from shared.contracts import published
from shared.contracts.demand import lifecycle_page

ROOT = Path(__file__).parents[2]


def documents(root: Path = ROOT) -> Mapping[Path, str]:
    """Every generated file with what it must hold."""
    found = {published.FOLDER / "asyncapi.json": _json(published.asyncapi())}
    found |= {published.FOLDER / "schemas" / f"{name}.json": _json(s) for name, s in published.schemas().items()}
    found[root / "docs" / "lifecycle.md"] = lifecycle_page.page()
    found[root / "docs" / "settings.md"] = settings_table.document()
    return found


def contracts(write: Annotated[bool, typer.Option("--write", help="write what has drifted")] = False) -> None:
    """Compare the generated documents with the code, or write them."""
    drifted = [path for path, text in documents().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in drifted:
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents()[path], encoding="utf-8")
        typer.echo(f"{'written' if write else 'drifted'}: {path.relative_to(ROOT)}")
    if drifted and not write:
        typer.echo("huying: run `make docs`", err=True)
        raise typer.Exit(1)


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
