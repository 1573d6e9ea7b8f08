"""Reads what the agent needs of an X.509 certificate: the pin of its key, and who issued it.

The standard library tells neither of a certificate that it does not trust. Nothing here decides
whether to trust one; that is OpenSSL's work (`agent/trust.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

_VERSION = 0xA0
_SEQUENCE, _SET, _OID = 0x30, 0x31, 0x06
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
"""Tag of a string type of X.520 -> how its bytes are to be read."""
_NAMES = (b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x04\x0b")
"""Common name, organisation, unit: what a person knows an authority by."""
_LONGEST_NAME = 120


def pin_of(certificate: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4) of a DER certificate, in hex.

    Raises ValueError for what is no certificate.
    """
    return hashlib.sha256(_fields(certificate)[5]).hexdigest()


def issuer_of(certificate: bytes) -> str:
    """Who says to have issued it, in one short printable line; "" if it does not say.

    Raises ValueError for what is no certificate.
    """
    found: dict[bytes, str] = {}
    for relative in _inside(_fields(certificate)[2], _SEQUENCE):
        for attribute in _inside(relative, _SET):
            kind, text = _attribute(attribute)
            found.setdefault(kind, text)
    words = dict.fromkeys(found[kind] for kind in _NAMES if found.get(kind))
    return ", ".join(words)[:_LONGEST_NAME]


def _attribute(der: bytes) -> tuple[bytes, str]:
    (_, kind, _), (tag, value, _) = list(_elements(_content(der, _SEQUENCE)))[:2]
    text = value.decode(_TEXTS.get(tag, "latin-1"), "replace")
    return kind, "".join(c if c.isprintable() else " " for c in text).strip()


def _fields(certificate: bytes) -> list[bytes]:
    """serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo (RFC 5280, 4.1)."""
    signed = next(_inside(certificate, _SEQUENCE), b"")
    fields = [whole for tag, _, whole in _elements(_content(signed, _SEQUENCE)) if tag != _VERSION]
    if len(fields) < 6:
        raise ValueError("not a certificate")
    return fields


def _inside(der: bytes, tag: int) -> Iterator[bytes]:
    return (whole for _, _, whole in _elements(_content(der, tag)))


def _content(der: bytes, wanted: int) -> bytes:
    for tag, content, _ in _elements(der):
        if tag == wanted:
            return content
        break
    raise ValueError("not a certificate")


def _elements(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(tag, content, the whole element) one after the other; tags of one byte only."""
    at = 0
    while at < len(der):
        head = der[at : at + 2]
        if len(head) < 2:
            raise ValueError("cut off")
        begin, length = at + 2, head[1]
        if length >= 0x80:
            begin += length & 0x7F
            length = int.from_bytes(der[at + 2 : begin])
        end = begin + length
        if end > len(der):
            raise ValueError("cut off")
        yield head[0], der[begin:end], der[at:end]
        at = end
