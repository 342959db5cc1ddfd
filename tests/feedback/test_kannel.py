"""A message leaves through a real SMS gateway, Debian's Kannel with its fake message centre, which reports it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

from deploy.local.ports import free_port
from services.feedback import app
from services.feedback.gateways.declared import HttpSms, declared
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.settings import FeedbackSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import server, web_app
from tests.eventually import eventually
from tests.feedback.office import Book, heard, send_all, sending, states, told_here
from tests.feedback.test_sending import WITH_CONTACT
from tests.intake.inbound.test_kannel import FAKE_CENTRE, pytestmark, running, says
from tests.keys import KEYS

__all__ = ["pytestmark"]
KEY = "0123456789abcdef"
KANNEL = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = none
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-interface = 127.0.0.1
http-request-retry = 3

group = sendsms-user
username = huying
password = of-the-tests
concatenation = true
max-messages = 5

group = sms-service
keyword = default
text = "no"
"""
OURS = """
gateways:
  sms:
    kind: http-sms
    url: http://127.0.0.1:{sending}/cgi-bin/sendsms
    method: GET
    query:
      username: huying
      password: of-the-tests
      from: "12345"
      to: "{{to}}"
      text: "{{text}}"
      coding: "2"
      charset: UTF-8
      dlr-mask: "31"
      dlr-url: "http://127.0.0.1:{ours}/inbound/reports/sms?key={key}&ref={{id}}&status=%d&reason=%A"
    signature: 【呼应】
    answers:
      - {{outcome: sent, status: [202], body: "^[03]:"}}
    reports:
      key: {key}
      id: ref
      state: status
      cause: reason
      delivered: ["1"]
      failed: ["2", "16"]
      accepted: ["4", "8"]
use: {{phone: sms}}
"""


@asynccontextmanager
async def reporting(pool: Pool, file: Path, port: int) -> AsyncIterator[None]:
    """Feedback's API, where Kannel reports."""
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "gateways": file})
    served = server(web_app("feedback", app.api(settings, pool).routers), "127.0.0.1", port)
    task = asyncio.create_task(served.serve())
    yield
    served.should_exit = True
    await task


async def test_a_message_through_kannel_arrives_with_its_signature_and_is_reported_as_delivered(
    pool: Pool, repository: Book, tmp_path: Path
):
    ports = {name: free_port() for name in ("admin", "boxes", "centre", "sending", "ours")}
    config, file = tmp_path / "kannel.conf", tmp_path / "gateways.yaml"
    config.write_text(KANNEL.format(**ports))
    file.write_text(OURS.format(**ports, key=KEY))
    told = declared(file).gateways["sms"]
    assert isinstance(told, HttpSms)
    await heard(pool, repository, WITH_CONTACT)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(reporting(pool, file, ports["ours"]))
        bearer = await stack.enter_async_context(running(tmp_path, "bearerbox", "bearerbox", str(config)))
        await says(bearer, "MAIN: Start-up done, entering mainloop")
        await stack.enter_async_context(running(tmp_path, "smsbox", "smsbox", str(config)))
        await says(bearer, "Client connected")
        centre = await stack.enter_async_context(
            running(tmp_path, "fakesmsc", str(FAKE_CENTRE), "-H", "127.0.0.1", "-r", str(ports["centre"]),
                    "-m", "0", "1 2 text never sent")
        )  # fmt: skip
        await says(bearer, "Fakesmsc client connected")
        gateway = HttpSmsGateway("sms", told)
        await send_all(sending(pool, repository, gateway))
        await gateway.close()
        parts = re.findall(r"<12345 13800078000 udh \S+ data (\S+)>", await says(centre, "Got message 2"))
        words = b"".join(unquote_to_bytes(part.replace("+", " ")) for part in parts).decode("utf-16-be")
        assert words.startswith("【呼应】您的诉求已收到")
        assert words.removeprefix("【呼应】") == await pool.fetchval("SELECT body ->> 'text' FROM intent")
        await eventually(lambda: states(pool), lambda found: found == [("delivered", None)], within=30)
    assert await told_here(pool) == ["demand.notification-sent.v1"]
