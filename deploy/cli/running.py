"""Finds the deployment that runs on this machine, for commands without explicit addresses."""

import os
from collections.abc import Mapping
from typing import Final

import typer

from deploy.local.state import Runtime, read_json, state_dir
from deploy.local.unknown_settings import unknown_settings

SERVERS: Final = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS")


def named(name: str) -> str:
    """The value of an environment variable with a server's address; empty if it is not set."""
    return os.environ.get(name, "")


def environment() -> Mapping[str, str]:
    """The environment variables of this command."""
    return os.environ


def warn_of_unknown_settings() -> None:
    """Print a warning for every variable that looks like a setting and is none. It is no error: versions may share one
    file of settings. Processes that this one starts get the environment without it, so that they do not repeat it."""
    for unknown in unknown_settings(os.environ):
        typer.echo(f"huying: warning: {unknown.variable} {unknown.words.en}", err=True)
        del os.environ[unknown.variable]


def use_local_deployment(*needed: str) -> None:
    """Set missing environment variables to the addresses and secrets of the local deployment; exits with code 2 if
    none runs."""
    needed = needed or SERVERS
    if all(name in os.environ for name in needed):
        return
    directory = state_dir()
    running = Runtime.running(directory)
    if running is None:
        missing = " and ".join(name for name in needed if name not in os.environ)
        typer.echo(f"huying: no deployment runs here: start it with `make up`, or set {missing}", err=True)
        raise typer.Exit(2)
    os.environ.setdefault("DATABASE_URL", running.database_url)
    os.environ.setdefault("KAFKA_BOOTSTRAP_SERVERS", running.kafka_bootstrap_servers)
    os.environ.setdefault("HUYING_ATTACHMENTS_FOLDER", str(directory / "attachments"))
    os.environ.setdefault("HUYING_PUBLIC_URL", running.url)
    for name, value in (read_json(directory / "secrets.json") or {}).items():
        os.environ.setdefault(name, value)


def url_and_key(url: str, key: str, channel: str) -> tuple[str, str]:
    """The given URL and key, else those of the deployment that runs here; exits with code 2 if none runs."""
    running = local_url_and_key(url, key, channel)
    if running is None:
        typer.echo("huying: no deployment runs here: start it with `make up`, or give --url and --key", err=True)
        raise typer.Exit(2)
    return running


def local_url_and_key(url: str, key: str, channel: str) -> tuple[str, str] | None:
    """The same as `url_and_key`, but None if no URL is given and no deployment runs here."""
    directory = state_dir()
    running = Runtime.running(directory)
    if not url and running is None:
        return None
    if not key and (directory / "channels.json").exists():
        key = str((read_json(directory / "channels.json") or {}).get(channel, ""))
    return url or (running.url if running else ""), key
