"""Lets a command find the deployment that runs on this machine."""

import json
import os

import typer

from deploy.local.state import Runtime, state_dir


def environment_of_what_runs() -> None:
    """Take the addresses and secrets of the local deployment for those that are not set; exit 2 when there is none."""
    if "DATABASE_URL" in os.environ and "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        return
    directory = state_dir()
    running = Runtime.read(directory)
    if running is None:
        typer.echo(
            "huying: nothing runs here: start it with `make up`, or set DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS",
            err=True,
        )
        raise typer.Exit(2)
    os.environ.setdefault("DATABASE_URL", running.database_url)
    os.environ.setdefault("KAFKA_BOOTSTRAP_SERVERS", running.kafka_bootstrap_servers)
    os.environ.setdefault("HUYING_ATTACHMENTS_FOLDER", str(directory / "attachments"))
    for name, value in json.loads((directory / "secrets.json").read_text("utf-8")).items():
        os.environ.setdefault(name, value)


def key_and_url(url: str, key: str, channel: str) -> tuple[str, str]:
    """Where to send and with which key: as given, else of the deployment that runs here; exit 2 when there is none."""
    directory = state_dir()
    running = Runtime.read(directory)
    if not url and running is None:
        typer.echo("huying: nothing runs here: start it with `make up`, or give --url and --key", err=True)
        raise typer.Exit(2)
    if not key and (directory / "channels.json").exists():
        key = str(json.loads((directory / "channels.json").read_text("utf-8")).get(channel, ""))
    return url or (running.url if running else ""), key
