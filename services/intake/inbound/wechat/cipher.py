"""Checks the signatures of WeChat's callbacks, and encrypts and decrypts their messages.

Rule: the official accounts' message encryption: SHA-1 over the sorted parts; AES-256-CBC of sixteen random bytes, the
length in network order, the message and the app id, padded to 32 bytes as PKCS #7 does, with the key's head as IV.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from shared.contracts.refusals import Code, Refused

_FRESH: Final = timedelta(minutes=10)
_DIGITS: Final = 12
_RANDOM, _LENGTH, _BLOCK, _BITS = 16, 4, 16, 256


def signature(token: str, *parts: str) -> str:
    """The signature of a request."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode(), usedforsecurity=False).hexdigest()


def check(given: str, token: str, *parts: str) -> None:
    """Raise `Refused` if the signature is wrong."""
    if not hmac.compare_digest(given.encode(), signature(token, *parts).encode()):
        raise Refused(
            Code.UNAUTHENTICATED,
            "the signature is wrong: set the account's token with `huying channel set CHANNEL wechat_token=-`",
            "签名不正确，请用 huying channel set 设置与公众号后台一致的 wechat_token",
        )


def check_time(timestamp: str, at: datetime) -> None:
    """Raise `Refused` if a request was not signed about now: an old signature may have been intercepted."""
    sent_at = int(timestamp) if timestamp.isdecimal() and len(timestamp) < _DIGITS else 0
    if abs(at.timestamp() - sent_at) > _FRESH.total_seconds():
        raise Refused(
            Code.UNAUTHENTICATED,
            "timestamp is more than ten minutes away from this server's clock: send the present time, or correct the"
            " clock",
            "timestamp 与服务器时间相差超过十分钟，请使用当前时间，或校准服务器时钟",
        )


@dataclass(frozen=True, slots=True)
class WeChatCipher:
    """The cipher of one account; `aes_key` is the EncodingAESKey as WeChat shows it."""

    aes_key: str
    app_id: str
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)

    def decrypt(self, encrypted: str) -> bytes:
        """Decrypt a message to bytes; raises `Refused` if it was not encrypted for this account."""
        try:
            data = b64decode(encrypted, validate=True)
            if not data or len(data) % _BLOCK:
                raise _undecipherable()
            decryptor, padding = self._cipher().decryptor(), PKCS7(_BITS).unpadder()
            padded = decryptor.update(data) + decryptor.finalize()
            plain = padding.update(padded) + padding.finalize()
            length = int.from_bytes(plain[_RANDOM : _RANDOM + _LENGTH], "big")
            body = plain[_RANDOM + _LENGTH :]
            message, app_id = body[:length], body[length:]
        except ValueError:
            raise _undecipherable() from None
        if app_id != self.app_id.encode():
            raise _undecipherable()
        return message

    def encrypt(self, message: str) -> str:
        """Encrypt a message for WeChat."""
        data = message.encode()
        plain = self.random(_RANDOM) + len(data).to_bytes(_LENGTH, "big") + data + self.app_id.encode()
        encryptor, padding = self._cipher().encryptor(), PKCS7(_BITS).padder()
        padded = padding.update(plain) + padding.finalize()
        return b64encode(encryptor.update(padded) + encryptor.finalize()).decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        key = b64decode(self.aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:_BLOCK]))


def _undecipherable() -> Refused:
    return Refused(
        Code.UNAUTHENTICATED,
        "the message cannot be decrypted: compare wechat_aes_key and wechat_app_id with the account's settings",
        "无法解密消息，请核对 wechat_aes_key 和 wechat_app_id 是否与公众号后台一致",
    )
