"""The migrations of the version before: a file that was released is never changed, and what came after it is looked at.

`python -m tests.upgrade.released` writes down those of today, at a release (docs/releasing.md).
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from deploy.cli.services import manifests
from shared.chassis.database.migrate import CHASSIS

LIST: Final = Path(__file__).parent / "released.txt"


def folders() -> Mapping[str, Path]:
    """Where migrations lie: of each service, and of the chassis."""
    return {"chassis": CHASSIS, **{service.name: service.migrations for service in manifests()}}


def released() -> Mapping[str, str]:
    """By `SERVICE/FILE`, the SHA-256 of each."""
    lines = (line.split() for line in LIST.read_text("utf-8").splitlines())
    return {name: digest for digest, name in lines}


def of_today() -> Iterator[tuple[str, Path]]:
    """Every migration that there is, with its name in the list."""
    for owner, folder in folders().items():
        yield from ((f"{owner}/{path.name}", path) for path in sorted(folder.glob("*.sql")))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    LIST.write_text("".join(f"{digest(path)}  {name}\n" for name, path in of_today()), "utf-8")
