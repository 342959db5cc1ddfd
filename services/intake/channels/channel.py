"""Defines a channel: a front end that was authenticated by its key."""

from typing import NamedTuple

from shared.contracts.demand.facts import ChannelKind


class Channel(NamedTuple):
    """An authenticated channel, with the division of demands that name none."""

    id: str
    kind: ChannelKind
    scopes: frozenset[str]
    division: str | None = None
    name: str = ""
