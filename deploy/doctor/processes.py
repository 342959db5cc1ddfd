"""Checks processes over HTTP: whether they exist, are alive (`/livez`) and ready (`/readyz`)."""

import asyncio
import os
import socket
from collections.abc import Collection, Sequence
from typing import Final

import httpx

from deploy.local.health import Health, client
from deploy.local.state import Runtime
from shared.chassis.base.findings import Finding, Words, broken, named, ok, warning
from shared.chassis.http.probe_headers import PROCESS
from shared.chassis.process.doctor_checks import RegisteredProcess

LIVE_WITHIN: Final = 3.0


async def deployment_findings(runtime: Runtime) -> list[Finding]:
    """Findings about every process that `make up` has started here, and about the pages."""
    findings = await asyncio.gather(*(_child(runtime, name, pid) for name, pid in runtime.pids.items()))
    subject = Words(f"pages at {runtime.url}", f"页面 {runtime.url}")
    pages = await _asked(subject, Health(runtime.url, runtime.deployment), runtime.log_dir)
    return named("health", [*findings, pages, *restarts(runtime)])


async def _child(runtime: Runtime, name: str, pid: int) -> Finding:
    subject = Words(f"process {name}, pid {pid}", f"进程 {name}（pid {pid}）")
    if name in runtime.given_up:
        cause = runtime.given_up[name]
        return broken(Words(f"process {name}", f"进程 {name}"), Words(cause, cause))
    log = f"{runtime.log_dir}/{name}.log"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        step = Words(f"see {log}, then run `make up` again", f"查看 {log}，再运行 `make up`")
        return broken(subject, Words("is gone", "已不存在"), step)
    except PermissionError:
        pass
    if name not in runtime.health:
        return ok(Words(f"{subject.en} is there", f"{subject.zh} 在运行"))
    return await _asked(subject, Health(runtime.health[name], runtime.deployment), log)


async def _asked(subject: Words, health: Health, log: str) -> Finding:
    for path in ("/livez", "/readyz"):
        if problem := await health.wrong(path):
            return broken(subject, Words(problem, problem), Words(f"look into {log}", f"查看 {log}"))
    return ok(Words(f"{subject.en} is alive and ready", f"{subject.zh} 正常"))


def _times(count: str) -> str:
    return "once" if count == "1" else f"{count} times"


def restarts(runtime: Runtime) -> list[Finding]:
    """Warnings about processes that were restarted since `make up`."""
    return [
        warning(
            Words(f"process {name}", f"进程 {name}"),
            Words(
                f"was restarted since `make up`, {_times(count)}, last at {at}: {cause}",
                f"自 `make up` 以来重启了 {count} 次，最近在 {at}，原因：{cause}",
            ),
        )
        for name, (at, count, cause) in runtime.restarts.items()
    ]


async def at(urls: Sequence[str]) -> tuple[list[Finding], list[str]]:
    """Findings about the processes at the URLs of `--health`, and the names of these processes."""
    names = await asyncio.gather(*(_name_of(url) for url in urls))
    nameless = Words("without a name", "（未署名）")
    findings = await asyncio.gather(
        *(
            _asked(
                Words(f"process {name or nameless.en} at {url}", f"进程 {name or nameless.zh}（{url}）"),
                Health(url.rstrip("/")),
                "its log",
            )
            for url, name in zip(urls, names, strict=True)
        )
    )
    return named("health", findings), [name for name in names if name]


async def _name_of(url: str) -> str:
    try:
        async with client() as asking:
            return str((await asking.get(f"{url.rstrip('/')}/livez")).headers.get(PROCESS, ""))
    except (httpx.HTTPError, httpx.InvalidURL):
        return ""


async def registered_findings(
    processes: Sequence[RegisteredProcess], checked_urls: Collection[str] = ()
) -> list[Finding]:
    """Asks the processes that are registered for `/livez`, but for those in `checked_urls`; one that cannot
    be reached from here may be well, and its row says how it is."""
    reachable = [process for process in processes if _can_be_asked(process) and process.health not in checked_urls]
    answers = await asyncio.gather(*(_livez(process) for process in reachable))
    findings = [answer for answer in answers if isinstance(answer, Finding)]
    answering, unreachable = answers.count(True), answers.count(False)
    if answering or unreachable:
        words = Words(f"/livez: {answering} processes answer", f"/livez：{answering} 个进程有回应")
        if unreachable:
            more = Words(f", {unreachable} cannot be reached from this machine", f"，{unreachable} 个从本机无法访问")
            words = Words(words.en + more.en, words.zh + more.zh)
        findings.append(ok(words))
    return named("health", findings)


def _can_be_asked(process: RegisteredProcess) -> bool:
    """Whether a process can be asked from here: a silent one has a finding already, and a loopback address of another
    host cannot be reached."""
    if not process.health or process.is_silent:
        return False
    loopback = (httpx.URL(process.health).host or "").startswith(("127.", "::1", "localhost"))
    return not loopback or process.host == socket.gethostname()


async def _livez(process: RegisteredProcess) -> Finding | bool:
    """A finding if the process is not alive; True if it is alive, False if it cannot be reached from this machine."""
    subject = Words(f"process {process.full_name} at {process.health}", f"进程 {process.full_name}（{process.health}）")
    restart = Words("restart it", "请重启该进程")
    try:
        async with client(httpx.Timeout(LIVE_WITHIN, connect=1)) as asking:
            answer = await asking.get(f"{process.health}/livez")
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return False
    except httpx.HTTPError:
        problem = Words(
            f"does not answer /livez within {LIVE_WITHIN:.0f} s", f"/livez 在 {LIVE_WITHIN:.0f} 秒内没有回应"
        )
        return broken(subject, problem, restart)
    if answer.is_success:
        return True
    return broken(subject, Words(f"is not alive: {answer.text[:300]}", f"已卡住：{answer.text[:300]}"), restart)
