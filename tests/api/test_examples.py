"""Every example of the OpenAPI document is true: sent as it stands, it is answered as documented."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app as huying
from deploy.cli.openapi import document
from shared.contracts.demand import facts as f
from tests import story
from tests.api.conftest import Gateway
from tests.api.document import Operation, operations
from tests.intake.test_attachments import picture

DOCUMENT = asyncio.run(document())
OPERATIONS = list(operations(DOCUMENT))
BODIES = [(one, example) for one in OPERATIONS if one.body for example in one.examples(one.body)]
WITHOUT_BODY = [one for one in OPERATIONS if not one.body]
UPLOADS = {"upload_attachment", "upload_evidence"}
IN_TIME = (
    *story.SUBMITTED,
    f.DemandRouted(unit="roads", rule="r1", due_at=datetime(2099, 1, 1, tzinfo=UTC)),
    f.DemandAccepted(by="Chen"),
)
AT_A_STATION = (
    *story.SUBMITTED,
    f.DemandRouted(unit="station-440605011001", assisting=("nh-coordinator", "nh-transport"), rule="r1"),
    f.DemandAccepted(by="Chen"),
)
ASKED = f.ExtensionRequested(by="x", unit="nh-tax", working_days=5, due_at=IN_TIME[1].due_at, reason="x")
AGREED = (
    story.SUBMISSION.model_copy(update={"may_publish": True}),
    *story.RESOLVED[1:-1],
    f.DemandResolved(by="x", result="风雨棚已建成", summary="风雨棚已建成并投入使用"),
)
PASTS = {
    "publish_case": AGREED,
    "correct_publication": AGREED,
    "withdraw_publication": AGREED,
    "accept_case": story.ROUTED,
    "return_case": story.ROUTED,
    "route_case": (*story.SUBMITTED, f.DemandTriaged(reason="no rule")),
    "decline_case": story.ROUTED,
    "contact_citizen": story.ACCEPTED,
    "extend_case": IN_TIME,
    "progress_case": story.ACCEPTED,
    "resolve_case": story.ACCEPTED,
    "reclassify_case": story.ACCEPTED,
    "assign_case": story.ACCEPTED,
    "transfer_case": story.ACCEPTED,
    "move_case_up": AT_A_STATION,
    "note_on_case": story.ACCEPTED,
    "attach_to_case": story.ACCEPTED,
    "list_case": story.ACCEPTED,
    "request_extension": IN_TIME,
    "grant_extension": (*IN_TIME, ASKED),
    "refuse_extension": (*IN_TIME, ASKED),
    "pause_case": story.ACCEPTED,
    "resume_case": (*story.ACCEPTED, f.DemandPaused(by="x", reason="weather")),
    "request_assistance": story.ACCEPTED,
    "accept_assistance": AT_A_STATION,
    "report_assistance": AT_A_STATION,
    "end_assistance": AT_A_STATION,
    "prioritize_case": story.ACCEPTED,
    "merge_case": story.ACCEPTED,
    "unmerge_case": (*story.ACCEPTED, f.DemandMerged(parent=UUID(int=7), parent_number="NH21-000007-I")),
}


REDELIVERED = "8f0d6d4b-5c0f-5b8a-9d53-0a8f9b4d8f11"


async def send(gateway: Gateway, one: Operation, **body: Any) -> None:
    """Send a request, filled in with what the path names, and compare the answer with the document."""
    if one.id == "roll_back_catalogue":
        await gateway.published()
    if one.id == "merge_case":
        await gateway.knows(story.ACCEPTED, serial=1335)  # the demand that the example is merged into
    place = await gateway.place(one.path, PASTS.get(one.id, story.RESOLVED))
    if one.id == "judge_demand":
        await gateway.answered(place["number"])
    if one.id in ("correct_publication", "withdraw_publication"):
        await gateway.released(place["number"])
    if one.id == "redeliver_events":
        await gateway.logged(place["webhook"], REDELIVERED)
    headers = await gateway.headers(one.path)
    query = one.parameters({}, "query")
    answer = await gateway.client.request(one.method, one.path.format(**place), headers=headers, params=query, **body)
    one.is_as_documented(answer)


def named(found: Any) -> str:
    return found.id if isinstance(found, Operation) else ""


@pytest.mark.parametrize(("one", "example"), BODIES, ids=named)
async def test_an_example_of_a_body_is_answered_as_documented(gateway: Gateway, one: Operation, example: Any):
    assert one.body
    assert not one.faults(one.body, example)
    await send(gateway, one, json=example)


@pytest.mark.parametrize("one", WITHOUT_BODY, ids=named)
async def test_a_request_without_a_body_is_answered_as_documented(gateway: Gateway, one: Operation):
    await send(gateway, one, **({"files": {"file": picture("JPEG")}} if one.id in UPLOADS else {}))


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
def test_every_operation_has_examples_that_fit_its_schemas(one: Operation):
    for media in filter(None, (one.body, one.answer)):
        found = one.examples(media)
        assert found, f"{one.id} has no example of {media['schema']}"
        assert not [fault for example in found for fault in one.faults(media, example)]


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
def test_every_operation_says_what_it_is(one: Operation):
    assert one.told["summary"]
    assert one.told["description"]
    assert one.told["tags"]
    assert one.id.isidentifier()
    assert "v1" not in one.id


def test_the_document_is_printed_without_any_server():
    printed = CliRunner().invoke(huying, ["openapi"])
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.stdout) == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1")


def test_the_names_of_operations_are_unique_under_one_origin():
    told = [told["operationId"] for methods in DOCUMENT["paths"].values() for told in methods.values()]
    assert len(told) == len(set(told))


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
def test_an_operation_is_summed_up_in_both_languages_by_more_than_its_name(one: Operation):
    ((summary, description),) = [
        (operation["summary"], " ".join(operation["description"].split()))
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if operation["operationId"] == one.id
    ]
    chinese, _, english = summary.partition(" · ")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese), f"{one.id}: add it to api_document.py"
    assert len(english.split()) > 1
    assert re.match(re.escape(english) + r"(\.|;|$)", description), f"{one.id}: it ends within a sentence"
    assert english.lower() != one.id.replace("_", " ")


def test_the_document_is_introduced_and_every_group_is_described():
    assert "Idempotency-Key" in DOCUMENT["info"]["description"]
    tags = {tag for path in DOCUMENT["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert {tag["name"] for tag in DOCUMENT["tags"]} == tags
