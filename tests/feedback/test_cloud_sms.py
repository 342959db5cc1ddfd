"""Text messages by Aliyun and Tencent Cloud: signed like their own SDKs, with approved templates and without links."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from alibabacloud_openapi_util.client import Client as AliyunOracle
from Tea.request import TeaRequest
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.sms.v20210111.sms_client import SmsClient

from services.feedback import app
from services.feedback.gateways.cloud_sms import CloudSmsGateway, outcome_of
from services.feedback.gateways.declared import declared
from services.feedback.gateways.declared_clouds import Aliyun, Tencent
from services.feedback.settings import FeedbackSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown
from tests.feedback.gateways import ID, NUMBER, TO, message
from tests.feedback.senders import Repo, feedback_after, send_all, sending, states
from tests.feedback.test_sending import WITH_CONTACT
from tests.keys import KEYS

AT = datetime(2026, 11, 29, 9, 30, 5, tzinfo=UTC)
TEMPLATES = {"resolved": {"id": "SMS_1", "variables": {"no": "{number}", "link": "{url_path}"}}}
KEY = "0123456789abcdef"
ALIYUN = {"kind": "aliyun-sms", "key_id": "LTAI", "secret": "s3cret", "signature": "【呼应】", "templates": TEMPLATES}
TENCENT = {
    "kind": "tencent-sms", "secret_id": "AKID", "secret": "s3cret", "app_id": "1400", "signature": "【呼应】",
    "templates": TEMPLATES,
}  # fmt: skip
Answer = Callable[[httpx.Request], httpx.Response]


def aliyun(answer: Answer, **options: Any) -> CloudSmsGateway:
    return _gateway(Aliyun.model_validate(ALIYUN | options), answer)


def tencent(answer: Answer, **options: Any) -> CloudSmsGateway:
    return _gateway(Tencent.model_validate(TENCENT | options), answer)


def _gateway(declaration: Aliyun | Tencent, answer: Answer) -> CloudSmsGateway:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return CloudSmsGateway("sms", declaration, client, clock=lambda: AT)


class Cloud:
    """Returns a fixed answer and keeps the requests."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.answer, self.status = answer, status
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, json=self.answer)


async def test_a_request_to_aliyun_has_an_approved_template_and_the_signature_of_its_sdk():
    cloud = Cloud({"Code": "OK", "Message": "OK", "BizId": "123^0", "RequestId": "r"})
    assert await aliyun(cloud).send(message(), TO) == Sent("123^0")
    (request,) = cloud.asked
    query = dict(parse_qsl(request.url.query.decode()))
    assert json.loads(query["TemplateParam"]) == {"no": NUMBER, "link": "follow/abc.def"}
    assert (query["PhoneNumbers"], query["SignName"], query["TemplateCode"], query["OutId"]) == (
        "13800138000", "呼应", "SMS_1", str(ID),
    )  # fmt: skip
    oracle = TeaRequest()
    oracle.method, oracle.pathname, oracle.query = "POST", "/", query
    oracle.headers = {
        name: request.headers[name] for name in request.headers if name == "host" or name.startswith("x-acs")
    }
    payload = request.headers["x-acs-content-sha256"]
    expected = AliyunOracle.get_authorization(oracle, "ACS3-HMAC-SHA256", payload, "LTAI", "s3cret")
    assert request.headers["Authorization"] == expected
    assert request.headers["x-acs-date"] == "2026-11-29T09:30:05Z"


async def test_a_request_to_tencent_has_an_approved_template_and_the_signature_of_its_sdk():
    status = {"SerialNo": "2640:1", "Code": "Ok", "Message": "send success", "Fee": 1}
    cloud = Cloud({"Response": {"SendStatusSet": [status], "RequestId": "r"}})
    assert await tencent(cloud).send(message(), TO) == Sent("2640:1")
    (sent_request,) = cloud.asked
    body = json.loads(sent_request.content)
    assert body["PhoneNumberSet"] == ["+8613800138000"]
    assert (body["TemplateId"], body["TemplateParamSet"], body["SignName"]) == (
        "SMS_1", [NUMBER, "follow/abc.def"], "呼应",
    )  # fmt: skip
    oracle = SmsClient(Credential("AKID", "s3cret"), "ap-guangzhou")
    request = RequestInternal(urlsplit(str(sent_request.url)).netloc, "POST", "/")
    with patch("tencentcloud.common.abstract_client.time.time", lambda: AT.timestamp()):
        oracle._build_req_with_tc3_signature("SendSms", body, request)
    for name in ("Authorization", "Host", "X-TC-Action", "X-TC-Timestamp", "X-TC-Version", "X-TC-Region"):
        assert sent_request.headers[name] == request.header[name]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", TryAgain("isv.BUSINESS_LIMIT_CONTROL m", 60.0)),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", TryAgain("LimitExceeded.PhoneNumberThirtySecondLimit m", 60.0)),
        ("LimitExceeded.DeliveryFrequencyLimit", RetryLater("LimitExceeded.DeliveryFrequencyLimit m")),
        ("Throttling.User", RetryLater("Throttling.User m")),
        ("SignatureDoesNotMatch", RetryLater("SignatureDoesNotMatch m")),
        ("AuthFailure.SignatureFailure", RetryLater("AuthFailure.SignatureFailure m")),
        ("isv.AMOUNT_NOT_ENOUGH", RetryLater("isv.AMOUNT_NOT_ENOUGH m")),
        ("isv.MOBILE_NUMBER_ILLEGAL", NotReached("isv.MOBILE_NUMBER_ILLEGAL m")),
        ("FailedOperation.PhoneNumberInBlacklist", NotReached("FailedOperation.PhoneNumberInBlacklist m")),
        ("isv.SMS_TEMPLATE_ILLEGAL", Rejected("isv.SMS_TEMPLATE_ILLEGAL m")),
        ("isp.SYSTEM_ERROR", Unknown("isp.SYSTEM_ERROR m")),
        ("InternalError.Timeout", Unknown("InternalError.Timeout m")),
        ("", Unknown("m")),
    ],
)
def test_the_code_of_a_refused_message_decides_the_outcome(code: str, outcome: Outcome):
    assert outcome_of(code, "m") == outcome


