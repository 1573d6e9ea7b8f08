"""Until when a certificate is valid, read from its bytes (RFC 5280 section 4.1). Pure.

Python tells that only of certificates that it accepts, and the others are the interesting ones.
"""

from __future__ import annotations

from datetime import UTC, datetime

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


class BrokenCertificateError(ValueError):
    """The bytes are no certificate."""


def not_after(certificate: bytes) -> datetime:
    """When the DER `certificate` expires. Raises BrokenCertificateError."""
    try:
        body = _enter(_enter(certificate))  # Certificate, TBSCertificate
        if body[0] == _VERSION:
            body = _skip(body)
        for _ in ("serial number", "signature algorithm", "issuer"):
            body = _skip(body)
        return _time(_skip(_enter(body)))  # Validity: notBefore, notAfter
    except (IndexError, ValueError) as exc:
        raise BrokenCertificateError(str(exc)) from exc


def _element(data: bytes) -> tuple[int, int]:
    """Where the content of the first element begins and where it ends."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("an element is longer than what it is in")
    return start, start + length


def _enter(data: bytes) -> bytes:
    """The content of the sequence that `data` begins with."""
    if data[0] != _SEQUENCE:
        raise ValueError(f"a sequence was due, not {data[0]:#x}")
    start, end = _element(data)
    return data[start:end]


def _skip(data: bytes) -> bytes:
    """What follows the first element."""
    return data[_element(data)[1] :]


def _time(data: bytes) -> datetime:
    start, end = _element(data)
    text = data[start:end].decode("ascii")
    if data[0] == _UTC_TIME:  # two digits of the year, from 1950 to 2049
        text = ("20" if text < "5" else "19") + text
    elif data[0] != _GENERALIZED_TIME:
        raise ValueError(f"a time was due, not {data[0]:#x}")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
