"""Is what answered a request for a page the page that was wanted? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from probes.http_get import Head

_NETWORK_AUTHENTICATION_REQUIRED = 511
_ENCODINGS = ("utf-8", "gb18030")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer should be.

    Attributes:
        status: 0 = any below 400.
        words: in the body; empty = any.
        proven: a certificate shows that the target itself answered.
    """

    status: int
    words: str
    proven: bool


def complaint_of(head: Head, body: bytes, host: str, expected: Expected) -> str:
    """Why an answer is not the one that was wanted; empty if it is."""
    if head.status == _NETWORK_AUTHENTICATION_REQUIRED:  # RFC 6585 section 6
        return "captive_portal"
    elsewhere = _leads_elsewhere(head, host)
    if expected.status:
        right = head.status == expected.status
    else:
        right = head.status < 400 and (expected.proven or not elsewhere)
    if right and _holds(body, expected.words):
        return ""
    if not right and head.status >= 400:
        return "http_error"
    is_redirect = 300 <= head.status < 400
    return "unexpected" if expected.proven or (is_redirect and not elsewhere) else "captive_portal"


def _leads_elsewhere(head: Head, host: str) -> bool:
    """Whether it redirects to a host that is neither `host` nor above or below it."""
    there = urlsplit(head.headers.get("location", "")).hostname or ""
    if not 300 <= head.status < 400 or not there:
        return False
    here = host.lower().rstrip(".")
    there = there.rstrip(".")
    return here != there and not here.endswith(f".{there}") and not there.endswith(f".{here}")


def _holds(body: bytes, words: str) -> bool:
    return any(words.encode(encoding) in body for encoding in _ENCODINGS)
