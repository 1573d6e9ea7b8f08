"""Tokens by which a measurement server knows what the collector has granted.

Server and collector may be on different machines; all they share is a secret. A token is used once,
and the server keeps it in mind until it has expired.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import Error as Base64Error

import msgspec

from probes.measuring.permit import Tier
from probes.text import BanjunError, Text

_SIGNATURE_BYTES = 16


class TokenError(BanjunError):
    """No token of this collector, or one whose time is over."""


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """What one control connection may do.

    Attributes:
        id: never given out twice.
        until: Unix seconds by the clock of the collector.
        most_bytes: IP bytes, both directions together.
        bits_per_second: the rate that was set aside.
    """

    id: str
    until: int
    tier: Tier
    most_bytes: int
    bits_per_second: float


def mint(secret: bytes, grant: Grant) -> str:
    body = msgspec.msgpack.encode(grant)
    return base64.urlsafe_b64encode(_signature(secret, body) + body).decode()


def read(secret: bytes, token: str, now: float) -> Grant:
    """Raises TokenError. Whether it was used before is for the caller to know."""
    try:
        data = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (Base64Error, UnicodeEncodeError) as exc:
        raise _foreign() from exc
    signature, body = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, body)):
        raise _foreign()
    grant = msgspec.msgpack.decode(body, type=Grant)
    if now > grant.until:
        raise TokenError(Text("测速许可已过期。", "The permit to measure has expired."))
    return grant


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"measure" + body, hashlib.sha256)[:_SIGNATURE_BYTES]


def _foreign() -> TokenError:
    return TokenError(
        Text("不是本采集器签发的测速许可。", "This permit to measure is not of this collector.")
    )
