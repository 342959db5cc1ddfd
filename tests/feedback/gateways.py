"""Helpers for tests of gateways: a message with its values, and its recipient."""

from typing import Any
from uuid import UUID

from services.feedback.gateways.declared_sms import HttpSms
from services.feedback.gateways.recipients import ContactMethod, Recipient
from shared.chassis.work.intents import Intent
from tests import story

ID = UUID("0b6f4c1e-5a51-4b61-9a51-9c2f0e6a4d11")
NUMBER = "NH21-000001-W"
URL = "https://huying.example.gov.cn/follow/abc.def"
TO = Recipient(ContactMethod.PHONE, "13800138000", b"m", "sms")


def message(template: str = "resolved", text: str = f"您的诉求{NUMBER}已有答复。查看：{URL}", **values: str) -> Intent:
    """A message about a demand, as the queue returns it."""
    body: dict[str, Any] = {
        "template": template,
        "text": text,
        "number": NUMBER,
        "channel_kind": "web",
        "values": {"number": NUMBER, "url": URL, **values},
    }
    return Intent(ID, "message", story.ID, story.ID, "line", body)


def sms(**declaration: Any) -> HttpSms:
    """A declared gateway."""
    return HttpSms.model_validate({"kind": "http-sms", "url": "http://sms.example/send"} | declaration)
