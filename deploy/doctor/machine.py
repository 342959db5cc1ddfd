"""Checks this machine and its settings: Python, disk space, file permissions, secrets, certificates."""

import shutil
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from deploy.local.state import MIN_FREE, is_open_to_others
from deploy.local.unknown_settings import unknown_settings
from shared.chassis.base.findings import Finding, Words, broken, ok, warning

CERTIFICATES: Final = ("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE")
RENEW_BEFORE: Final = timedelta(days=21)


def python() -> Finding:
    """Whether this Python is new enough."""
    name = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    subject = Words(name, name)
    needed = Words("3.11 or newer is needed", "需要 3.11 或更新版本")
    return ok(subject) if sys.version_info >= (3, 11) else broken(subject, needed)


def room(directory: Path) -> Finding:
    """Whether there is enough disk space for the database to grow."""
    subject = Words(f"data in {directory}", f"{directory} 中的数据")
    if not directory.exists():
        return ok(Words(f"{subject.en}: nothing is there yet", f"{subject.zh}：还没有数据"))
    free = shutil.disk_usage(directory).free
    free_space = f"{free // 1_000_000:,} MB"
    if free < MIN_FREE:
        problem = Words(f"{free_space} are free, and 1,000 MB are needed", f"只剩 {free_space}，至少需要 1,000 MB")
        return broken(subject, problem, Words("free some", "请清理磁盘"))
    return ok(Words(f"{subject.en}, {free_space} free", f"{subject.zh}，可用 {free_space}"))


def privacy(directory: Path) -> Finding:
    """Whether other users can read keys, logs or attachments."""
    subject = Words(f"privacy of {directory}", f"{directory} 的访问权限")
    names = ("", "logs", "attachments", "secrets.json", "channels.json", "runtime.json")
    is_open = [name for name in names if is_open_to_others(directory / name)]
    if is_open:
        files = ", ".join(name or "the folder itself" for name in is_open)
        files_zh = "、".join(name or "该文件夹本身" for name in is_open)
        command = f"chmod -R go-rw {directory}"
        problem = Words(f"others may read {files}", f"其他用户可以读取 {files_zh}")
        return warning(subject, problem, Words(command, command))
    return ok(
        Words(
            f"{subject.en}: only its owner can read keys, logs and attachments",
            f"{subject.zh}：密钥、日志和附件仅所有者可读",
        )
    )


def java() -> Finding:
    """Whether Java is installed; only a local Apache Kafka needs it."""
    if shutil.which("java"):
        return ok(Words("Java found", "已安装 Java"))
    return ok(
        Words("Java not found: only `--broker apache-kafka` needs it", "未安装 Java：仅 `--broker apache-kafka` 需要")
    )


def secrets(environment: Mapping[str, str]) -> Iterable[Finding]:
    """Findings about old secrets that the environment of this command still accepts."""
    if environment.get("HUYING_VAULT_OLD_KEY"):
        problem = Words("HUYING_VAULT_OLD_KEY is still set", "仍设置着 HUYING_VAULT_OLD_KEY")
        step = Words("run `huying vault rotate`, then remove the setting", "运行 `huying vault rotate` 后删除该设置")
        yield warning(Words("secrets", "密钥"), problem, step)
    if environment.get("HUYING_SECRET_PREVIOUS"):
        yield ok(
            Words(
                "secrets: HUYING_SECRET_PREVIOUS is still accepted; remove it 400 days after the change",
                "密钥：HUYING_SECRET_PREVIOUS 仍有效，更换满400天后可删除",
            )
        )


def settings(environment: Mapping[str, str]) -> Iterable[Finding]:
    """A warning for every variable of this command's environment that looks like a setting and is none."""
    step = Words("docs/settings.md lists all settings", "全部设置见 docs/settings.md")
    for unknown in unknown_settings(environment):
        yield warning(Words(f"setting {unknown.variable}", f"设置 {unknown.variable}"), unknown.words, step)


def certificates(environment: Mapping[str, str], at: datetime) -> Iterable[Finding]:
    """Findings about the expiry of the Kafka certificates in the environment of this command."""
    for variable in CERTIFICATES:
        if path := environment.get(variable):
            yield _certificate(variable, Path(path), at)


def _certificate(variable: str, path: Path, at: datetime) -> Finding:
    subject = Words(f"certificates of {variable}", f"{variable} 的证书")
    try:
        loaded = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as fault:
        return broken(subject, Words(f"cannot be read: {fault}", f"无法读取：{fault}"))
    until = min(certificate.not_valid_after_utc for certificate in loaded)
    validity = Words(f"valid until {until:%Y-%m-%d}", f"有效期至 {until:%Y-%m-%d}")
    renew = Words("renew them", "请更新证书")
    if until <= at:
        return broken(subject, Words(f"expired on {until:%Y-%m-%d}", f"已于 {until:%Y-%m-%d} 过期"), renew)
    if until - at < RENEW_BEFORE:
        return warning(subject, validity, renew)
    return ok(Words(f"{subject.en}: {validity.en}", f"{subject.zh}：{validity.zh}"))
