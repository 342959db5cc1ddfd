"""Every service says in a manifest what it is made of, and the command knows of it by that alone."""

from pathlib import Path

import pytest

from deploy.cli.processes import GATEWAY, processes, services_of
from deploy.cli.services import SERVICE_NAMES, manifests
from deploy.local import deployment
from shared.chassis.database.pool import open_pool
from shared.chassis.http.body_limit import CREDENTIALS, MAX_BODY, BodyLimits
from shared.chassis.process.manifest import RelayProcess
from shared.contracts.demand.state import Service
from tests.architecture.interpreter import COMMON, modules_after
from tests.keys import KEYS

ROOT = Path(__file__).parents[2]
NOWHERE = "postgresql://127.0.0.1:1/none"
STARTED = ("routing-worker", "intake-mail", "feedback-relay", "reporting-projector")


def test_every_folder_of_a_service_has_a_manifest_of_its_name():
    folders = {path.parent.name for path in (ROOT / "services").glob("*/app.py")}
    assert folders == set(SERVICE_NAMES) == {service.name for service in manifests()} == set(Service)


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_service_offers_an_api_a_listener_and_its_relays(name: str):
    (service,) = services_of(f"{name}-api")
    assert service.migrations == ROOT / "services" / name / "migrations"
    assert service.listener in service.processes
    assert [spec.suffix for spec in service.processes if isinstance(spec, RelayProcess)] == ["relay"]
    assert len(service.by_process) == len(service.processes), "two processes of one name"


def test_processes_are_called_as_ever():
    """Supervisors of other people's machines start them by these names."""
    assert set(processes()) == {
        "gateway", "intake-api", "intake-worker", "intake-relay", "intake-mail", "routing-api", "routing-worker",
        "routing-relay", "feedback-api", "feedback-worker", "feedback-relay", "reporting-api", "reporting-projector",
        "reporting-relay",
    }  # fmt: skip


def test_the_local_deployment_starts_the_gateway_and_every_listener():
    listeners = [f"{service.name}-{service.listener.suffix}" for service in manifests()]
    assert list(deployment.PROCESSES) == [GATEWAY, *listeners]


def test_a_process_loads_the_code_of_its_own_service_alone():
    settings = [f"import deploy.cli.processes as p; p.settings_of({process!r})" for process in STARTED]
    found = modules_after(settings, COMMON).values()
    services = [{name.split(".")[1] for name in names if name.startswith("services.")} for names in found]
    assert services == [{process.partition("-")[0]} for process in STARTED]


@pytest.mark.parametrize("process", ["routing-wroker", "mailroom-api", "routing", "gateway-api", ""])
def test_a_process_that_nobody_offers_is_not_known(process: str):
    with pytest.raises(KeyError):
        services_of(process)


async def limits_of(name: str) -> BodyLimits:
    """How large bodies may be at the API of a service; no connection is opened."""
    (service,) = services_of(f"{name}-api")
    async with await open_pool(NOWHERE, name) as pool:
        api = service.api(service.settings.model_validate(KEYS | {"DATABASE_URL": NOWHERE}), pool)
    return BodyLimits.of(api.routers)


@pytest.fixture(scope="module")
async def of_intake() -> BodyLimits:
    """How large bodies may be at the API of intake."""
    return await limits_of("intake")


@pytest.mark.parametrize(
    ("path", "header", "size"),
    [
        ("/v1/demands", None, 65_536),
        ("/v1/demands", b"x-demand-code", MAX_BODY),
        ("/v1/demands", b"x-api-key", MAX_BODY),
        ("/v1/demands", b"authorization", MAX_BODY),
        ("/v1/imports", None, 65_536),
        ("/v1/imports", b"x-api-key", 16 * MAX_BODY),
        ("/v1/attachments", b"x-api-key", 21 * MAX_BODY),
        ("/open311/v2/requests.json", None, 21 * MAX_BODY),
        ("/raise", None, 32 * MAX_BODY),
        ("/inbound/sms/hotline", None, MAX_BODY),
        ("/inbound/wechat/account", None, MAX_BODY),
    ],
)
async def test_intake_takes_larger_bodies_where_they_are_needed(
    of_intake: BodyLimits, path: str, header: bytes | None, size: int
):
    assert of_intake.at(path, {header: b"k"} if header else {})[0] == size


async def test_routing_takes_long_forms_at_the_desk_alone():
    limits = await limits_of("routing")
    sizes = {(larger.path, larger.header, larger.size) for larger in limits.larger}
    assert sizes == {("/desk/cases/", "Cookie", 48 * 1_048_576), ("/desk/", None, 262_144)}
    assert limits.at("/desk/cases/NH26-000001-4/attach", {})[0] == 65_536, "who has not signed in"
    assert limits.at("/v1/cases/bulk", {})[0] == 65_536


@pytest.mark.parametrize("name", sorted({*SERVICE_NAMES} - {"intake", "routing"}))
async def test_no_other_service_takes_larger_bodies(name: str):
    assert await limits_of(name) == BodyLimits((), tuple(header.lower().encode() for header in CREDENTIALS))
