"""A message is sent through a real SMS gateway, Debian's Kannel with its fake message centre, which reports its
delivery."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.ports import free_port
from services.feedback import app
from services.feedback.gateways.declared import declared
from services.feedback.gateways.declared_sms import HttpSms
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.settings import FeedbackSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import server, web_app
from tests.eventually import eventually
from tests.feedback.senders import Repo, feedback_after, recorded_types, send_all, sending, states
from tests.feedback.test_sending import WITH_CONTACT
from tests.kannel import kannel, kannel_installed, kannel_ports, says, words_of
from tests.keys import KEYS

pytestmark = kannel_installed
KEY = "0123456789abcdef"
SERVICES = """
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
    """Feedback's API, to which Kannel sends reports."""
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "gateways": file})
    application_server = server(web_app("feedback", app.api(settings, pool).routers), "127.0.0.1", port)
    task = asyncio.create_task(application_server.serve())
    yield
    application_server.should_exit = True
    await task


async def test_a_message_through_kannel_arrives_with_its_signature_and_is_reported_as_delivered(
    pool: Pool, repository: Repo, tmp_path: Path
):
    ports, file, our_port = kannel_ports(), tmp_path / "gateways.yaml", free_port()
    file.write_text(OURS.format(**ports, ours=our_port, key=KEY))
    declaration = declared(file).gateways["sms"]
    assert isinstance(declaration, HttpSms)
    await feedback_after(pool, repository, WITH_CONTACT)
    async with (
        reporting(pool, file, our_port),
        kannel(tmp_path, ports, SERVICES) as gateway_running,
        gateway_running.centre(0, "1 2 text never sent") as centre,
    ):
        await says(gateway_running.bearer, "Fakesmsc client connected")
        gateway = HttpSmsGateway("sms", declaration)
        await send_all(sending(pool, repository, gateway))
        await gateway.close()
        parts = re.findall(r"<12345 13800078000 udh \S+ data (\S+)>", await says(centre, "Got message 2"))
        words = b"".join(map(words_of, parts)).decode("utf-16-be")
        assert words.startswith("【呼应】您的诉求已收到")
        assert words.removeprefix("【呼应】") == await pool.fetchval("SELECT body ->> 'text' FROM intent")
        await eventually(lambda: states(pool), lambda found: found == [("delivered", None)], within=30)
    assert await recorded_types(pool) == ["demand.notification-sent.v1"]
