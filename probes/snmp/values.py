"""What devices say, as Python values, and the careful reading of them.

A device may send any type under any name: what is not of the type that is wanted counts as absent.
"""

from __future__ import annotations

Oid = tuple[int, ...]
Value = int | bytes | Oid
"""A number of any kind; octets, also of an IP address; an object identifier."""
MAX_WORDS = 200
"""Longer texts are cut; a label holds 256 characters."""
_MAC_BYTES = 6


def oid(dotted: str) -> Oid:
    return tuple(int(part) for part in dotted.strip(".").split("."))


def dotted(value: Oid) -> str:
    return ".".join(map(str, value))


def number(value: Value | None) -> int | None:
    """None for what is no number."""
    return value if isinstance(value, int) else None


def octets(value: Value | None) -> bytes | None:
    """None for what are no octets."""
    return value if isinstance(value, bytes) else None


def words(value: Value | None) -> str:
    """Octets as text on one line. Ends at the first NUL; empty for what are no octets.

    Each line of them is UTF-8, else GB 18030 (as Chinese firmware writes), else its ASCII alone.
    """
    if not isinstance(value, bytes):
        return ""
    text = " ".join(_decoded(line) for line in value.partition(b"\0")[0].splitlines())
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:MAX_WORDS]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("ascii", "replace").replace("\ufffd", " ")


def mac(value: Value | None) -> str:
    """Lower case with colons; empty for what is no MAC address, and for the one that is all 0."""
    if not isinstance(value, bytes) or len(value) != _MAC_BYTES or not any(value):
        return ""
    return value.hex(":")


def mac_of(index: Oid) -> str:
    """The same, of six numbers in an index."""
    return mac(bytes(index)) if all(0 <= part < 256 for part in index) else ""
