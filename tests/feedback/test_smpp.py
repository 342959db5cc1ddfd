"""Text messages by SMPP 3.4 through a message centre of another library: parts, receipts, codes, a lost bind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import smpp34

from deploy.local.ports import free_port
from services.feedback.gateways.assembled import connect_reports
from services.feedback.gateways.declared import declared
from services.feedback.gateways.declared_sms import Smpp
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.gateways.smpp import SmppGateway
from services.feedback.gateways.smpp_outcomes import outcome_of
from services.feedback.gateways.smpp_pdus import UCS2, delivered, parts_of, receipt_of
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_reports import DeliveryReport
from shared.chassis.work.intents import IntentState, NotReached, Rejected, RetryLater, Sent, TryAgain, Unknown
from tests.eventually import eventually
from tests.feedback.gateways import ID, message
from tests.feedback.senders import Repo, feedback_after, recorded_types, send_all, sending, states
from tests.feedback.test_sending import WITH_CONTACT

TO = Recipient(ContactMethod.PHONE, "13800138000", b"m", "sms")
NOT_NOW = 0x64
"""The status that asks the centre to send the same again later."""
LONG = "您的诉求已有答复：路灯已经修好。😀" * 12


@dataclass
class Centre:
    """A message centre that accepts every part, unless `answer` returns something else, and can send receipts."""

    server: smpp34.Server
    answer: Callable[[smpp34.SubmitSmEvent, str], None] = lambda part, id: part.accept(id)
    reports: str = ""
    taken: list[smpp34.SubmitSmEvent] = field(default_factory=list)
    bound: list[smpp34.Esme] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)

    async def serve(self) -> None:
        while True:
            match await self.server.next():
                case smpp34.Esme() as bound:
                    self.bound.append(bound)
                case smpp34.SubmitSmEvent() as part:
                    self.taken.append(part)
                    id = f"a{len(self.taken)}"
                    self.answer(part, id)
                    if self.reports and part.registered_delivery == 1:
                        await self.report(id)

    async def report(self, id: str, kind: int = 0x04) -> None:
        """Send it, and again for as long as it cannot be taken yet, as message centres do."""
        words = f"id:{id} sub:001 dlvrd:001 submit date:2611290900 done date:2611290901 stat:{self.reports} err:000"
        while True:
            response = await self.bound[-1].deliver_sm(
                "12345", words.encode(), source_addr="13800138000", esm_class=kind
            )
            self.acknowledged.append(response.command_status)
            if response.command_status != NOT_NOW:
                return
            await asyncio.sleep(0.1)


@pytest.fixture
async def centre() -> AsyncIterator[tuple[Centre, int]]:
    """A message centre and its port."""
    port = free_port()
    server = Centre(smpp34.Server("127.0.0.1", port, system_id="centre"))
    await server.server.start()
    task = asyncio.create_task(server.serve())
    yield server, port
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.server.stop()


def declaration(port: int, **options: Any) -> Smpp:
    return Smpp.model_validate(
        {"kind": "smpp", "host": "127.0.0.1", "port": port, "system_id": "huying", "source": "12345", "timeout": 5}
        | options
    )


async def no_pause(_: float) -> None:
    """A pause that ends at once."""
    await asyncio.sleep(0)


async def test_a_chinese_text_is_sent_in_parts_and_the_last_receipt_says_that_it_arrived(
    pool: Pool, repository: Repo, centre: tuple[Centre, int]
):
    server, port = centre
    server.reports = "DELIVRD"
    gateway = SmppGateway("sms", declaration(port, signature="【呼应】", country="86"))
    await feedback_after(pool, repository, WITH_CONTACT)
    sender = sending(pool, repository, gateway)
    connect_reports(pool, sender.kind)
    await send_all(sender)
    await eventually(lambda: states(pool), lambda found: found == [("delivered", None)], within=30)
    await gateway.close()
    assert {(part.source_addr, part.destination_addr, part.data_coding) for part in server.taken} == {
        ("12345", "8613800078000", UCS2)
    }
    heads = [part.short_message[:6] for part in server.taken]
    assert [(head[:3], head[4], head[5]) for head in heads] == [
        (b"\x05\x00\x03", len(heads), number) for number in range(1, len(heads) + 1)
    ]
    words = b"".join(part.short_message[6:] for part in server.taken).decode("utf-16-be")
    assert words == "【呼应】" + await pool.fetchval("SELECT body ->> 'text' FROM intent")
    assert [part.registered_delivery for part in server.taken] == [2] * (len(heads) - 1) + [1]
    assert await recorded_types(pool) == ["demand.notification-sent.v1"]


async def test_a_receipt_that_cannot_be_stored_is_refused_and_comes_again_and_texts_of_people_are_not_accepted(
    centre: tuple[Centre, int],
):
    server, port = centre
    server.reports = "UNDELIV"
    reports, faults = list[DeliveryReport](), [OSError("the database is away")]

    async def take(report: DeliveryReport) -> bool:
        if faults:
            raise faults.pop()
        reports.append(report)
        return True

    gateway = SmppGateway("sms", declaration(port))
    gateway.take_report = take
    assert await gateway.send(message(text="好"), TO) == Sent("a1")
    await eventually(acknowledgements(server), lambda found: found == [NOT_NOW, 0])
    await server.report("a1", kind=0)
    await gateway.close()
    assert server.acknowledged == [NOT_NOW, 0, 0x66]
    assert reports == [DeliveryReport("sms", ID, "a1", IntentState.FAILED, "UNDELIV 000")]


async def test_a_receipt_that_comes_before_the_answer_is_taken_when_it_comes_again(centre: tuple[Centre, int]):
    server, port = centre
    server.reports = "DELIVRD"
    unanswered: list[tuple[smpp34.SubmitSmEvent, str]] = []
    server.answer = lambda part, id: unanswered.append((part, id))
    reports: list[DeliveryReport] = []

    async def take(report: DeliveryReport) -> bool:
        if report.id:
            reports.append(report)
        return report.id is not None

    gateway = SmppGateway("sms", declaration(port))
    gateway.take_report = take
    sending = asyncio.create_task(gateway.send(message(text="好"), TO))
    await eventually(acknowledgements(server), lambda statuses: NOT_NOW in statuses)
    ((part, id),) = unanswered
    part.accept(id)
    assert await sending == Sent("a1")
    await eventually(acknowledgements(server), lambda statuses: statuses[-1] == 0)
    assert reports == [DeliveryReport("sms", ID, "a1", IntentState.DELIVERED, "DELIVRD 000")]
    await server.report("b7")
    assert server.acknowledged[-1] == 0, "nothing is in hand to which an unknown receipt could belong"
    await gateway.close()


def acknowledgements(server: Centre) -> Callable[[], Any]:
    async def ask() -> list[int]:
        return list(server.acknowledged)

    return ask


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0x58, RetryLater), (0x14, RetryLater), (0x08, TryAgain), (0x0B, NotReached), (0x45, TryAgain), (0x0A, Rejected)],
)
async def test_the_code_of_a_refused_message_decides_the_outcome(centre: tuple[Centre, int], status: int, kind: type):
    server, port = centre
    server.answer = lambda part, id: part.reject(status)
    gateway = SmppGateway("sms", declaration(port))
    assert await gateway.send(message(text="好"), TO) == kind(f"{status:#x}")
    await gateway.close()


def test_codes_that_the_operator_declares_have_precedence():
    settings = declaration(1, again=(0x401,), later=(0x402,), refused=(0x58,))
    assert [type(outcome_of(status, settings)) for status in (0x401, 0x402, 0x58)] == [TryAgain, RetryLater, Rejected]


async def test_a_partly_accepted_message_has_an_unknown_outcome(centre: tuple[Centre, int]):
    server, port = centre

    def answer(part: smpp34.SubmitSmEvent, id: str) -> None:
        if len(server.taken) == 1:
            part.accept(id)
        else:
            part.reject(0x58)

    server.answer = answer
    gateway = SmppGateway("sms", declaration(port), pause=no_pause)
    outcome = await gateway.send(message(text=LONG), TO)
    await gateway.close()
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("part 2 of ")


async def test_a_later_part_that_is_throttled_is_retried(centre: tuple[Centre, int]):
    server, port = centre
    server.answer = lambda part, id: part.reject(0x58) if len(server.taken) == 2 else part.accept(id)
    gateway = SmppGateway("sms", declaration(port), pause=no_pause)
    assert isinstance(await gateway.send(message(text=LONG), TO), Sent)
    await gateway.close()


async def test_a_timeout_after_sending_is_an_unknown_outcome_and_before_it_nothing_was_sent(
    centre: tuple[Centre, int],
):
    server, port = centre
    unanswered = []
    server.answer = lambda part, id: unanswered.append(part)
    gateway = SmppGateway("sms", declaration(port, timeout=0.5))
    assert isinstance(await gateway.send(message(text="好"), TO), Unknown)
    await gateway.close()
    unreachable = SmppGateway("sms", declaration(free_port()))
    assert isinstance(await unreachable.send(message(text="好"), TO), RetryLater)
    await unreachable.close()


async def test_a_lost_bind_is_made_again_for_the_missing_receipts(centre: tuple[Centre, int]):
    server, port = centre
    gateway = SmppGateway("sms", declaration(port), pause=no_pause)
    assert isinstance(await gateway.send(message(text="好"), TO), Sent)
    await server.bound[0].unbind()

    async def binds() -> int:
        return len(server.bound)

    await eventually(binds, lambda found: found == 2)
    assert await gateway.send(message(text="好"), TO) == Sent("a2")
    assert len(server.bound) == 2
    await gateway.close()


@pytest.mark.parametrize("long", ["udh", "sar"])
def test_no_character_is_split_and_no_part_is_too_long(long: str):
    parts = parts_of(LONG, long, 7)
    words = [words[6:] if long == "udh" else words for _, words, _ in parts]
    assert all(len(part) <= 140 for _, part, _ in parts)
    assert "".join(part.decode("utf-16-be") for part in words) == LONG


def test_a_message_payload_is_one_message_of_any_length():
    ((kind, words, parameters),) = parts_of(LONG, "payload", 7)
    assert (kind, words, parameters[4:].decode("utf-16-be")) == (0, b"", LONG)


def test_a_receipt_without_text_is_read_from_its_parameters():
    parameters = b"\x00\x1e\x00\x03ab\x00" + b"\x04\x27\x00\x01\x02"
    receipt = receipt_of(delivered(b"\0\0\0\0\0\0\0" + b"\x04\0\0" + b"\0\0" + b"\0\0\0\0\0" + parameters))
    assert (receipt.id, receipt.state) == ("ab", "DELIVRD")


@pytest.mark.parametrize("length", range(1, 17))
def test_a_truncated_message_of_the_centre_is_no_receipt(length: int):
    receipt_text = b"\0\0\0\0\0\0\0" + b"\x04\0\0" + b"\0\0" + b"\0\0\0\0\0"
    with pytest.raises(ValueError, match=r"without its terminator|too short"):
        delivered(receipt_text[: len(receipt_text) - length])


async def test_decimal_ids_in_receipts_are_recognised(centre: tuple[Centre, int]):
    _, port = centre
    gateway = SmppGateway("sms", declaration(port, receipt_ids="decimal"))
    assert await gateway.send(message(text="好"), TO) == Sent("161")
    await gateway.close()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("password: much-too-long", "`password`: SMPP takes 8 characters at most"),
        ("templates_only: true", "SMPP sends plain text, without templates"),
        ("bind: receiver", "Input should be 'transceiver' or 'transmitter'"),
    ],
)
def test_a_declaration_that_cannot_work_is_an_error_with_its_reason(tmp_path: Path, line: str, sentence: str):
    file = tmp_path / "gateways.yaml"
    file.write_text(
        f"gateways:\n  sms: {{kind: smpp, host: h, system_id: huying}}\n  own:\n    kind: smpp\n    host: h\n"
        f"    system_id: huying\n    {line}\nuse: {{phone: sms}}\n"
    )
    with pytest.raises(ValueError, match="own") as error:
        declared(file)
    assert sentence in str(error.value)
