"""What a process has loaded after a statement: asked of a new interpreter, forked for each of several statements."""

import subprocess
import sys
from collections.abc import Sequence

_PROGRAM = """
import os, sys
exec(sys.argv[1])
for statement in sys.argv[2:]:
    child = os.fork()
    if not child:
        exec(statement)
        print("modules:", *sys.modules, file=sys.stderr, flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"failed: {statement}")
"""
COMMON = """
import fastapi, asyncpg, httpx
import shared.chassis.http.app, shared.chassis.process.manifest, shared.contracts.event_types
import shared.identity.sessions, shared.jurisdiction.pack, shared.web.pages
"""
"""What every process of a service loads anyway, and none must not: it is loaded once for all, since it takes most of
the time."""


def modules_after(statements: Sequence[str], before: str = "") -> dict[str, list[str]]:
    """The names of the modules after each statement, each in a process that has run `before` alone."""
    command = [sys.executable, "-c", _PROGRAM, before, *statements]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found = [line.split()[1:] for line in done.stderr.splitlines() if line.startswith("modules: ")]
    return dict(zip(statements, found, strict=True))
