"""Who is there: an ARP request to each address of a network, and a second to those who are silent.

Only on networks at a card of this machine, at an even pace, at most two frames to an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from time import monotonic
from typing import Any

from probes.lan import frames
from probes.lan.cards import Card, cards
from probes.lan.facts import Claim, is_randomised
from probes.lan.filters import ARP_ANSWERS
from probes.lan.heard import Heard
from probes.lan.link import Link

WAIT_SECONDS = (0.5, 1.0)
"""After the last frame of each round; a phone that saves power wakes every few tenths."""
MOST_ADDRESSES_OF_A_CARD = 16
"""Beyond this a card answers for others (proxy ARP), or pretends to be them."""
_MOST_ANSWERS = 4
"""For each address, of which no more are read; a flood is no network of hosts."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a sweep, for a network.

    Attributes:
        hosts: (address, MAC) of who answered for itself.
        proxies: MAC -> for how many addresses it answered, beyond what a host has.
    """

    hosts: tuple[tuple[str, str], ...]
    proxies: dict[str, int]

    @property
    def cards(self) -> set[str]:
        return {mac for _, mac in self.hosts}

    def listed(self, *, randomised: bool) -> Iterator[tuple[str, str]]:
        """The hosts to be named. One that made its address up is a phone, as a rule, and is only
        named when asked for, or when another card claims the same address."""
        claimed = [address for address, _ in self.hosts]
        for address, mac in self.hosts:
            if randomised or not is_randomised(mac) or claimed.count(address) > 1:
                yield address, mac


def sort_out(claims: Iterable[Claim]) -> Answers:
    """Pure: who is a host and who answers for many."""
    by_card: dict[str, set[str]] = {}
    for claim in claims:
        by_card.setdefault(claim.mac, set()).add(claim.address)
    many = {mac: len(a) for mac, a in by_card.items() if len(a) > MOST_ADDRESSES_OF_A_CARD}
    hosts = {(a, mac) for mac, each in by_card.items() if mac not in many for a in each}
    return Answers(tuple(sorted(hosts, key=lambda h: (IPv4Address(h[0]), h[1]))), many)


def sweep(question: dict[str, Any]) -> list[dict[str, Any]]:
    """One row for each network. Raises ProbeError."""
    here = cards()
    return [
        _sweep(IPv4Network(network), here, question["frames_per_second"], question["randomised"])
        for network in question["networks"]
    ]


def _sweep(
    network: IPv4Network, here: Sequence[Card], rate: float, randomised: bool
) -> dict[str, Any]:
    found = [(card, own) for card in here if (own := card.address_in(network)) is not None]
    if not found:
        return {"network": str(network), "refused": "not_connected"}
    card, own = found[0]
    wanted = _wanted(network, here, own.network)
    started = monotonic()
    sent, claims = _ask(card, str(own.ip), wanted, rate)
    answers = sort_out(claims)
    return {
        "network": str(network),
        "hosts": list(answers.listed(randomised=randomised)),
        "proxies": answers.proxies,
        "hosts_count": len(answers.cards),
        "randomised_count": sum(map(is_randomised, answers.cards)),
        "frames_sent_count": sent,
        "sweep_seconds": monotonic() - started,
    }


def _wanted(network: IPv4Network, here: Sequence[Card], whole: IPv4Network) -> list[str]:
    """Without this machine's own, and without the ends of the network behind the card, which are no
    hosts' (RFC 3021 has hosts at the ends of a /31)."""
    left_out = {a.ip for card in here for a in card.addresses}
    if whole.prefixlen < 31:
        left_out |= {whole.network_address, whole.broadcast_address}
    return [str(address) for address in network if address not in left_out]


def _ask(card: Card, own: str, wanted: Sequence[str], rate: float) -> tuple[int, set[Claim]]:
    """How many frames were sent, and what was answered."""
    sent, asked = 0, set(wanted)
    claims: set[Claim] = set()
    answers = Heard(most_of_a_sort=_MOST_ANSWERS * len(wanted))
    with Link(card.name, ARP_ANSWERS) as link:
        for wait in WAIT_SECONDS:
            answered = {claim.address for claim in claims}
            silent = [address for address in wanted if address not in answered]
            if not silent:
                break
            due = monotonic()
            for address in silent:
                link.send(frames.arp_request(card.mac, own, address))
                sent += 1
                due = max(due, monotonic()) + 1 / rate
                claims |= _answers(link, due, answers, own)
            claims |= _answers(link, monotonic() + wait, answers, own)
    return sent, {c for c in claims if c.address in asked and c.mac != card.mac}


def _answers(link: Link, until: float, before: Heard, own: str) -> set[Claim]:
    """New ones, to us, that came until then."""
    new = (frame for frame in link.incoming(until) if before.add(frame))
    facts = map(frames.read, new)
    return {fact for fact in facts if isinstance(fact, Claim) and fact.asker == own}
