"""A channel's front end as its authors would write it with the Python SDK."""

import sys

from huying_client import AuthenticatedClient
from huying_client.api.intake import (
    follow_demand,
    get_messages,
    list_demands,
    send_link_again,
    set_messages,
    submit_demand,
    supplement_demand,
)
from huying_client.api.public import agree_to_publication, refuse_publication
from huying_client.models import (
    Contact,
    Followed,
    KeepPrivate,
    LinkAsked,
    Listed,
    LostLink,
    MessagesStand,
    MessageWish,
    Noted,
    Problem,
    PublicationStand,
    PublicationStanding,
    Publish,
    Receipt,
    Status,
    SubmitDemand,
    Supplement,
)
from huying_client.types import Unset

PHONE = "13800138000"
SHELTER = SubmitDemand(
    title="校车接送点没有风雨棚", division="440605126222", category="school-transport", contact=Contact(phone=PHONE)
)
LAMP = SubmitDemand(title="村口路灯不亮", division="440605126222")
NONSENSE = SubmitDemand(title="不知道属于哪一类", division="440605126222", category="no-such-category")


def main(url: str, key: str) -> None:
    """Submit, follow, supplement, list, and be refused."""
    with AuthenticatedClient(url, token=key, prefix="", auth_header_name="X-API-Key") as client:
        receipt = submit(client, SHELTER)
        assert submit(client, SHELTER) == receipt, "the same key gives the same answer"
        follow(client, receipt)
        supplement(client, receipt)
        decide_on_publication(client, receipt)
        stop_messages(client, receipt)
        lose_the_code(client, receipt)
        lamp = submit(client, LAMP)
        assert listed(client) == [lamp.number, receipt.number]
        refused(client)


def submit(client: AuthenticatedClient, demand: SubmitDemand) -> Receipt:
    receipt = submit_demand.sync(client=client, body=demand, idempotency_key=demand.title.encode().hex())
    assert isinstance(receipt, Receipt), receipt
    return receipt


def follow(client: AuthenticatedClient, receipt: Receipt) -> None:
    progress = follow_demand.sync(receipt.number, client=client, x_demand_code=receipt.code)
    assert isinstance(progress, Followed), progress
    assert progress.status is Status.SUBMITTED
    assert (progress.id, progress.submitted_at) == (receipt.id, receipt.submitted_at)


def supplement(client: AuthenticatedClient, receipt: Receipt) -> None:
    body = Supplement(text="早上七点最挤")
    noted = supplement_demand.sync(receipt.number, client=client, body=body, idempotency_key="more")
    assert isinstance(noted, Noted), noted
    assert noted.number == receipt.number


def decide_on_publication(client: AuthenticatedClient, receipt: Receipt) -> None:
    """The citizen says no, and thinks better of it."""
    number, code = receipt.number, receipt.code
    no = refuse_publication.sync(number, client=client, body=KeepPrivate(), idempotency_key="no", x_demand_code=code)
    assert isinstance(no, Noted), no
    assert publication(client, receipt) is PublicationStanding.REFUSED
    yes = agree_to_publication.sync(number, client=client, body=Publish(), idempotency_key="yes", x_demand_code=code)
    assert isinstance(yes, Noted), yes


def publication(client: AuthenticatedClient, receipt: Receipt) -> PublicationStanding:
    progress = follow_demand.sync(receipt.number, client=client, x_demand_code=receipt.code)
    assert isinstance(progress, Followed), progress
    assert isinstance(progress.publication, PublicationStand), "the jurisdiction publishes such demands"
    return progress.publication.state


def stop_messages(client: AuthenticatedClient, receipt: Receipt) -> None:
    """The citizen wants no messages of this demand."""
    number, code = receipt.number, receipt.code
    stopped = set_messages.sync(number, client=client, body=MessageWish(wanted=False), x_demand_code=code)
    assert isinstance(stopped, MessagesStand), stopped
    assert stopped.wanted is False
    assert get_messages.sync(number, client=client, x_demand_code=code) == stopped


def lose_the_code(client: AuthenticatedClient, receipt: Receipt) -> None:
    asked = send_link_again.sync(receipt.number, client=client, body=LostLink(phone=PHONE))
    assert isinstance(asked, LinkAsked), asked
    assert receipt.code not in str(asked), "nobody is shown the code"


def listed(client: AuthenticatedClient) -> list[str]:
    """Page by page, one demand a page."""
    numbers: list[str] = []
    after: str | Unset = ""
    while not isinstance(after, Unset):
        page = list_demands.sync(client=client, after=after, limit=1)
        assert isinstance(page, Listed), page
        numbers += [demand.number for demand in page.demands]
        after = page.next_
    return numbers


def refused(client: AuthenticatedClient) -> None:
    problem = submit_demand.sync(client=client, body=NONSENSE, idempotency_key="nonsense")
    assert isinstance(problem, Problem), problem
    assert problem.status == 422
    assert problem.type_.endswith("/invalid-input")
    assert problem.errors, "what to change is named"
    assert problem.errors[0].field == "category"


if __name__ == "__main__":
    main(*sys.argv[1:])
