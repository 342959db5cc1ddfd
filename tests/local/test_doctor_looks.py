"""The doctor's checks of topics, migrations, certificates, secrets and processes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.cli.services import manifests
from deploy.doctor import broker, machine, processes
from deploy.doctor.broker import TopicState
from deploy.local.ports import free_port
from shared.chassis.base.findings import Severity, Words, broken
from shared.chassis.database import doctor_checks as database_checks
from shared.chassis.http.app import web_app
from shared.chassis.process.service_checks import SCHEMA, Questions
from shared.contracts.topics import DEMAND_EVENTS
from tests.chassis.test_process_checks import process
from tests.serving import served

NOW: Final = datetime(2026, 12, 1, tzinfo=UTC)
REPAIR: Final = Path(__file__).parents[2] / "docs" / "operating" / "repair.md"


def parts(count: int = 12, replicas: int = 3, isr: int | None = None) -> list[dict[str, Any]]:
    return [{"replicas": list(range(replicas)), "isr": list(range(replicas if isr is None else isr))}] * count


@pytest.mark.parametrize(
    ("state", "severity", "words"),
    [
        (None, Severity.BROKEN, "is missing: run `huying migrate`"),
        (TopicState(parts(), 3, "-1"), Severity.OK, "12 partitions"),
        (TopicState(parts(), 3, None), Severity.OK, "12 partitions"),
        (TopicState(parts(replicas=1), 1, "-1"), Severity.OK, "12 partitions"),
        (TopicState(parts(4), 3, "-1"), Severity.BROKEN, "12 are needed"),
        (TopicState(parts(isr=2), 3, "-1"), Severity.WARNING, "12 of them lack a copy"),
        (TopicState(parts(replicas=1), 3, "-1"), Severity.WARNING, "has only one copy, although there are 3 brokers"),
        (TopicState(parts(), 3, "604800000"), Severity.WARNING, "keeps records for 604800000 ms only"),
    ],
)
def test_a_topic_is_checked_by_partitions_replicas_and_retention(
    state: TopicState | None, severity: Severity, words: str
):
    finding = broker.judged(DEMAND_EVENTS, state)
    assert (finding.severity, words in str(finding)) == (severity, True), str(finding)


FILES = ("20261101000000_journal", "20261203120000_process")


@pytest.mark.parametrize(
    ("applied", "severity", "words"),
    [
        ((), Severity.BROKEN, "schema of routing: is missing: run `huying migrate`"),
        (("20261101000000",), Severity.BROKEN, "1 migration pending: 20261203120000_process"),
        (("20261101000000", "20261203120000"), Severity.OK, "schema of routing is up to date"),
        (
            ("20261101000000", "20261203120000", "29990101000000"),
            Severity.WARNING,
            "of a newer version: 29990101000000",
        ),
    ],
)
def test_migrations_that_are_pending_and_those_of_a_newer_version_are_named(
    applied: tuple[str, ...], severity: Severity, words: str
):
    finding = database_checks.judged("routing", FILES, applied)
    assert (finding.severity, words in str(finding)) == (severity, True), str(finding)


def certificate(folder: Path, end: datetime) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    signed_certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(NOW - timedelta(days=900)).not_valid_after(end).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "kafka.pem"
    path.write_bytes(signed_certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.mark.parametrize(("days", "severity"), [(300, Severity.OK), (20, Severity.WARNING), (-1, Severity.BROKEN)])
def test_a_certificate_is_named_three_weeks_before_its_end(tmp_path: Path, days: int, severity: Severity):
    environment = {"KAFKA_SSL_CERTFILE": certificate(tmp_path, NOW + timedelta(days=days))}
    assert [finding.severity for finding in machine.certificates(environment, NOW)] == [severity]


def test_a_certificate_that_cannot_be_read_is_broken(tmp_path: Path):
    environment = {"KAFKA_SSL_CAFILE": str(tmp_path / "missing.pem")}
    assert [finding.severity for finding in machine.certificates(environment, NOW)] == [Severity.BROKEN]


def test_previous_secrets_are_named():
    assert list(machine.secrets({})) == []
    settings = machine.secrets({"HUYING_SECRET_PREVIOUS": "x", "HUYING_VAULT_OLD_KEY": "y"})
    assert [finding.severity for finding in settings] == [Severity.WARNING, Severity.OK]


@pytest.fixture
async def stuck() -> AsyncIterator[str]:
    """The address of a process whose liveness probe fails."""

    async def wrong() -> str:
        return "stands at 7 for 61 s"

    config = uvicorn.Config(web_app("health", [], alive=[wrong]), port=free_port(), log_level="critical")
    async with served(config) as url:
        yield url


async def test_a_process_is_probed_at_its_registered_address_and_an_unreachable_one_is_no_fault(
    stuck: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    unreachable = f"http://127.0.0.1:{free_port()}"
    rows = [
        process(host="here", health=stuck), process(host="here", health=unreachable),
        process(host="elsewhere", health=stuck), process(host="here", health=stuck, seen_seconds=90.0), process(),
    ]  # fmt: skip
    finding = await processes.registered_findings(rows)
    assert [(entry.severity, entry.check) for entry in finding] == [
        (Severity.BROKEN, "health"),
        (Severity.OK, "health"),
    ]
    assert "is not alive: stands at 7 for 61 s" in str(finding[0])
    assert "0 processes answer, 1 cannot be reached from this machine" in str(finding[1])
    assert await processes.registered_findings(rows, checked_urls=[stuck, unreachable]) == []


async def test_a_process_that_accepts_a_request_without_responding_hangs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "here")

    async def nothing(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    monkeypatch.setattr(httpx.AsyncClient, "_transport_for_url", lambda *_: httpx.MockTransport(nothing))
    (finding,) = await processes.registered_findings([process(host="here", health="http://127.0.0.1:1")])
    assert finding.severity is Severity.BROKEN
    assert "does not answer /livez" in str(finding)


def test_the_repair_page_has_advice_for_every_check():
    checks = {SCHEMA, "machine", "health", "broker", "topics", "readers", "database", "service"}
    for service in manifests():
        checks |= set(Questions(service, {}).names())
    assert names_in("Findings, and what to do") == checks


def test_the_repair_page_explains_every_field_for_scripts():
    finding = broken(Words("a", "甲"), Words("b", "乙"), Words("c", "丙")).document()
    assert names_in("For scripts") == {"exit_code", "findings", *finding}
    assert {severity.name.lower() for severity in Severity} <= set(REPAIR.read_text("utf-8").split("`"))


def names_in(chapter: str) -> set[str]:
    """The names in the first column of a chapter's table."""
    text = REPAIR.read_text("utf-8").split(f"## {chapter}\n")[1].split("\n## ")[0]
    return {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}


def test_a_folder_that_others_may_read_is_named_in_both_languages(tmp_path: Path):
    (tmp_path / "secrets.json").touch(0o644)
    for path in (tmp_path, tmp_path / "secrets.json"):
        path.chmod(path.stat().st_mode | 0o044)
    finding = machine.privacy(tmp_path)
    assert "others may read the folder itself, secrets.json" in str(finding)
    assert "其他用户可以读取 该文件夹本身、secrets.json" in finding.in_chinese()
