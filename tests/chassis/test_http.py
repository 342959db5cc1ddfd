"""Metrics and traces of a request name the service that answered, and nothing about who sent it."""

from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter
from opentelemetry import trace
from prometheus_client import REGISTRY

from services.reporting.drilldown.api import routes
from shared.chassis.http.app import web_app
from shared.chassis.http.problem_details import AWAY, refusal_of
from tests.packs import shipped


async def test_requests_are_measured_by_service():
    figures: Any = None  # the database is not used: the jurisdiction is refused before
    web = web_app("gateway", [routes(figures, figures, shipped())])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://gateway") as client:
        assert (await client.get("/v1/figures/completion/demands?jurisdiction=atlantis")).status_code == 422
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.get("/livez")).status_code == 200
    labels = {
        (sample.labels["service"], sample.labels["route"])
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "huying_http_request_seconds_count"
    }
    assert {("reporting", "/v1/figures/completion/demands"), ("none", "unmatched"), ("none", "/livez")} <= labels


async def test_figures_of_the_process_are_not_on_its_public_port():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web_app("x", [])), base_url="http://x") as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, "huying_" in answer.text) == (404, False)


async def test_no_trace_records_the_secret_codes_of_links(monkeypatch: pytest.MonkeyPatch):
    names: list[str] = []

    class Tracing(trace.TracerProvider):
        def get_tracer(self, *told: Any, **named: Any) -> trace.Tracer:
            names.append("a tracer")
            return trace.NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Tracing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web_app("x", [])), base_url="http://x") as client:
        assert (await client.get("/livez?code=secret")).status_code == 200
    assert not names


def test_a_query_on_a_connection_that_the_server_is_closing_raises_database_away():
    fault = asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
    assert refusal_of(fault, "/v1/demands") is AWAY


async def test_a_method_that_is_not_possible_is_told_with_all_that_are():
    router = APIRouter(prefix="/v1")
    router.add_api_route("/things/{id}", lambda id: id, methods=["GET"])
    router.add_api_route("/things/{id}", lambda id: id, methods=["POST"])
    router.add_api_route("/things/latest", lambda: 1, methods=["PUT"])
    router.add_api_route("/removals", lambda: 1, methods=["DELETE"])
    web = web_app("x", [router])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://x") as client:
        for method, path, allowed in (
            ("PATCH", "/v1/things/7", "GET, HEAD, POST"),
            ("OPTIONS", "/v1/things/latest", "GET, HEAD, POST, PUT"),
            ("GET", "/v1/removals", "DELETE"),
            ("POST", "/livez", "GET, HEAD"),
        ):
            refused = await client.request(method, path)
            assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
            (error,) = refused.json()["errors"]
            assert (error["example"], allowed in error["detail"]) == (allowed.partition(",")[0], True)
