"""The bodies of requests: how large they may be, read whole, and shown once more."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from math import inf
from typing import Any, Final

from starlette.requests import ClientDisconnect

from shared.chassis.http.error_format import Tell, as_problem
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused

MAX_BODY: Final = 1_048_576
MAX_ATTACHMENT: Final = 20 * MAX_BODY
ANONYMOUS: Final = 65_536
KEY: Final = "X-API-Key"
WHO_ASKS: Final = (b"x-api-key", b"authorization", b"x-demand-code")
"""Headers that say who asks. Without one a body has to be small: it is read and parsed before anybody is refused."""
LARGER: Final = (
    ("/v1/imports", 16 * MAX_BODY, KEY),
    ("/v1/attachments", MAX_ATTACHMENT + MAX_BODY, KEY),
    ("/open311/v2/", MAX_ATTACHMENT + MAX_BODY, None),
    ("/inbound/", MAX_BODY, None),
)
"""Where a body may be larger, for whoever shows this header; Open311 has its key in the form, gateways sign theirs."""


class BodyLimit:
    """Refuses a body over the limit of its path, announced or not, before it is read into memory.

    What the client broke off reaches nobody: half a form looks whole.
    """

    def __init__(self, app: Any, tell: Tell = as_problem) -> None:
        self.app = app
        self.tell = tell

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with suppress(ClientDisconnect):
            await self._limited(scope, receive, send)

    async def _limited(self, scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope["headers"])
        limit, missing = _limit(scope["path"], sent)
        announced = sent.get(b"content-length", b"")
        if announced.isdigit():
            # The server reads no more than was announced.
            fits = int(announced) <= limit
        else:
            body = await whole(receive, limit)
            fits = body is not None
            receive = replaying(body or b"", receive)
        answer = self.app if fits else self.tell(_too_large(limit, missing), scope)
        await answer(scope, receive, send)


def _limit(path: str, sent: Mapping[bytes, bytes]) -> tuple[int, str | None]:
    """How large a body may be here, and the header with which it might be larger."""
    usual = MAX_BODY if any(name in sent for name in WHO_ASKS) else ANONYMOUS
    size, header = next(((size, header) for start, size, header in LARGER if path.startswith(start)), (usual, None))
    if header is None or header.lower().encode() in sent:
        return size, None
    return usual, header


def _too_large(limit: int, missing: str | None) -> Refused:
    if missing:
        en = f"a body of this size needs a key in the header {missing}"
        zh = f"内容较大，请在请求头 {missing} 中提供密钥"
        error, code = FieldError(missing, zh, en, API_KEY), Code.UNAUTHENTICATED
    else:
        en = f"a body may have {limit // 1024} KiB at most"
        en += "; send files as attachments" if limit > ANONYMOUS else " without a key or token"
        zh = f"{'' if limit > ANONYMOUS else '未提供密钥或凭证时，'}内容不得超过 {limit // 1024} KiB"
        error, code = FieldError("Content-Length", zh, en, str(limit)), Code.TOO_LARGE
    return Refused(code, en, zh, (error,))


async def whole(receive: Any, limit: float = inf) -> bytes | None:
    """The body; None as soon as it is over the limit. Raises `ClientDisconnect` when it breaks off."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            return None
    return b"".join(parts)


def replaying(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """Gives a body that was read once more, and then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
