"""Whatever is sent to an API, its answer is one that its OpenAPI document tells of, and never a fault.

`HUYING_TEST_EXAMPLES=500` sends more than the few requests for each operation of an ordinary run.
"""

import asyncio
import os
import re
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from deploy.cli.openapi import document
from tests.api.fronts import Front, front

LONGEST_URL = 8000  # what servers read at all
EXAMPLES = int(os.environ.get("HUYING_TEST_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
def test_an_api_keeps_to_its_document(service: str, database: str, monkeypatch: pytest.MonkeyPatch):
    # Most of the requests have a wrong code. tests/intake/test_notes.py tests how long an answer to it waits.
    monkeypatch.setattr("services.intake.tracking.lookup.LONGEST_PAUSE", 0.0)
    with asyncio.Runner() as runner:
        opened = front(service, database)
        served = runner.run(opened.__aenter__())
        wrong = [
            f"{operation.label} ({mode.value}): {fault}"
            for operation in operations(served)
            for mode in GenerationMode
            for fault in faults(runner, served, operation, mode)
        ]
        runner.run(opened.__aexit__(None, None, None))
    assert not wrong, "\n\n".join(wrong)


def test_every_model_of_the_document_has_a_name_that_client_generators_can_use():
    models = asyncio.run(document())["components"]["schemas"]
    assert len(models) > 100
    twice = [name for name in models if "__" in name]
    assert not twice, f"two models of one name cannot be told apart: {twice}"
    own = [
        name
        for name, model in models.items()
        if re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() in model.get("properties", {})
    ]
    assert not own, f"a model with a property of its own name cannot be read by the Python client: {own}"


def operations(served: Front) -> list[APIOperation[Any, Any, Any, Any]]:
    """Everything that the document of the API describes."""
    document = schemathesis.openapi.from_dict(served.web.openapi())
    return [found.ok() for found in document.get_all_operations()]


def faults(runner: asyncio.Runner, served: Front, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode):
    """What is wrong with the answers of an operation, at addresses that lead somewhere and at others."""
    known = {one.name: served.known[one.name] for one in operation.path_parameters if one.name in served.known}
    for parameters in [known, {}] if known else [{}]:
        strategy = operation.as_strategy(mode, path_parameters=parameters or None)

        @seed(1335)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=strategy)
        def asked(case: Case) -> None:
            case.validate_response(runner.run(send(served, case)), checks=CHECKS)

        try:
            asked()
        except Unsatisfiable:
            continue  # the document allows everything here: no request is wrong
        except FailureGroup as found:
            yield "\n".join(map(str, found.exceptions))


async def send(served: Front, case: Case) -> httpx.Response:
    """The answer to a case, sent with the keys that open the API."""
    told = requests.Request(**case.as_transport_kwargs(base_url=str(served.client.base_url).rstrip("/"))).prepare()
    headers = {
        name: value for name, value in told.headers.items() if name.lower() not in ("authorization", "x-api-key")
    }
    assume(len(told.url or "") < LONGEST_URL)
    body = told.body.encode() if isinstance(told.body, str) else told.body
    request = httpx.Request(told.method or "GET", told.url or "", headers=headers | served.opens, content=body)
    return await served.client.send(request)
