"""What can be read off a MAC address itself: whether it names one machine, and which.

IEEE 802-2014 clause 8 (groups, local administration); RFC 9568 section 7.3 (VRRP).
"""

from __future__ import annotations

import re
from enum import StrEnum

_PLAIN = re.compile(r"[0-9a-f]{12}")
_PARTED = re.compile(r"[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}")
_DOTTED = re.compile(r"[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|[0-9a-f]{4}(?:-[0-9a-f]{4}){2}")
_SHARED = (
    "00:00:5e:00:01:",  # VRRP and CARP, RFC 9568
    "00:00:5e:00:02:",  # VRRP over IPv6
    "00:00:0c:07:ac:",  # HSRP
    "00:00:0c:9f:f",  # HSRP version 2
    "00:05:73:a0:0",  # HSRP over IPv6
    "00:07:b4:00:",  # GLBP
)


class MacKind(StrEnum):
    """`burned_in`: given by a maker to one card. `local`: made up on the machine, as phones do
    against being followed, and virtual machines. `virtual_router`: answers for a group of routers.
    `none`: a group, or nobody's."""

    BURNED_IN = "burned_in"
    LOCAL = "local"
    VIRTUAL_ROUTER = "virtual_router"
    NONE = "none"


def mac_or_none(text: str) -> str | None:
    """In lower case with colons, from any of the usual spellings; None for anything else."""
    low = text.strip().lower()
    if _PARTED.fullmatch(low):
        return ":".join(part.zfill(2) for part in re.split("[:-]", low))
    plain = re.sub("[.-]", "", low) if _DOTTED.fullmatch(low) else low
    if not _PLAIN.fullmatch(plain):
        return None
    return ":".join(plain[i : i + 2] for i in range(0, 12, 2))


def mac_kind(mac: str) -> MacKind:
    """Of an address in our spelling."""
    first = int(mac[:2], 16)
    if first & 1 or mac == "00:00:00:00:00:00":
        return MacKind.NONE
    if mac.startswith(_SHARED):
        return MacKind.VIRTUAL_ROUTER
    return MacKind.LOCAL if first & 2 else MacKind.BURNED_IN


def number_of(mac: str) -> int:
    """As a number, for addresses that follow each other."""
    return int(mac.replace(":", ""), 16)
