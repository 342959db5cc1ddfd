"""Reads and writes the cursors of the event stream: a place in its order, and the database that gave it."""

from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.http import pagination
from shared.contracts.refusals import Code, FieldError, Refused

NOW: Final = "now"
"""Used in the place of a cursor: only events from now on."""
_MARK: Final = 4
"""A cursor carries so many bytes of the feed's id."""
_HIGHEST: Final = 2**63 - 1


class Head(NamedTuple):
    """The ends of the stream; `oldest` is the first place that is still stored, None if the stream is empty."""

    feed: UUID
    last: int
    oldest: int | None

    @property
    def beginning(self) -> int:
        """The place before the oldest stored event."""
        return self.last if self.oldest is None else self.oldest - 1


def encode(head: Head, place: int) -> str:
    """The cursor after a place."""
    return pagination.cursor_of(_mark(head) + place.to_bytes(8))


def read(cursor: str, head: Head) -> int:
    """The place of a cursor; raises `Refused` if it is no cursor, comes from another database, or if later events were
    removed already."""
    mark, place = pagination.read(cursor, _parts)
    if mark != _mark(head) or place > head.last:
        en = "this cursor is from another database, or from a time that was lost by a restore; continue after {oldest}"
        raise _gone(head, en, "该游标来自其他数据库，或来自恢复之后已不存在的时段；请从 {oldest} 继续")
    require_kept(place, head)
    return place


def require_kept(place: int, head: Head) -> None:
    """Raise `Refused` if events after the place were removed because their time was over."""
    if place < head.beginning:
        en = "the events after this cursor are no longer kept; read the list of demands, then continue after {oldest}"
        raise _gone(head, en, "该游标之后的部分事件已超出保留期；请重新读取诉求列表，再从 {oldest} 继续")


def _gone(head: Head, en: str, zh: str) -> Refused:
    oldest = encode(head, head.beginning)
    en, zh = en.format(oldest=oldest), zh.format(oldest=oldest)
    return Refused(Code.CURSOR_GONE, en, zh, (FieldError("after", zh, en, oldest),))


def _mark(head: Head) -> bytes:
    return head.feed.bytes[:_MARK]


def _parts(text: bytes) -> tuple[bytes, int]:
    place = int.from_bytes(text[_MARK:])
    if len(text) != _MARK + 8 or place > _HIGHEST:
        raise ValueError("not a cursor of events")
    return text[:_MARK], place
