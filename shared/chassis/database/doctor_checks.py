"""The doctor's check of the schema of any service: whether its migrations are those of this version."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Final

import asyncpg

from shared.chassis.base.findings import Finding, Words, broken, counted, ok, warning
from shared.chassis.database.migrate import CHASSIS
from shared.chassis.database.pool import Connection

NAMED_AT_MOST: Final = 3
MISSING: Final = Words("is missing", "还没有建立")
MIGRATE: Final = Words("run `huying migrate`", "运行 `huying migrate`")


async def migrations(db: Connection, service: str, folder: Path) -> Sequence[Finding]:
    """A finding that says whether every migration of this version was applied, and no unknown one."""
    try:
        rows = await db.fetch("SELECT version FROM schema_migrations")
    except asyncpg.UndefinedTableError:
        rows = []
    return [judged(service, {path.stem for path in files(folder)}, {row["version"] for row in rows})]


def files(folder: Path) -> Iterable[Path]:
    """All migrations of a service, in the order in which they are applied: the chassis' and those in `folder`."""
    return sorted([*CHASSIS.glob("*.sql"), *folder.glob("*.sql")], key=lambda path: path.name)


def judged(service: str, names: Collection[str], applied: Collection[str]) -> Finding:
    """The finding from the names of the files (`20261101000000_journal`) and the versions that were applied."""
    subject = Words(f"schema of {service}", f"{service} 的数据库结构")
    pending = sorted(name for name in names if name.partition("_")[0] not in applied)
    if not applied:
        return broken(subject, MISSING, MIGRATE)
    if pending:
        examples = _some(pending)
        problem = Words(
            f"{counted(len(pending), 'migration', 'migrations')} pending: {examples}",
            f"{len(pending):,} 个迁移未执行：{examples}",
        )
        return broken(subject, problem, MIGRATE)
    unknown = sorted(set(applied) - {name.partition("_")[0] for name in names})
    if unknown:
        examples = _some(unknown)
        problem = Words(
            f"has {counted(len(unknown), 'migration', 'migrations')} of a newer version: {examples}",
            f"含 {len(unknown):,} 个更新版本的迁移：{examples}",
        )
        step = Words("an upgrade is running, or this command is of an older version", "正在升级，或本程序版本较旧")
        return warning(subject, problem, step)
    return ok(Words(f"{subject.en} is up to date", f"{subject.zh} 为当前版本"))


def _some(names: Sequence[str]) -> str:
    more = f" … (+{len(names) - NAMED_AT_MOST})" if len(names) > NAMED_AT_MOST else ""
    return ", ".join(names[:NAMED_AT_MOST]) + more
