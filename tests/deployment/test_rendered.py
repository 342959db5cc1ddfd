"""The chart, rendered by Helm for each value file and validated by schemas."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import yaml

from deploy.cli.processes import processes, wrong_settings
from deploy.layout.paths import ANY
from deploy.layout.product import described, paths, readers
from tests.deployment.files import CHART, DEPLOY, OTHERS, ROOT, compose, compose_override, value_files
from tests.keys import KEYS

pytestmark = pytest.mark.deploy
TOOLS = ROOT / "build" / "checks" / "bin"
LOOK = (str(TOOLS / "python"), str(ROOT / "tests" / "deployment" / "look.py"))
HERE = {"publicUrl": "https://huying.example.gov.cn"}
SCALED = {"enabled": True}
HALF_WAY = HERE | {"image": {"tag": "2.0.0"}, "processes": {"routing-worker": {"image": "huying:1.0.0"}}}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a process that nobody offers": (
        HERE | {"processes": {"routing-wroker": {"enabled": True}}},
        r"there is no such process; one of: .*routing-worker",
    ),
    "a setting that nobody reads": (HERE | {"settings": {"HUYING_LOG_LEVLE": "debug"}}, "is no setting of Huying"),
    "a setting of the chart's own": (HERE | {"settings": {"HUYING_PORT": 80}}, "is set by the chart itself"),
    "a secret that is a setting too": (
        HERE | {"settings": {"HUYING_SECRET": "x"}},
        "HUYING_SECRET stands in both settings and secrets",
    ),
    "more readers than partitions": (
        HERE | {"processes": {"routing-worker": {"autoscaling": {"enabled": True, "maxReplicas": 13}}}},
        "is more than the 12 partitions",
    ),
    "no address of the pages": ({}, "publicUrl is missing"),
    "a route without its Gateway": (HERE | {"httpRoute": {"enabled": True}}, "httpRoute.parentRefs is missing"),
    "a value that the chart does not have": (HERE | {"replicaCount": 2}, "replicaCount"),
    "nobody who answers": (HERE | {"processes": {"intake-api": {"enabled": False}}}, "nobody would answer for intake"),
    "a password for Kafka that KEDA cannot read": (
        HERE | {"kinds": {"consumer": {"autoscaling": SCALED}}, "settings": {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}},
        "secrets.KAFKA_SASL_PASSWORD is missing",
    ),
}


def without_digest(composed: Mapping[str, Any]) -> dict[str, Any]:
    """The tool takes a tag or a digest of an image; Docker takes both."""
    answer: dict[str, Any] = json.loads(re.sub(r"@sha256:[0-9a-f]{64}", "", json.dumps(composed)))
    return answer


def another_log_level() -> dict[str, Any]:
    small = value_files()["small"]
    return small | {"settings": small.get("settings", {}) | {"HUYING_LOG_LEVEL": "warning"}}


def dashboards() -> dict[str, dict[str, Any]]:
    files = (DEPLOY / "observability" / "dashboards").glob("*.json")
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(files)}


def mistyped() -> dict[str, Any]:
    """A dashboard with fields that Grafana does not know: in a panel, and in the options of its kind."""
    found = dashboards()["promise"]
    panel = next(panel for panel in found["panels"] if panel["type"] == "timeseries")
    panel["gridPoss"] = panel.pop("gridPos")
    panel["fieldConfig"]["defaults"]["custom"] = {"lineWitdh": 2}
    return found


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    """The results of the tools: for the chart with each value file and with invalid values, and for compose files."""
    refused = {name: values for name, (values, _) in REFUSED.items()}
    wrong = {"services": {"routing-worker": {"image": "huying", "read_onyl": True}}}
    request = {
        "chart": str(CHART),
        "kubernetes": ["1.37"],
        "values": value_files() | refused | {"half-way": HALF_WAY, "another log level": another_log_level()},
        "compose": {"ours": without_digest(compose()), "override": compose_override(), "wrong": wrong},
        "dashboards": dashboards() | {"wrong": mistyped()},
    }
    process = subprocess.run(LOOK, input=json.dumps(request), capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, process.stderr
    answer: dict[str, Any] = json.loads(process.stdout)
    return answer


@pytest.fixture(params=value_files())
def documents(request: pytest.FixtureRequest, results: dict[str, Any]) -> list[dict[str, Any]]:
    """The chart rendered with one value file."""
    chart = results["charts"][request.param]
    assert "documents" in chart, chart
    answer: list[dict[str, Any]] = chart["documents"]
    return answer


def of_kind(documents: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [document for document in documents if document["kind"] == kind]


def pods(documents: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The command, the pod and the container of every process, and of the migrations."""
    for document in documents:
        if document["kind"] in ("Deployment", "Job"):
            template = document["spec"]["template"]
            (container,) = template["spec"]["containers"]
            yield container["args"][-1], template, container


