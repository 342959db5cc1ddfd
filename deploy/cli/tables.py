"""Prints text of others, and tables of it, without the control characters that a terminal would obey."""

from collections.abc import Sequence

import typer

from shared.contracts.text import printable


def print_rows(rows: Sequence[tuple[str, ...]]) -> None:
    """Print cells in columns, each row on one line."""
    lines = [[" ".join(printable(cell).split("\n")) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
