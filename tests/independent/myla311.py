"""What the figures of a MyLA311 file must be, computed straight from the CSV; shares no code with the product."""

import csv
import json
import sqlite3
import sys
from codecs import BOM_UTF8
from pathlib import Path

OWNERS = {"BOS": "bos", "OCB": "ocb", "ITA": "ita", "BSL": "bsl", "LADWP": "ladwp"}
STANDING = {
    "Closed": "closed/unrated",
    "Cancelled": "closed/withdrawn",
    "Referred Out": "closed/declined",
    "Open": "accepted",
}
COUNTED = ("Owner", "RequestType", "Status", "RequestSource", "CD")
COLUMNS = ("CreatedDate", "ClosedDate", "Owner", "RequestType", "Status", "RequestSource", "CD")


def load(path: Path) -> sqlite3.Connection:
    """The file in a table of its own."""
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE request ({', '.join(COLUMNS)})")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = ([row[name] for name in COLUMNS] for row in csv.DictReader(lines))
        db.executemany(f"INSERT INTO request VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    return db


def figures(path: Path) -> dict[str, dict[str, dict[str, int]]]:
    """For month, channel, unit, category and division: each key with its counts by status."""
    db = load(path)
    wanted = {
        "month": "substr(CreatedDate, 7, 4) || '-' || substr(CreatedDate, 1, 2)",
        "channel": "RequestSource",
        "unit": "Owner",
        "category": "RequestType",
        "division": "CD",
    }
    return {name: _counted(db, expression) for name, expression in wanted.items()}


def size(path: Path) -> int:
    """How many requests the file holds."""
    return int(load(path).execute("SELECT count(*) FROM request").fetchone()[0])


def part(content: bytes, every: int) -> bytes:
    """One of `every` requests of a file, and the first with each value of a column that is counted."""
    header, *lines = content.splitlines(keepends=True)
    rows = csv.DictReader(line.decode() for line in (header.removeprefix(BOM_UTF8), *lines))
    seen: set[tuple[str, str]] = set()
    kept = [header]
    for n, (line, row) in enumerate(zip(lines, rows, strict=True)):
        kinds = {(name, row[name]) for name in COUNTED}
        if n % every == 0 or kinds - seen:
            kept.append(line)
        seen |= kinds
    return b"".join(kept)


def _counted(db: sqlite3.Connection, expression: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for key, status, n in db.execute(f"SELECT {expression}, Status, count(*) FROM request GROUP BY 1, 2"):
        found.setdefault(key, {})[STANDING[status]] = n
    return found


if __name__ == "__main__":
    print(json.dumps(figures(Path(sys.argv[1])), indent=1))