def named(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: container for name, _, container in pods(documents)}


@pytest.mark.parametrize("name", value_files())
def test_rendered_value_files_pass_lint_and_the_schemas_of_kubernetes_and_operators(name: str, results: dict[str, Any]):
    chart = results["charts"][name]
    assert (chart.get("refused"), chart["lint"], chart["wrong"]) == (None, [], [])
    assert chart["documents"]


def test_the_value_files_cover_every_kind_of_object_of_the_chart(results: dict[str, Any]):
    kinds = {document["kind"] for name in value_files() for document in results["charts"][name]["documents"]}
    assert kinds == {
        "Deployment", "Job", "Service", "ServiceAccount", "PersistentVolumeClaim", "PodDisruptionBudget", "Ingress",
        "HTTPRoute", "NetworkPolicy", "HorizontalPodAutoscaler", "ScaledObject", "TriggerAuthentication",
        "ServiceMonitor", "PrometheusRule", "ConfigMap", "Pod",
    }  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_invalid_values_are_refused_with_a_reason(name: str, results: dict[str, Any]):
    assert re.search(REFUSED[name][1], results["charts"][name].get("refused", "")), results["charts"][name]


def test_compose_files_match_their_specification(results: dict[str, Any]):
    assert (results["compose"]["ours"], results["compose"]["override"]) == (None, None)
    assert "read_onyl" in results["compose"]["wrong"]


def test_dashboards_match_the_definition_of_grafana(results: dict[str, Any]):
    found: dict[str, list[str]] = dict(results["dashboards"])
    wrong = found.pop("wrong")
    assert found == {name: [] for name in dashboards()}
    assert {words.rpartition(".")[2] for words in wrong} == {"gridPoss is no field", "lineWitdh is no field"}


def test_the_dockerfile_is_clean():
    process = subprocess.run([TOOLS / "hadolint", DEPLOY / "image" / "Dockerfile"], capture_output=True, text=True)
    assert (process.returncode, process.stdout) == (0, "")


def test_per_service_values_start_every_process_once(results: dict[str, Any]):
    started = [name for name, _, _ in pods(results["charts"]["scaled"]["documents"])]
    assert sorted(started) == sorted([*processes(), "migrate"])


def test_a_process_can_stay_at_the_previous_version_in_an_upgrade(results: dict[str, Any]):
    images = {name: container["image"] for name, container in named(results["charts"]["half-way"]["documents"]).items()}
    assert images.pop("routing-worker") == "huying:1.0.0"
    assert set(images.values()) == {"huying:2.0.0"}


def test_each_pod_runs_one_process_with_the_settings_that_it_reads(documents: list[dict[str, Any]]):
    for name, container in named(documents).items():
        known = {variable for variable, read_by in readers().items() if name in read_by}
        variables = [variable["name"] for variable in container["env"]]
        assert len(variables) == len(set(variables))
        assert set(variables) - OTHERS <= known, name
        assert container["args"] == (["migrate"] if name == "migrate" else ["run", name])


