"""What was heard on a card, each frame once, however often it came: a storm repeats a few frames.

Bounded by number: what is beyond is counted and not looked at.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MOST_OF_A_SORT = 500
"""Different frames of one sort. Reading an ARP takes 0.1 ms, a large answer for names up to 10."""
_MOST_DATAGRAMS = 100
_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_UDP = b"\x11"
_OTHER = b""
_ANSWERERS = {port.to_bytes(2, "big") for port in (67, 137, 5353, 5355)}
"""Source ports of DHCP servers, NBNS, mDNS and LLMNR."""


@dataclass(slots=True)
class Times:
    """How often one frame came, and its first and last place in the order of all."""

    count: int
    first: int
    last: int


@dataclass(slots=True)
class Heard:
    """In the order of arrival. `missed`: frames that were not kept."""

    most_of_a_sort: int = MOST_OF_A_SORT
    most_datagrams: int = _MOST_DATAGRAMS
    frames: dict[bytes, Times] = field(default_factory=dict)
    missed: int = 0
    _place: int = 0
    _sorts: Counter[bytes] = field(default_factory=Counter)

    def add(self, frame: bytes) -> bool:
        """Whether it was kept, as the first of its kind."""
        self._place += 1
        if known := self.frames.get(frame):
            known.count += 1
            known.last = self._place
            return False
        if not self._has_room(sort_of(frame)):
            self.missed += 1
            return False
        self.frames[frame] = Times(1, self._place, self._place)
        return True

    def _has_room(self, sort: bytes) -> bool:
        """A flood of one sort must not push out the others."""
        self._sorts[sort] += 1
        most = self.most_datagrams if sort[-2:] in _ANSWERERS else self.most_of_a_sort
        return self._sorts[sort] <= most


def sort_of(frame: bytes) -> bytes:
    """Its type, of an answer for names or addresses also its port. What nobody looks for is one
    sort, whatever it is."""
    kind = frame[12:14]
    if kind == _IPV4:
        return _of_packet(kind, frame[23:24], frame[34:36])
    if kind == _IPV6:
        return _of_packet(kind, frame[20:21], frame[54:56])
    return kind if kind == _ARP else _OTHER


def _of_packet(kind: bytes, protocol: bytes, port: bytes) -> bytes:
    if protocol == _UDP:
        return kind + port if port in _ANSWERERS else _OTHER
    # Extension headers of IPv6 may hide an advertisement; IPv4 has nothing else to tell.
    return kind if kind == _IPV6 else _OTHER
