"""Signs requests to Aliyun (ACS3-HMAC-SHA256) and Tencent Cloud (TC3-HMAC-SHA256); pure."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

_ACS3: Final = "ACS3-HMAC-SHA256"
_TC3: Final = "TC3-HMAC-SHA256"


def canonical_query(query: Mapping[str, str]) -> str:
    """The query string as it is signed and sent: parameters in the order of their names."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def aliyun_headers(
    query: Mapping[str, str], host: str, key_id: str, secret: str, at: datetime, nonce: str
) -> dict[str, str]:
    """The headers of a request for SendSms without a body, its parameters in the address."""
    empty = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": empty,
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    string_to_sign = f"POST\n/\n{canonical_query(query)}\n{lines}\n{names}\n{empty}"
    signature = _keyed(secret.encode(), f"{_ACS3}\n{_digest(string_to_sign)}").hex()
    return headers | {"Authorization": f"{_ACS3} Credential={key_id},SignedHeaders={names},Signature={signature}"}


def tencent_headers(body: str, host: str, secret_id: str, secret: str, region: str, at: datetime) -> dict[str, str]:
    """The headers of a request for SendSms with this body of JSON."""
    seconds, date = int(at.timestamp()), at.astimezone(UTC).strftime("%Y-%m-%d")
    canonical_request = f"POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{_digest(body)}"
    scope = f"{date}/sms/tc3_request"
    key = f"TC3{secret}".encode()
    for part in (date, "sms", "tc3_request"):
        key = _keyed(key, part)
    signature = _keyed(key, f"{_TC3}\n{seconds}\n{scope}\n{_digest(canonical_request)}").hex()
    signed = f"{_TC3} Credential={secret_id}/{scope}, SignedHeaders=content-type;host, Signature={signature}"
    return {
        "Authorization": signed,
        "Content-Type": "application/json",
        "Host": host,
        "X-TC-Action": "SendSms",
        "X-TC-Timestamp": str(seconds),
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": region,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