def test_every_process_can_start_with_the_settings_of_its_pod(
    documents: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
):
    file = tmp_path_factory.mktemp("mounted") / "file"
    file.write_text("gateways: {}\nuse: {}\n")
    secrets = {f"HUYING_{key.upper()}": value for key, value in KEYS.items()}
    for name, container in named(documents).items():
        if name == "migrate":
            continue
        with monkeypatch.context() as environment:
            for variable in [name for name in os.environ if name.startswith(("HUYING_", "KAFKA_", "DATABASE_"))]:
                environment.delenv(variable)
            for variable in container["env"]:
                value = variable.get("value", secrets.get(variable["name"], "a secret of somebody"))
                environment.setenv(variable["name"], str(file) if value.endswith("/file") else value)
            assert wrong_settings([name]) == []


def test_secrets_come_from_a_kubernetes_secret(documents: list[dict[str, Any]]):
    for name, container in named(documents).items():
        for variable in container["env"]:
            secret = variable["name"].endswith(("SECRET", "_KEY", "PASSWORD")) or variable["name"] == "DATABASE_URL"
            assert not secret or "secretKeyRef" in variable.get("valueFrom", {}), (name, variable)


def test_probes_and_services_use_the_ports_of_the_process(documents: list[dict[str, Any]]):
    ports: dict[str, set[str]] = {}
    for name, container in named(documents).items():
        if name == "migrate":
            continue
        env = {variable["name"]: variable.get("value") for variable in container["env"]}
        container_ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
        wanted = {"health": env["HUYING_HEALTH_PORT"], "http": env.get("HUYING_PORT")}
        wanted["lmtp"] = env.get("HUYING_MAIL_PORT")
        assert container_ports == {port: number for port, number in wanted.items() if number}, name
        probes = [container[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")]
        assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
        assert {probe["port"] for probe in probes} <= set(container_ports)
        ports[name] = set(container_ports)
    for service in of_kind(documents, "Service"):
        component = service["spec"]["selector"].get("app.kubernetes.io/component")
        reached = ports[component] if component else set.intersection(*ports.values())
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= reached


def selected(selector: Mapping[str, str], documents: list[dict[str, Any]]) -> list[str]:
    """The processes whose pods a selector finds."""
    labels = {name: template["metadata"]["labels"] for name, template, _ in pods(documents)}
    return [name for name, own in labels.items() if name != "migrate" and selector.items() <= own.items()]


@pytest.mark.parametrize(
    ("kind", "selector_of"),
    [
        ("Deployment", lambda spec: spec["selector"]["matchLabels"]),
        ("PodDisruptionBudget", lambda spec: spec["selector"]["matchLabels"]),
        ("NetworkPolicy", lambda spec: spec["podSelector"]["matchLabels"]),
    ],
)
def test_selectors_of_a_process_match_only_its_pods(
    documents: list[dict[str, Any]], kind: str, selector_of: Callable[[Any], Mapping[str, str]]
):
    for document in of_kind(documents, kind):
        (name,) = selected(selector_of(document["spec"]), documents)
        assert document["metadata"]["name"] == f"huying-{name}"


def led_to(documents: list[dict[str, Any]]) -> list[tuple[str, str, str | int]]:
    """Every path with the service and the port that the ingress or the route of a Gateway leads it to."""
    found: list[tuple[str, str, str | int]] = []
    for ingress in of_kind(documents, "Ingress"):
        (rule,) = ingress["spec"]["rules"]
        assert {entry["pathType"] for entry in rule["http"]["paths"]} == {"Prefix"}
        backends = [(entry["path"], entry["backend"]["service"]) for entry in rule["http"]["paths"]]
        found += [(path, service["name"], service["port"]["name"]) for path, service in backends]
    for route in of_kind(documents, "HTTPRoute"):
        assert len(route["spec"]["rules"]) <= 16, "a Gateway takes no more"
        for rule in route["spec"]["rules"]:
            (backend,) = rule["backendRefs"]
            assert {match["path"]["type"] for match in rule["matches"]} == {"PathPrefix"}
            found += [(match["path"]["value"], backend["name"], backend["port"]) for match in rule["matches"]]
    return found


def test_every_path_is_routed_to_a_process_that_answers_it(documents: list[dict[str, Any]]):
    services = {document["metadata"]["name"]: document["spec"] for document in of_kind(documents, "Service")}
    led = led_to(documents)
    assert sorted(path for path, _, _ in led) == sorted(paths())
    for path, name, port in led:
        owner = paths()[path]
        assert port in {known for item in services[name]["ports"] for known in (item["name"], item["port"])}
        (process,) = selected(services[name]["selector"], documents)
        answering = described()[process]["service"]
        assert answering in ("gateway", owner) or owner == ANY, path


def test_consumers_scale_by_the_lag_of_their_group_and_never_beyond_its_partitions(results: dict[str, Any]):
    for values in ("scaled", "external"):
        documents = results["charts"][values]["documents"]
        listeners = {service.listener.consumer: service for (*_, service) in processes().values()}
        scaled = of_kind(documents, "ScaledObject")
        assert len(scaled) == 4
        for spec in (document["spec"] for document in scaled):
            (trigger,) = spec["triggers"]
            service = listeners[trigger["metadata"]["consumerGroup"]]
            assert spec["scaleTargetRef"]["name"] == f"huying-{service.name}-{service.listener.suffix}"
            assert (trigger["metadata"]["topic"],) == service.listener.topics
            about = described()[f"{service.name}-{service.listener.suffix}"]
            assert spec["maxReplicaCount"] <= about["topics"][trigger["metadata"]["topic"]]
            behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
            for change in ("scaleUp", "scaleDown"):
                (policy,) = behavior[change]["policies"]
                assert (policy["type"], policy["periodSeconds"]) == ("Pods", 60), "each change stops the whole group"
                assert policy["value"] <= 2


def test_keda_uses_the_same_kafka_credentials_as_the_processes(results: dict[str, Any]):
    documents = results["charts"]["external"]["documents"]
    (authentication,) = of_kind(documents, "TriggerAuthentication")
    shown = {
        document["parameter"]: (document["name"], document["key"])
        for document in authentication["spec"]["secretTargetRef"]
    }
    env = {variable["name"]: variable for variable in named(documents)["routing-worker"]["env"]}
    for parameter, variable in {"username": "KAFKA_SASL_USERNAME", "password": "KAFKA_SASL_PASSWORD"}.items():
        reference = env[variable]["valueFrom"]["secretKeyRef"]
        assert shown[parameter] == (reference["name"], reference["key"])
    for document in of_kind(documents, "ScaledObject"):
        (trigger,) = document["spec"]["triggers"]
        assert trigger["authenticationRef"] == {"name": authentication["metadata"]["name"]}
        assert (trigger["metadata"]["sasl"], trigger["metadata"]["tls"]) == ("scram_sha512", "enable")


def test_only_processes_with_several_pods_have_a_disruption_budget(documents: list[dict[str, Any]]):
    scaled = {
        document["spec"]["scaleTargetRef"]["name"]: document["spec"].get("minReplicas")
        or document["spec"]["minReplicaCount"]
        for kind in ("HorizontalPodAutoscaler", "ScaledObject")
        for document in of_kind(documents, kind)
    }
    several = {
        document["metadata"]["name"]
        for document in of_kind(documents, "Deployment")
        if document["spec"].get("replicas", scaled.get(document["metadata"]["name"], 1)) > 1
    }
    budgets = of_kind(documents, "PodDisruptionBudget")
    assert {budget["metadata"]["name"] for budget in budgets} == several
    assert {budget["spec"]["unhealthyPodEvictionPolicy"] for budget in budgets} <= {"AlwaysAllow"}


def test_a_changed_setting_rolls_out_the_pods_that_read_it(results: dict[str, Any]):
    """Settings stand in the pods themselves: there is no config map of them, whose change nobody would notice."""
    small, other = (
        {name: container["env"] for name, container in named(results["charts"][which]["documents"]).items()}
        for which in ("small", "another log level")
    )
    assert {name for name in small if small[name] != other[name]} == {
        name for name in small if name in readers()["HUYING_LOG_LEVEL"]
    }


def test_helm_test_runs_the_doctor_with_the_settings_of_the_migrations(documents: list[dict[str, Any]]):
    (pod,) = of_kind(documents, "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    (doctor,) = pod["spec"]["containers"]
    assert doctor["command"] == ["sh", "-c", "huying doctor; test $? -le 1"]
    assert doctor["env"] == named(documents)["migrate"]["env"]
    assert {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"} <= {variable["name"] for variable in doctor["env"]}


def test_pods_have_no_privileges_and_write_only_to_allowed_places(documents: list[dict[str, Any]]):
    user = re.search(r"^USER (\d+):\d+$", (DEPLOY / "image" / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert user
    (doctor,) = of_kind(documents, "Pod")
    for name, template, container in [*pods(documents), ("doctor", doctor, doctor["spec"]["containers"][0])]:
        pod, own = template["spec"]["securityContext"], container["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"]) == (True, int(user[1])), name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["readOnlyRootFilesystem"]
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert not own["allowPrivilegeEscalation"]
        assert template["spec"]["automountServiceAccountToken"] is False
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts == {volume["name"] for volume in template["spec"]["volumes"]} >= {"tmp"}


def test_relays_run_inside_the_consumer_or_separately_and_never_both(results: dict[str, Any]):
    for values in value_files():
        running = named(results["charts"][values]["documents"])
        consumers = {name for name, about in described().items() if about["kind"] == "consumer"}
        for name in consumers & set(running):
            env = {variable["name"]: variable.get("value") for variable in running[name]["env"]}
            apart = f"{described()[name]['service']}-relay" in running
            assert env["HUYING_RELAY_INSIDE"] == ("false" if apart else "true")


def test_processes_send_requests_to_existing_services(documents: list[dict[str, Any]]):
    services = {f"http://{service['metadata']['name']}" for service in of_kind(documents, "Service")}
    for container in named(documents).values():
        env = {variable["name"]: variable.get("value") for variable in container["env"]}
        asked = ("HUYING_INTAKE_URL", "HUYING_REPORTING_URL", "HUYING_FEEDBACK_URL")
        addresses = {env[name] for name in asked if name in env}
        assert addresses <= services


def test_large_numbers_reach_a_process_in_figures(results: dict[str, Any]):
    env = named(results["charts"]["scaled"]["documents"])["intake-api"]["env"]
    pixels = next(variable for variable in env if variable["name"] == "HUYING_ATTACHMENT_MAX_PIXELS")
    assert pixels["value"] == "40000000"


def test_migrations_run_before_an_installation_and_an_upgrade(documents: list[dict[str, Any]]):
    (job,) = of_kind(documents, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_the_rules_of_the_chart_equal_the_shipped_file_and_link_to_the_given_documents(results: dict[str, Any]):
    (rule,) = of_kind(results["charts"]["scaled"]["documents"], "PrometheusRule")
    shipped = yaml.safe_load((DEPLOY / "observability" / "rules.yaml").read_text("utf-8"))
    for group in shipped["groups"]:
        for alert in group["rules"]:
            if "annotations" in alert:
                link = alert["annotations"]["runbook_url"]
                alert["annotations"]["runbook_url"] = f"https://git.example.gov.cn/huying/{link}"
    assert rule["spec"] == shipped


def test_dashboards_are_config_maps_that_grafanas_sidecar_finds(results: dict[str, Any]):
    maps = of_kind(results["charts"]["scaled"]["documents"], "ConfigMap")
    for item in maps:
        assert item["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert item["metadata"]["annotations"] == {"grafana_folder": "Huying"}
    rendered = {name: json.loads(text) for item in maps for name, text in item["data"].items()}
    files = (DEPLOY / "observability" / "dashboards").glob("*.json")
    assert rendered == {f"huying-{path.name}": json.loads(path.read_text("utf-8")) for path in files}
    assert of_kind(results["charts"]["small"]["documents"], "ConfigMap") == [], "they are off unless they are wanted"


def test_prometheus_keeps_our_word_for_a_service(results: dict[str, Any]):
    (monitor,) = of_kind(results["charts"]["scaled"]["documents"], "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    selector = monitor["spec"]["selector"]["matchLabels"].items()
    services = of_kind(results["charts"]["scaled"]["documents"], "Service")
    (found,) = (service for service in services if selector <= service["metadata"]["labels"].items())
    assert endpoint["port"] in {port["name"] for port in found["spec"]["ports"]}
    (job,) = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert job["honor_labels"] is True
