"""Lets a command find the deployment that runs on this machine."""

import os
from collections.abc import Mapping
from typing import Final

import typer

from deploy.local.state import Runtime, read_json, state_dir

SERVERS: Final = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")


def named(name: str) -> str:
    """The server that a variable of the environment names; empty when none is."""
    return os.environ.get(name, "")


def environment() -> Mapping[str, str]:
    """What this command was given."""
    return os.environ


def environment_of_what_runs(*needed: str) -> None:
    """Take the addresses and secrets of the local deployment for those that are not set; exit 2 when there is none."""
    needed = needed or SERVERS
    if all(name in os.environ for name in needed):
        return
    directory = state_dir()
    running = Runtime.running(directory)
    if running is None:
        typer.echo(
            f"huying: nothing runs here: start it with `make up`, or set {' and '.join(needed)}",
            err=True,
        )
        raise typer.Exit(2)
    os.environ.setdefault("DATABASE_URL", running.database_url)
    os.environ.setdefault("KAFKA_BOOTSTRAP_SERVERS", running.kafka_bootstrap_servers)
    os.environ.setdefault("HUYING_ATTACHMENTS_FOLDER", str(directory / "attachments"))
    os.environ.setdefault("HUYING_PUBLIC_URL", running.url)
    for name, value in (read_json(directory / "secrets.json") or {}).items():
        os.environ.setdefault(name, value)


def key_and_url(url: str, key: str, channel: str) -> tuple[str, str]:
    """Where to send and with which key: as given, else of the deployment that runs here; exit 2 when there is none."""
    running = what_runs(url, key, channel)
    if running is None:
        typer.echo("huying: nothing runs here: start it with `make up`, or give --url and --key", err=True)
        raise typer.Exit(2)
    return running


def what_runs(url: str, key: str, channel: str) -> tuple[str, str] | None:
    """The same, or None when nothing was given and nothing runs here."""
    directory = state_dir()
    running = Runtime.running(directory)
    if not url and running is None:
        return None
    if not key and (directory / "channels.json").exists():
        key = str((read_json(directory / "channels.json") or {}).get(channel, ""))
    return url or (running.url if running else ""), key