async def test_a_refusal_of_the_whole_request_is_read_from_its_place_in_each_response():
    refusing = Cloud({"Code": "InvalidAccessKeyId.NotFound", "Message": "no"}, status=404)
    assert await aliyun(refusing).send(message(), TO) == RetryLater("InvalidAccessKeyId.NotFound no")
    refusing = Cloud({"Response": {"Error": {"Code": "AuthFailure", "Message": "no"}, "RequestId": "r"}})
    assert await tencent(refusing).send(message(), TO) == RetryLater("AuthFailure no")


async def test_a_timeout_is_an_unknown_outcome_and_a_refused_connection_sent_nothing():
    def silent(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent")

    def shut(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("shut")

    def broken(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text="<html>")

    assert isinstance(await aliyun(silent).send(message(), TO), Unknown)
    assert isinstance(await tencent(broken).send(message(), TO), Unknown)
    assert isinstance(await tencent(shut).send(message(), TO), RetryLater)


async def test_nothing_is_sent_without_an_approved_template_or_with_a_link_in_a_variable():
    cloud = Cloud({})
    assert await aliyun(cloud).send(message("progressed"), TO) == Rejected(
        "sms accepts only approved templates, and none is set for 'progressed'"
    )
    templates = {"resolved": {"id": "SMS_1", "variables": {"words": "{result}"}}}
    linked = message(result="看 http://x.example/a")
    assert await tencent(cloud, templates=templates).send(linked, TO) == Rejected(
        "sms accepts no links, but the variable 'words' contains one"
    )
    assert cloud.asked == []


async def test_a_variable_is_as_short_as_the_operator_allows():
    templates = {"resolved": {"id": "SMS_1", "variables": {"words": "{result}"}}}
    cloud = Cloud({"Code": "OK", "BizId": "b"})
    await aliyun(cloud, templates=templates, variable_length=12).send(message(result="校车接送点没有风雨棚" * 5), TO)
    query = dict(parse_qsl(cloud.asked[0].url.query.decode()))
    assert len(json.loads(query["TemplateParam"])["words"]) == 12


@pytest.mark.parametrize(
    ("declaration", "sentence"),
    [
        ("templates: {resolved: {id: SMS_1, variables: {link: '{url}'}}}", "'link' is a whole link, which is refused"),
        ("templates: {}", "Dictionary should have at least 1 item"),
        ("signature: 呼应\n    templates: {resolved: {id: SMS_1}}", "String should match pattern"),
    ],
)
def test_a_declaration_that_the_operator_would_refuse_is_an_error_with_its_reason(
    tmp_path: Path, declaration: str, sentence: str
):
    file = tmp_path / "gateways.yaml"
    signature = "" if "signature" in declaration else "signature: 【呼应】\n    "
    file.write_text(
        "gateways:\n  sms:\n    kind: aliyun-sms\n    key_id: k\n    secret: s\n"
        f"    {signature}{declaration}\nuse: {{phone: sms}}\n"
    )
    with pytest.raises(ValueError, match="sms") as error:
        declared(file)
    assert sentence in str(error.value)


REPORTS = {
    "aliyun-sms": (
        "key_id: LTAI",
        "id: out_id, reference: biz_id, state: success, cause: err_code, delivered: ['true'], failed: ['false']",
        {"phone_number": "13800138000", "success": True, "err_code": "DELIVERED", "biz_id": "b^0"},
    ),
    "tencent-sms": (
        "secret_id: AKID\n    app_id: '1400'",
        "reference: sid, state: report_status, cause: errmsg, delivered: [SUCCESS], failed: [FAIL]",
        {"mobile": "13800138000", "report_status": "SUCCESS", "errmsg": "DELIVRD", "sid": "b^0"},
    ),
}


@pytest.mark.parametrize("kind", REPORTS)
async def test_a_report_in_the_operators_format_says_that_a_message_arrived(
    pool: Pool, repository: Repo, tmp_path: Path, kind: str
):
    fields, names, report = REPORTS[kind]
    file = tmp_path / "gateways.yaml"
    file.write_text(
        f"gateways:\n  sms:\n    kind: {kind}\n    {fields}\n    secret: s\n    signature: 【呼应】\n"
        "    templates: {submitted: {id: SMS_1, variables: {code: '{number}'}}}\n"
        f"    reports: {{key: {KEY}, {names}, answer: '{{\"code\": 0}}'}}\nuse: {{phone: sms}}\n"
    )
    declaration = declared(file).gateways["sms"]
    assert isinstance(declaration, Aliyun | Tencent)
    accepted = {"Code": "OK", "BizId": "b^0", "Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "b^0"}]}}
    await feedback_after(pool, repository, WITH_CONTACT)
    await send_all(sending(pool, repository, _gateway(declaration, Cloud(accepted))))
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "gateways": file})
    application = web_app("feedback", app.api(settings, pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://here") as client:
        answer = await client.post("/inbound/reports/sms", params={"key": KEY}, json=[report])
    assert (answer.status_code, answer.text) == (200, '{"code": 0}')
    assert await states(pool) == [("delivered", None)]
