"""Listening for some seconds: addresses claimed twice, routers, DHCP servers, answers to names, and
how much is sent to all.

Who is the gateway is asked aloud: an impostor speaks all the time, and the gateway itself often
says nothing for minutes, so that there would be nothing to compare.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from time import monotonic
from typing import Any

from probes.lan import frames
from probes.lan.cards import Card, cards, towards
from probes.lan.claims import NOBODY, Claims, Own
from probes.lan.facts import Advert, Claim, Fact, Kind, NameAnswer, Offer, Protocol
from probes.lan.filters import WATCHED, of_kind
from probes.lan.heard import Heard, Times
from probes.lan.link import BROADCAST_KIND, MULTICAST_KIND, OUTGOING_KIND, Link
from probes.model import ProbeError
from probes.neighbours.linux import routers

MOST_A_SECOND = 1000
"""Frames that are taken from the kernel; taking one costs about 10 us."""
MOST_ROWS = 32
"""Of one kind."""
NAMES_OF_A_HOST = 1
"""By mDNS every printer and phone announces its own name; who answers for more is told."""
QUESTIONS = 2
"""For each gateway, spread over the time."""
_SMALLEST_BUFFER = 1
_LARGE_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Row:
    """What was heard of an address and a card. `names`: for how many names it gave addresses."""

    kind: Kind
    address: str
    mac: str
    frames: int
    names: int = 0


def sort_out(heard: Mapping[bytes, Times], own: Own = NOBODY) -> list[Row]:
    """Pure: what matters in what was heard on one network."""
    facts = [(fact, times) for frame, times in heard.items() if (fact := frames.read(frame))]
    return [*_conflicts(facts, own), *_senders(facts), *_answerers(facts)]


def claims_of(facts: Iterable[tuple[Fact | None, Times]], own: Own = NOBODY) -> Claims:
    claims = Claims(own)
    for fact, times in facts:
        if isinstance(fact, Claim):
            claims.add(fact, times.count, times.first, times.last)
    return claims


def _conflicts(facts: Iterable[tuple[Fact, Times]], own: Own = NOBODY) -> list[Row]:
    return [Row(Kind.ARP, *conflict) for conflict in claims_of(facts, own).conflicts()]


def _senders(facts: Iterable[tuple[Fact, Times]]) -> list[Row]:
    counts: Counter[tuple[Kind, str, str]] = Counter()
    for fact, times in facts:
        match fact:
            case Advert():
                counts[Kind.RA, fact.address, fact.mac] += times.count
            case Offer():
                counts[Kind.DHCP, fact.server, fact.mac] += times.count
    return [Row(*who, count) for who, count in counts.items()]


def _answerers(facts: Iterable[tuple[Fact, Times]]) -> list[Row]:
    counts: Counter[tuple[str, str]] = Counter()
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    asked = set()
    for fact, times in facts:
        if isinstance(fact, NameAnswer):
            who = (fact.address, fact.mac)
            counts[who] += times.count
            names[who].update(fact.names)
            if fact.protocol is not Protocol.MDNS:
                asked.add(who)
    told = (who for who in counts if who in asked or len(names[who]) > NAMES_OF_A_HOST)
    return [Row(Kind.NAME, *who, counts[who], len(names[who])) for who in told]


def watch(question: dict[str, Any]) -> dict[str, Any]:
    """Rows and counts over all cards. Raises ProbeError."""
    seconds, networks = question["seconds"], question["networks"]
    gateways = _gateways() if networks else []  # on a network that nobody described nothing is sent
    with ExitStack() as stack:
        machine = frozenset(card.mac for card in cards())
        ears = [stack.enter_context(_Ear(card, machine, gateways)) for card in towards(networks)]
        with ThreadPoolExecutor(len(ears)) as threads:
            heard = list(threads.map(lambda ear: ear.listen(seconds), ears))
    rows = [row for ear in ears for row in sort_out(ear.heard.frames, ear.own)]
    return {
        "rows": [
            {
                "kind": row.kind,
                "address": row.address,
                "mac": row.mac,
                "frames_count": row.frames,
                "names_count": row.names,
            }
            for kind in Kind
            for row in _most([row for row in rows if row.kind is kind])
        ],
        "broadcast_frames_count": sum(ear.broadcast for ear in ears),
        "multicast_frames_count": sum(ear.multicast for ear in ears),
        "missed_count": sum(ear.missed for ear in ears),
        "heard_seconds": min(heard),
    }


def _gateways() -> list[IPv4Address]:
    """Of IPv4; none where the routes cannot be read, for there is more to hear than gateways."""
    try:
        found = routers()
    except (OSError, ValueError, ProbeError):
        return []
    return [IPv4Address(router.address) for router in found if ":" not in router.address]


def _most(rows: list[Row]) -> list[Row]:
    """The busiest; all cards of one address stay together."""
    total: Counter[str] = Counter()
    for row in rows:
        total[row.address] += row.frames
    return sorted(rows, key=lambda r: (-total[r.address], r.address, r.mac))[:MOST_ROWS]


class _Ear:
    """One card: what matters is taken, and what is sent to all is counted by the kernel alone.

    A socket from which nobody reads keeps a few frames and counts the others: that costs next to
    nothing, also in a storm.
    """

    def __init__(
        self, card: Card, machine: frozenset[str], gateways: Sequence[IPv4Address]
    ) -> None:
        addresses = {str(a.ip) for a in card.addresses} | {str(card.link_local)}
        self.own = Own(card.mac, frozenset(addresses), machine)
        self._questions = [
            frames.arp_request(card.mac, str(own.ip), str(gateway))
            for gateway in gateways
            for own in card.addresses
            if gateway in own.network and str(gateway) not in addresses
        ]
        self.heard = Heard()
        self.broadcast = self.multicast = self.missed = 0
        self._stack = ExitStack()
        with self._stack:
            enter = self._stack.enter_context
            self.link = enter(Link(card.name, WATCHED, buffer=_LARGE_BUFFER))
            self._to_all = enter(Link(card.name, of_kind(BROADCAST_KIND), buffer=_SMALLEST_BUFFER))
            self._to_groups = enter(
                Link(card.name, of_kind(MULTICAST_KIND), buffer=_SMALLEST_BUFFER)
            )
            self._to_groups.hear_all_groups()
            self._stack = self._stack.pop_all()

    def __enter__(self) -> _Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def listen(self, seconds: float) -> float:
        """How long it listened. What is more than fits a second waits for the next one, or is lost
        and counted."""
        started = monotonic()
        until = started + seconds
        asking = [started + seconds * number / QUESTIONS for number in range(QUESTIONS)]
        while (now := monotonic()) < until:
            second = min(now + 1, until)
            if asking and now >= asking[0]:
                asking.pop(0)
                self._ask()
            left = MOST_A_SECOND
            while left and (received := self.link.receive(second)):
                left -= 1
                if received[0] and received[1] != OUTGOING_KIND:
                    self.heard.add(received[0])
            time.sleep(max(0.0, second - monotonic()))
        self._count()
        return monotonic() - started

    def _ask(self) -> None:
        # A card that cannot send in a storm still hears it.
        with suppress(ProbeError):
            for question in self._questions:
                self.link.send(question)

    def _count(self) -> None:
        self.broadcast = self._to_all.passed()[0]
        self.multicast = self._to_groups.passed()[0]
        self.missed = self.heard.missed + self.link.passed()[1]
