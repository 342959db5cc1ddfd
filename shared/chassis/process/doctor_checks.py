"""The doctor's checks of the processes of any service: which run, what their own checks say, and whether their clocks
are right."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from shared.chassis.base.findings import Finding, Words, broken, duration_words, listed, not_checked, ok, warning
from shared.chassis.database.pool import Connection

SILENT_AFTER: Final = 45.0
"""Seconds without a heartbeat after which a process counts as gone: four heartbeats are missing by then."""
STARTS_WITHIN: Final = 90.0
"""Seconds after its start during which a process may be not ready."""
SKEW: Final = 2.0
"""Seconds that a clock may differ from PostgreSQL's: tokens and due times are compared with both clocks."""
STANDING: Final = 60.0


@dataclass(frozen=True, slots=True)
class RegisteredProcess:
    """A row of the table `process`, with durations by PostgreSQL's clock. `skew_seconds`: how far the process's own
    clock is ahead."""

    name: str
    instance: str
    host: str
    health: str
    version: str
    started_at: datetime
    seen_seconds: float
    running_seconds: float
    skew_seconds: float
    not_alive: str
    not_ready: str
    lag: int | None
    standing_seconds: float | None

    @property
    def is_silent(self) -> bool:
        """Whether its heartbeat is missing: it has ended, hangs, or cannot reach the database."""
        return self.seen_seconds > SILENT_AFTER

    @property
    def full_name(self) -> str:
        """The process and its instance."""
        return f"{self.name} {self.instance}"

    @property
    def place(self) -> str:
        """The instance and its host, unless the instance's name contains the host."""
        return self.instance if self.host in self.instance else f"{self.instance} @ {self.host}"

    def document(self) -> dict[str, Any]:
        """As a JSON document; `of_document` is the inverse."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"started_at": self.started_at.isoformat()}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "RegisteredProcess":
        """Parse a document, maybe of another version; raises `KeyError`, `TypeError` or `ValueError`."""
        values = {field.name: document[field.name] for field in fields(cls)}
        return cls(**values | {"started_at": datetime.fromisoformat(values["started_at"])})


async def registered(db: Connection) -> Sequence[RegisteredProcess]:
    """Every registered process of a service, by name, the silent ones too."""
    rows = await db.fetch(
        """
        SELECT name, instance, host, health, version, started_at, not_alive, not_ready, lag, standing_seconds,
            extract(epoch FROM now() - seen_at)::float8 AS seen_seconds,
            extract(epoch FROM now() - started_at)::float8 AS running_seconds,
            extract(epoch FROM told_at - seen_at)::float8 AS skew_seconds
        FROM process ORDER BY name, instance
        """
    )
    return [RegisteredProcess(**row) for row in rows]


def judged(service: str, roles: Mapping[str, Collection[str]], processes: Sequence[RegisteredProcess]) -> list[Finding]:
    """The findings about the registered processes; one finding if all is well. `roles` names what a service needs, with
    the processes that can do it."""
    if not processes and not roles:
        return [
            ok(Words(f"processes of {service}: not checked by their registration", f"{service} 的进程：未按登记检查"))
        ]
    if not processes:
        cause = Words("none is registered", "没有登记")
        step = Words("start them; processes of earlier versions do not register", "请启动；旧版本的进程不会登记")
        return [not_checked(Words(f"processes of {service}", f"{service} 的进程"), cause, step)]
    findings = [finding for process in processes for finding in _of_one(process, processes)]
    # A silent process has a finding of its own, so it counts as present here.
    present = {process.name for process in processes}
    findings += [_missing(role) for role, able in roles.items() if not present & set(able)]
    alive = Counter(process.name for process in processes if not process.is_silent)
    names = listed([name if count == 1 else f"{name} × {count}" for name, count in sorted(alive.items())])
    return findings or [
        ok(Words(f"processes of {service}: {names.en} alive and ready", f"{service} 的进程：{names.zh} 正常"))
    ]


def _of_one(process: RegisteredProcess, others: Iterable[RegisteredProcess]) -> Iterable[Finding]:
    subject = Words(f"process {process.name} {process.place}", f"进程 {process.name} {process.place}")
    if process.is_silent:
        yield _silent(subject, process, others)
        return
    if process.not_alive:
        problem = Words(f"is not alive: {process.not_alive}", f"已卡住：{process.not_alive}")
        yield broken(subject, problem, Words("restart it", "请重启该进程"))
    elif process.not_ready and process.running_seconds > STARTS_WITHIN:
        problem = Words(f"cannot work: {process.not_ready}", f"无法工作：{process.not_ready}")
        yield broken(subject, problem, Words("see its log", "详见其日志"))
    elif process.lag and (process.standing_seconds or 0) > STANDING:
        span = duration_words(process.standing_seconds or 0)
        problem = Words(
            f"is {process.lag:,} records behind, and a partition has not moved for {span.en}",
            f"落后 {process.lag:,} 条，有分区已{span.zh}没有推进",
        )
        yield warning(subject, problem, Words("the reason is in its log", "原因见其日志"))
    if abs(process.skew_seconds) > SKEW:
        yield skewed(subject, process.skew_seconds)


def _silent(subject: Words, process: RegisteredProcess, others: Iterable[RegisteredProcess]) -> Finding:
    seconds = f"{process.seen_seconds:.0f}"
    short = process.seen_seconds < 120
    span = Words(f"{seconds} seconds", f"{seconds}秒") if short else duration_words(process.seen_seconds)
    problem = Words(f"has not reported for {span.en}", f"已{span.zh}没有消息")
    if any(other.name == process.name and not other.is_silent for other in others):
        step = Words(
            "other processes do its work; it may have been killed. It disappears from this list after an hour",
            "其他进程在承担它的工作；如已被终止，一小时后不再显示",
        )
        return warning(subject, problem, step)
    step = Words(
        "restart it: it may have been killed, hang, or be unable to reach the database",
        "请重启；它可能被终止、卡住或连不上数据库",
    )
    return broken(subject, problem, step)


def _missing(role: str) -> Finding:
    step = Words(f"start it: `huying run {role}`", f"请启动：`huying run {role}`")
    return broken(Words(f"process {role}", f"进程 {role}"), Words("none runs", "没有在运行"), step)


def skewed(subject: Words, ahead: float) -> Finding:
    """The warning about a clock that is `ahead` seconds ahead of PostgreSQL's (negative: behind)."""
    seconds = f"{abs(ahead):,.0f}"
    problem = (
        Words(f"its clock is {seconds} s ahead of PostgreSQL's", f"时钟比数据库快 {seconds} 秒")
        if ahead > 0
        else Words(f"its clock is {seconds} s behind PostgreSQL's", f"时钟比数据库慢 {seconds} 秒")
    )
    return warning(subject, problem, Words("synchronise the clock by NTP", "请用 NTP 校时"))
