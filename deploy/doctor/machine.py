"""Looks at this machine: Python, room on the disk, who may read our data."""

import shutil
import sys
from pathlib import Path

from deploy.local.state import MIN_FREE, is_open_to_others
from shared.chassis.base.findings import Finding, broken, ok, warning


def python() -> Finding:
    """Whether this Python is new enough."""
    version = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    return ok(version) if sys.version_info >= (3, 11) else broken(version, "3.11 or newer is needed")


def room(directory: Path) -> Finding:
    """Whether the database can grow."""
    what = f"data in {directory}"
    if not directory.exists():
        return ok(f"{what}: nothing is there yet")
    free = shutil.disk_usage(directory).free
    if free < MIN_FREE:
        return broken(what, f"{free // 1_000_000:,} MB are left and 1,000 MB are needed: free some")
    return ok(f"{what}, {free // 1_000_000:,} MB free")


def privacy(directory: Path) -> Finding:
    """Whether others may read keys, logs or attachments."""
    what = f"privacy of {directory}"
    names = ("", "logs", "attachments", "secrets.json", "channels.json", "runtime.json")
    is_open = [name or "the folder itself" for name in names if is_open_to_others(directory / name)]
    if is_open:
        return warning(what, f"others may read {', '.join(is_open)}: chmod -R go-rw {directory}")
    return ok(f"{what}: its owner alone can read keys, logs and attachments")


def java() -> Finding:
    """Only a local Apache Kafka needs it."""
    return ok("Java found" if shutil.which("java") else "Java not found: only `--broker apache-kafka` needs it")
