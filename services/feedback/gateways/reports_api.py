"""The HTTP routes by which gateways report the delivery of messages, each with a key of its own."""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from services.feedback.gateways.declared_parts import Reports, TextMessages
from services.feedback.gateways.recipients import Recipient
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.http.query_parameters import ForeignQuery
from shared.chassis.work.intent_reports import DeliveryReport, take_report
from shared.chassis.work.intents import IntentKind, IntentState
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text

log = structlog.get_logger()
MOST: Final = 500
"""At most so many reports are read from one request."""


@dataclass(frozen=True, slots=True)
class ReportHandler:
    """Handles delivery reports of the gateways that are declared with them."""

    pool: Pool
    kind: IntentKind[Recipient]
    declared: Mapping[str, TextMessages]
    clock: Callable[[], datetime] = now

    async def take(self, gateway: str, request: Request) -> Response:
        """Handle all reports of a request in one transaction; raises `Refused` if the key is wrong."""
        rules = self._told(gateway, _key(request))
        reports = [
            report
            for parameters in _sent(await request.body(), request)
            if (report := _read(gateway, rules, parameters))
        ]
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            # In the order of the ids, so that two requests cannot deadlock.
            for report in sorted(reports, key=lambda report: str(report.id or report.reference)):
                if not await take_report(db, self.kind, report, self.clock()):
                    log.warning("a delivery report for an unknown message", gateway=gateway, why=report.state)
        return PlainTextResponse(rules.answer)

    def _told(self, gateway: str, key: str) -> Reports:
        declared = self.declared.get(gateway)
        reports = declared.reports if declared else None
        matches = [hmac.compare_digest(known.encode(), key.encode()) for known in (reports.keys if reports else ())]
        if reports is None or not any(matches):
            en, zh = f"this key is not the key of the gateway {gateway}", f"密钥与网关 {gateway} 不符"
            raise Refused(Code.UNAUTHENTICATED, en, zh, (FieldError("key", zh, en, API_KEY),))
        return reports


def _key(request: Request) -> str:
    return request.headers.get("X-API-Key") or request.query_params.get("key", "")


def _sent(body: bytes, request: Request) -> Iterator[Mapping[str, Any]]:
    """The parameters of each report, from JSON with one report or a list, from a form, or from the URL."""
    query = dict(request.query_params)
    if "json" in request.headers.get("Content-Type", "") or body[:1] in (b"[", b"{"):
        try:
            sent = json.loads(body)
        except ValueError:
            en, zh = "the body is not JSON", "请求内容不是 JSON"
            raise Refused(Code.INVALID, en, zh, (FieldError("body", zh, en),)) from None
        for item in (sent if isinstance(sent, list) else [sent])[:MOST]:
            if isinstance(item, dict):
                yield query | item
    else:
        yield query | dict(parse_qsl(body.decode("utf-8", "replace")))


def _read(gateway: str, reports: Reports, parameters: Mapping[str, Any]) -> DeliveryReport | None:
    """The report, read by the names that the gateway uses; None if it changes nothing."""
    reported_state = str(parameters.get(reports.state, "")).strip().casefold()
    states = {
        IntentState.DELIVERED: reports.delivered,
        IntentState.FAILED: reports.failed,
        IntentState.SENT: reports.accepted,
    }
    state = next(
        (state for state, words in states.items() if reported_state in {word.casefold() for word in words}), None
    )
    id, reference = _uuid(str(parameters.get(reports.id, ""))), str(parameters.get(reports.reference, ""))
    if state is None or not (id or reference):
        log.warning("a delivery report with an unknown state", gateway=gateway, why=reported_state[:40])
        return None
    return DeliveryReport(
        gateway, id, reference, state, f"{reported_state} {parameters.get(reports.cause, '')}".strip()[:200]
    )


def _uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None


def routes(reports: ReportHandler) -> APIRouter:
    """The routes of all gateways."""
    router = APIRouter(tags=["inbound"], route_class=ForeignQuery)

    async def receive(gateway: Text, request: Request) -> Response:
        """Take delivery reports of a gateway, by GET, as a form, or as JSON with one report or a list.

        The key of the gateway's declaration goes into the address (`?key=`) or the header `X-API-Key`.
        """
        return await reports.take(gateway, request)

    for method, name in (("GET", "receive_report"), ("POST", "receive_reports")):
        router.add_api_route(
            "/inbound/reports/{gateway}", receive, methods=[method], name=name, response_class=PlainTextResponse
        )
    return router
