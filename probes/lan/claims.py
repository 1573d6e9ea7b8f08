"""Addresses that more than one card claims. Pure.

What is no conflict: a probe before an address is taken (RFC 5227); an address that moves, announced
by its new owner, and that the old one does not claim again (a stand-by router, a new lease);
virtual routers, of which several forward for one address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from probes.lan.facts import Claim

_VIRTUAL = (
    "00:00:5e:00:01:",  # VRRP and CARP over IPv4, RFC 9568
    "00:00:5e:00:02:",  # VRRP over IPv6
    "00:00:0c:07:ac:",  # HSRP
    "00:00:0c:9f:f",  # HSRP version 2
    "00:05:73:a0:0",  # HSRP over IPv6
    "00:07:b4:00:",  # GLBP: several forward for one address
)


@dataclass(slots=True)
class Claimed:
    """One address by one card.

    Attributes:
        first, last: the place in the order in which frames came.
        announced: the first claim was told to all.
    """

    frames: int
    first: int
    last: int
    announced: bool


@dataclass(frozen=True, slots=True)
class Own:
    """The card that listens: it claims its addresses all the time.

    Attributes:
        machine: the MACs of all cards of this machine, any of which may answer for it.
    """

    mac: str = ""
    addresses: frozenset[str] = frozenset()
    machine: frozenset[str] = frozenset()


NOBODY = Own()


def is_virtual_router(mac: str) -> bool:
    return mac.startswith(_VIRTUAL)


class Claims:
    """What was claimed on one card's network, of frames in any order."""

    def __init__(self, own: Own = NOBODY) -> None:
        self._own = own
        self._seen: dict[str, dict[str, Claimed]] = defaultdict(dict)

    def add(self, claim: Claim, frames: int, first: int, last: int) -> None:
        found = Claimed(frames, first, last, claim.gratuitous)
        known = self._seen[claim.address].setdefault(claim.mac, found)
        if known is found:
            return
        known.frames += frames
        known.last = max(known.last, last)
        if first < known.first:
            known.first, known.announced = first, claim.gratuitous

    def conflicts(self) -> list[tuple[str, str, int]]:
        """(address, MAC, frames in which it claims it), for each card of each such address."""
        found = []
        for address, cards in self._seen.items():
            mac = self._own.mac if address in self._own.addresses else None
            others = {m: c for m, c in cards.items() if mac is None or m not in self._own.machine}
            if (mac and others) or _in_conflict(others):
                counts = {mac: 0} if mac else {}
                counts |= {m: claimed.frames for m, claimed in others.items()}
                found += [(address, m, counts[m]) for m in sorted(counts)]
        return found

    def of_one_card(self) -> dict[str, list[str]]:
        """MAC -> addresses, of cards that claim several; routers and servers do, and so does one
        who stands between two others."""
        addresses: dict[str, list[str]] = defaultdict(list)
        for address, cards in self._seen.items():
            for mac in cards:
                addresses[mac].append(address)
        return {mac: sorted(each) for mac, each in addresses.items() if len(each) > 1}


def _in_conflict(cards: Mapping[str, Claimed]) -> bool:
    return len(cards) > 1 and not all(map(is_virtual_router, cards)) and not _moved(cards.values())


def _moved(claims: Iterable[Claimed]) -> bool:
    """Whether each took over from the one before, with an announcement."""
    order = sorted(claims, key=lambda claimed: claimed.first)
    return all(earlier.last < later.first and later.announced for earlier, later in pairwise(order))
