"""Compose starts each process once, with the settings that it reads."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.cli.processes import GATEWAY, processes, wrong_settings
from deploy.layout.product import described, readers
from shared.chassis.process.manifest import RelayProcess
from tests.deployment.files import DEPLOY, OTHERS, compose, compose_override, compose_variables, own
from tests.keys import KEYS

SERVICES = own(compose()["services"])
RUN = {name: service for name, service in SERVICES.items() if service["command"][0] == "run"}


def test_each_process_runs_once_under_its_own_name():
    assert [service["command"] for service in RUN.values()] == [["run", name] for name in RUN]
    assert sorted(RUN) == sorted(processes())


def test_only_migrations_run_beside_the_processes_and_all_wait_for_them():
    assert [service["command"] for name, service in SERVICES.items() if name not in RUN] == [["migrate"]]
    waiting = {service["depends_on"]["migrate"]["condition"] for service in RUN.values()}
    assert waiting == {"service_completed_successfully"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_process_gets_no_variable_that_it_does_not_read(name: str):
    known = {variable for variable, read_by in readers().items() if name in read_by}
    assert set(SERVICES[name]["environment"]) - OTHERS <= known


@pytest.mark.parametrize("name", RUN)
def test_a_process_can_start_with_its_settings(name: str, monkeypatch: pytest.MonkeyPatch):
    for variable in [name for name in os.environ if name.startswith(("HUYING_", "KAFKA_", "DATABASE_"))]:
        monkeypatch.delenv(variable)
    environment = SERVICES[name]["environment"] | {"HUYING_PUBLIC_URL": "http://127.0.0.1:8080"}
    secrets = {f"HUYING_{key.upper()}": value for key, value in KEYS.items()}
    for variable, value in environment.items():
        monkeypatch.setenv(variable, secrets.get(variable, str(value)))
    assert wrong_settings([name]) == []


@pytest.mark.parametrize("name", RUN)
def test_processes_send_requests_to_addresses_of_running_ones(name: str):
    environment = RUN[name]["environment"]
    for variable in ("HUYING_INTAKE_URL", "HUYING_REPORTING_URL", "HUYING_FEEDBACK_URL"):
        host, _, port = str(environment.get(variable, "")).removeprefix("http://").partition(":")
        listening = {"127.0.0.1": [name], "intake": ["gateway", "intake-api"]}.get(host, [host])
        assert not host or {str(RUN[process]["environment"]["HUYING_PORT"]) for process in listening} == {port}


def test_ports_and_health_checks_match_the_settings_of_the_processes():
    for name, service in RUN.items():
        environment = service["environment"]
        assert f"127.0.0.1:{environment['HUYING_HEALTH_PORT']}/readyz" in service["healthcheck"]["test"][-1]
        published = {str(port).rpartition(":")[2] for port in service.get("ports", [])}
        listening_ports = {str(environment[key]) for key in ("HUYING_PORT", "HUYING_MAIL_PORT") if key in environment}
        assert published <= listening_ports, name
    apis = [name for name, about in described().items() if about["kind"] == "api" and name != GATEWAY]
    assert {str(RUN[name]["environment"]["HUYING_PORT"]) for name in apis} == {"8080"}, "nginx.conf asks there"


def test_prometheus_and_grafana_use_addresses_of_running_processes():
    (job,) = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    (dns_config,) = job["dns_sd_configs"]
    health = {str(service["environment"]["HUYING_HEALTH_PORT"]) for service in RUN.values()}
    assert (sorted(dns_config["names"]), {str(dns_config["port"])}) == (sorted(RUN), health)
    (source,) = yaml.safe_load((DEPLOY / "compose" / "grafana-datasource.yaml").read_text("utf-8"))["datasources"]
    published = {str(port).rpartition(":")[2] for port in compose()["services"]["prometheus"]["ports"]}
    assert {source["url"].removeprefix("http://prometheus:")} == published


def test_either_the_gateway_or_separate_apis_and_relays_run():
    separate = {name for name, service in RUN.items() if "apart" in service.get("profiles", [])}
    assert RUN[GATEWAY]["profiles"] == ["together"]
    relays = {f"{name}-relay" for name in ("intake", "routing", "feedback", "reporting")}
    assert separate == relays | {f"{name}-api" for name in ("intake", "routing", "feedback", "reporting")}
    assert all(isinstance(processes()[name][0].by_process[name], RelayProcess) for name in relays)


def test_the_example_has_every_variable_of_compose_and_no_secret():
    lines = (DEPLOY / "compose" / "example.env").read_text("utf-8").splitlines()
    example = dict(line.lstrip("#").split("=", 1) for line in lines if line.lstrip("#").partition("=")[0].isupper())
    assert compose_variables() <= set(example)
    assert all(example[name] == "" for name in example if name.endswith(("SECRET", "KEY", "PASSWORD")))
    assert ".env" in (DEPLOY.parent / ".gitignore").read_text("utf-8").splitlines()


def test_the_example_of_an_override_gives_each_setting_to_every_process_that_reads_it():
    override = compose_override()["services"]
    assert set(override) <= set(RUN)
    for variable in {variable for service in override.values() for variable in service["environment"]}:
        given = {name for name, service in override.items() if variable in service["environment"]}
        assert given == set(readers()[variable]) & set(RUN), variable
    ignored = (DEPLOY.parent / ".gitignore").read_text("utf-8").splitlines()
    assert {"/deploy/compose/compose.override.yaml", "/deploy/compose/gateways.yaml"} <= set(ignored)


@pytest.mark.parametrize(("name", "service"), [(name, service) for name, service in compose()["services"].items()])
def test_mounted_files_of_this_repository_exist(name: str, service: dict[str, Any]):
    for volume in service.get("volumes", []):
        if volume.startswith("."):
            assert (DEPLOY / "compose" / Path(volume.partition(":")[0])).exists(), volume
