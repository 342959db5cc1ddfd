"""A channel: a front end that has shown its key."""

from typing import NamedTuple

from shared.contracts.demand.facts import ChannelKind


class Channel(NamedTuple):
    """A front end that has shown its key, with the division of what comes without one."""

    id: str
    kind: ChannelKind
    scopes: frozenset[str]
    division: str | None = None
    name: str = ""
