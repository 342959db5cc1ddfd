"""Runs routing's worker like `huying run routing-worker`, with a clock whose time is read from a file."""

import sys
from datetime import datetime
from pathlib import Path

from shared.chassis.base import clock


def main(moment: Path) -> None:
    """Run until it is asked to end."""
    clock.now = lambda: datetime.fromisoformat(moment.read_text("utf-8"))  # before another module imports it from there
    from deploy.cli import processes
    from shared.chassis.work import timers

    timers.AT_ONCE = 5  # type: ignore[misc]  # so that several processes share the work of a test
    processes.run("routing-worker")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
