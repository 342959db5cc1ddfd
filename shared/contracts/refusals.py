"""Refusals: the closed list of reasons why a service refuses a request or a record."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Why something was refused; part of the `type` URL of a problem document."""

    INVALID = "invalid-input"
    TOO_LARGE = "body-too-large"
    UNREADABLE = "unreadable-body"
    UNSUPPORTED = "media-type-not-read"
    WRONG_METHOD = "method-not-possible"
    UNAUTHENTICATED = "missing-or-wrong-key"
    FORBIDDEN = "not-allowed"
    NOT_FOUND = "not-found"
    KEY_REUSED = "idempotency-key-reused"
    KEY_MISSING = "idempotency-key-missing"
    ILLEGAL_TRANSITION = "illegal-transition"
    WRONG_TELLER = "not-this-services-turn"
    CONFLICT = "changed-meanwhile"
    STALE = "changed-since-read"
    LINK_EXPIRED = "link-expired"
    ERASED = "personal-data-erased"
    CURSOR_GONE = "cursor-gone"
    QUOTA_USED_UP = "quota-used-up"
    UNAVAILABLE = "try-again-later"


@dataclass(frozen=True, slots=True)
class RefusalStatus:
    """The HTTP status code of a refusal, and its title in both languages."""

    status: int
    zh: str
    en: str


ANSWERS: dict[Code, RefusalStatus] = {
    Code.INVALID: RefusalStatus(422, "提交的内容有误", "The input is not valid"),
    Code.TOO_LARGE: RefusalStatus(413, "提交的内容过大", "The body is too large"),
    Code.UNREADABLE: RefusalStatus(400, "无法读取提交的内容", "The body cannot be read"),
    Code.UNSUPPORTED: RefusalStatus(415, "不支持此内容类型", "The media type of the body is not supported"),
    Code.WRONG_METHOD: RefusalStatus(405, "该地址不支持此方法", "This address does not support the method"),
    Code.UNAUTHENTICATED: RefusalStatus(401, "缺少密钥或密钥不正确", "The key is missing or wrong"),
    Code.FORBIDDEN: RefusalStatus(403, "没有权限", "Not allowed"),
    Code.NOT_FOUND: RefusalStatus(404, "没有找到", "Not found"),
    Code.KEY_REUSED: RefusalStatus(422, "幂等键已用于其他内容", "The Idempotency-Key was used for another body"),
    Code.KEY_MISSING: RefusalStatus(400, "缺少幂等键", "The Idempotency-Key header is missing"),
    Code.ILLEGAL_TRANSITION: RefusalStatus(409, "当前状态不允许此操作", "The demand's status does not allow this"),
    Code.WRONG_TELLER: RefusalStatus(409, "当前由其他环节处理", "Another service must handle this demand now"),
    Code.CONFLICT: RefusalStatus(409, "内容已被他人更新，请刷新后重试", "Changed meanwhile; reload and try again"),
    Code.STALE: RefusalStatus(412, "读取之后内容已更新，请重新读取", "Changed since it was read; read it again"),
    Code.LINK_EXPIRED: RefusalStatus(410, "链接已失效", "The link is no longer valid"),
    Code.ERASED: RefusalStatus(410, "个人信息已删除", "The personal data was erased"),
    Code.CURSOR_GONE: RefusalStatus(410, "游标已失效，请重新开始", "The events after this cursor are no longer kept"),
    Code.QUOTA_USED_UP: RefusalStatus(429, "请求过于频繁，本分钟配额已用完", "Too many requests in this minute"),
    Code.UNAVAILABLE: RefusalStatus(503, "服务暂时不可用，请稍后重试", "Temporarily unavailable; try again"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error in a request: the field, the rule in both languages, and an example of a valid value."""

    field: str
    zh: str
    en: str
    example: str | None = None


class Refused(Exception):
    """A refusal for a business reason: answered with a problem document, or stored as a dead letter.

    `retry_after`: seconds after which the caller may try again.
    """

    def __init__(
        self, code: Code, en: str, zh: str = "", errors: tuple[FieldError, ...] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code}: {en}")
        self.code, self.en, self.zh, self.errors, self.retry_after = code, en, zh, errors, retry_after
