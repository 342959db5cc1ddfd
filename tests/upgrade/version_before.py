"""The version before: the commit whose code works beside this one in the drill of an upgrade.

`python -m tests.upgrade.version_before` says whether this clone has it; exit code 1 where it does not.
"""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "942d8bee0013e0da33d2388c42f37b95ec1bdccb"
"""The newest release; before the first one, a commit of a day's work ago. docs/releasing.md says when it changes."""
CHOSEN: Final = "HUYING_UPGRADE_FROM"


class Missing(RuntimeError):
    """The drill cannot run here; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """The code of a commit in a folder, and the interpreter that runs it."""

    commit: str
    folder: Path
    python: Path

    @property
    def commands(self) -> Path:
        """The folder with its `huying`."""
        return self.python.parent


def commit() -> str:
    """The commit that was chosen, in full; raises `Missing` where this clone does not have it."""
    name = os.environ.get(CHOSEN) or BASE
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        raise Missing(
            f"the upgrade drill runs the code of commit {name[:12]} beside this one, and this copy of the repository"
            " does not have it: `git fetch --unshallow` (or --depth more) brings it; a copy without history cannot run"
            " the drill. Another commit: make drill-upgrade BASE=COMMIT"
        )
    return found.stdout.decode().strip()


def unpacked(folder: Path) -> Version:
    """The version before in `folder/code`, with an interpreter of its own in `folder/python`."""
    name, code = commit(), folder / "code"
    code.mkdir()
    archive = _git("archive", name)
    subprocess.run(["tar", "--extract", "--directory", str(code)], input=archive.stdout, check=True)
    if unmet := list(_unmet(code)):
        print(f"{name[:12]} needs {', '.join(unmet)}: its packages are installed for it", flush=True)
        subprocess.run(["make", "--silent", "--directory", str(code), ".venv/ready"], check=True)
        return Version(name, code, code / ".venv" / "bin" / "python")
    print(f"{name[:12]} runs with the packages of this environment", flush=True)
    return Version(name, code, _interpreter(folder / "python", code))


def _unmet(code: Path) -> Iterator[str]:
    """What it depends on and this environment does not have."""
    project = tomllib.loads((code / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        try:
            if not requirement.specifier.contains(version(requirement.name), prereleases=True):
                yield str(requirement)
        except PackageNotFoundError:
            yield str(requirement)


def _interpreter(folder: Path, code: Path) -> Path:
    """One that finds the code of that folder, and every package of this environment but our own code."""
    venv.create(folder, symlinks=True)
    packages = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})["purelib"]
    # Files of ours that name folders (.pth, as the one of an editable installation) are not read there.
    Path(packages, "version_before.pth").write_text(f"{code}\n{sysconfig.get_paths()['purelib']}\n", "utf-8")
    python = folder / "bin" / "python"
    command = folder / "bin" / "huying"
    command.write_text(f"#!{python}\nfrom deploy.cli.main import main\n\nmain()\n", "utf-8")
    command.chmod(0o755)
    return python


def _git(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    except FileNotFoundError:
        raise Missing("the upgrade drill takes the version before out of git, which is not installed here") from None


if __name__ == "__main__":
    try:
        print(commit())
    except Missing as why:
        sys.exit(f"huying: {why}")
