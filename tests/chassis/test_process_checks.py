"""The doctor's findings about the registered processes of a service."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.chassis.base.findings import Severity
from shared.chassis.process.doctor_checks import RegisteredProcess, judged

ROLES = {"routing-api": ("gateway", "routing-api"), "routing-worker": ("routing-worker",)}


def process(name: str = "routing-worker", **changes: Any) -> RegisteredProcess:
    values: dict[str, Any] = {
        "name": name, "instance": "a", "host": "h", "health": "", "version": "1", "seen_seconds": 3.0,
        "started_at": datetime(2026, 12, 1, tzinfo=UTC), "running_seconds": 600.0, "skew_seconds": 0.0,
        "not_alive": "", "not_ready": "", "lag": 0, "standing_seconds": 0.0,
    }  # fmt: skip
    return RegisteredProcess(**values | changes)


def found(*processes: RegisteredProcess) -> list[tuple[Severity, str]]:
    return [(finding.severity, str(finding)) for finding in judged("routing", ROLES, processes)]


def test_healthy_processes_are_one_line():
    (line,) = found(process("gateway"), process())
    assert line == (Severity.OK, "processes of routing: gateway, routing-worker alive and ready")
    (several,) = found(process("gateway"), process(), process(instance="b"))
    assert several == (Severity.OK, "processes of routing: gateway, routing-worker × 2 alive and ready")


def test_without_registered_processes_the_state_is_unknown():
    ((severity, words),) = found()
    assert severity is Severity.NOT_LOOKED_AT
    assert "none is registered" in words


def test_a_part_of_the_service_that_runs_nowhere_is_broken():
    ((severity, words),) = found(process("routing-api"))
    assert severity is Severity.BROKEN
    assert words == "process routing-worker: none runs: start it: `huying run routing-worker`"


def test_the_last_of_its_name_that_is_silent_is_broken_and_one_of_several_is_not():
    silent = process(seen_seconds=180.0)
    alone = found(process("gateway"), silent)
    assert [severity for severity, _ in alone] == [Severity.BROKEN]
    assert "has not reported for 3 minutes" in alone[0][1]
    assert "for 50 seconds" in found(process("gateway"), process(seen_seconds=50.0))[0][1]
    ((severity, words),) = found(process("gateway"), silent, process(instance="b"))
    assert severity is Severity.WARNING
    assert "other processes do its work" in words


@pytest.mark.parametrize(
    ("changes", "severity", "words"),
    [
        ({"not_alive": "stands at 7"}, Severity.BROKEN, "is not alive: stands at 7: restart it"),
        ({"not_ready": "no broker"}, Severity.BROKEN, "cannot work: no broker"),
        (
            {"lag": 9, "standing_seconds": 61.0},
            Severity.WARNING,
            "is 9 records behind, and a partition has not moved",
        ),
        ({"skew_seconds": 3.0}, Severity.WARNING, "its clock is 3 s ahead of PostgreSQL's"),
        ({"skew_seconds": -120.0}, Severity.WARNING, "its clock is 120 s behind PostgreSQL's"),
    ],
)
def test_the_reasons_that_a_process_reports_are_shown(changes: dict[str, Any], severity: Severity, words: str):
    ((found_severity, line),) = found(process("gateway"), process(**changes))
    assert (found_severity, words in line) == (severity, True), line


@pytest.mark.parametrize(
    "changes", [{"not_ready": "starting", "running_seconds": 5.0}, {"lag": 900, "standing_seconds": 2.0}]
)
def test_a_process_that_starts_or_works_off_a_backlog_is_healthy(changes: dict[str, Any]):
    ((severity, _),) = found(process("gateway"), process(**changes))
    assert severity is Severity.OK


def test_a_row_is_read_as_it_was_reported():
    row = process(lag=None, standing_seconds=None)
    assert RegisteredProcess.of_document(row.document()) == row
