"""The commands of a page of `docs/operating/`, and a shell that is given them word for word."""

import asyncio
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.process import as_user

PAGES: Final = Path(__file__).parents[2] / "docs" / "operating"
SECONDS: Final = 500


def blocks(page: str, heading: str) -> Sequence[str]:
    """The blocks of commands below a heading, in order; fails where there is no such heading."""
    _, found, rest = (PAGES / page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    found_blocks: list[list[str]] = [[]]
    for line in rest.partition("\n## ")[0].splitlines():
        if line.startswith("    "):
            found_blocks[-1].append(line)
        elif found_blocks[-1] and line:
            found_blocks.append([])
    return [textwrap.dedent("\n".join(lines)) for lines in found_blocks if lines]


@dataclass
class Shell:
    """Runs commands with these variables. `user` is the one that PostgreSQL runs as, where that is another."""

    env: dict[str, str]
    user: int | None = None

    def command(self, block: str) -> Sequence[str]:
        """What runs the block; the first command that fails ends it."""
        return ("bash", "-euo", "pipefail", "-c", block)

    def variables(self) -> Mapping[str, str]:
        """Beside those of the tests: ours, with the command `huying` of this environment."""
        path = os.pathsep.join((self.env["PATH"], str(Path(sys.executable).parent), os.environ["PATH"]))
        return os.environ | self.env | {"PATH": path, "COLUMNS": "200"}

    async def ends(self, block: str, as_postgres: bool = False) -> tuple[int, str]:
        """The exit code of the commands, and what they wrote."""
        process = await asyncio.create_subprocess_exec(
            *self.command(block), env=self.variables(), cwd="/", stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            **(as_user(self.user) if as_postgres else {}),
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
        return process.returncode or 0, out.decode()

    async def run(self, block: str, as_postgres: bool = False) -> str:
        """What the commands wrote; fails where one of them does."""
        code, out = await self.ends(block, as_postgres)
        assert code == 0, f"{block}\n{out}"
        return out
