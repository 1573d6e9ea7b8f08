"""Who hands out addresses at a school, which of them may, and on what ground."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.lan.facts import ALL, FRAMES, Sighting
from collector.lan.known import Fact, Known, Learned
from collector.lan.look import Look, agents_of, by_subject
from probes.text import Text

WIRE, LEASE = "", "lease"
"""Subjects of what is learned: who serves on this network, and from whom each agent had a lease.
What leases name may be at home."""


@dataclass(frozen=True, slots=True)
class Server:
    """One DHCP server, by its address.

    Attributes:
        wire: offers to the sentinel, and answers that were overheard: it serves on this network.
        leases: of PCs that have an address from it.
    """

    address: str
    wire: tuple[Sighting, ...]
    leases: tuple[Sighting, ...]

    @property
    def macs(self) -> frozenset[str]:
        return frozenset(s["mac"] for s in self.wire if s["mac"])

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return (*self.wire, *self.leases)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The servers that may serve, and how that is known."""

    addresses: frozenset[str]
    ground: Text


def servers(look: Look) -> list[Server]:
    offers = [s for s in look.facts.of("dhcp_offers") if s["server"] != ALL]
    offered = by_subject(offers, "server")
    overheard = by_subject(look.facts.that(FRAMES, kind="dhcp"), "address")
    leases = by_subject(look.facts.of("dhcp_lease"), "server")
    # Who is heard to answer others and makes us no offer only tells machines from where to boot
    # (PXE), unless somebody has an address from it.
    heard = {a for a in overheard if a in offered or a in leases or not offered}
    return [
        Server(
            address,
            (*offered.get(address, ()), *(overheard[address] if address in heard else ())),
            tuple(leases.get(address, ())),
        )
        for address in sorted(offered.keys() | leases.keys() | heard)
    ]


def allowed(look: Look, found: Sequence[Server]) -> Allowed | None:
    """None where two or more serve and nothing says which of them may."""
    if look.site is not None and look.site.dhcp_servers:
        return _listed(look.site.dhcp_servers, found)
    seen = frozenset(server.address for server in found)
    before = look.known.trusted(Learned.DHCP, WIRE)
    grounds = (
        # One that is gone is no measure while another ground says who took over.
        (before & seen, "一直以来的服务器是 {}", "so far the server was {}"),
        (_gateway(look) & seen, "网关 {} 自己就是服务器", "the gateway {} is the server"),
        (_most_named(found), "多数电脑的租约来自 {}", "most leases are from {}"),
        (before, "一直以来的服务器是 {}", "so far the server was {}"),
    )
    for addresses, zh, en in grounds:
        if addresses:
            shown = ", ".join(sorted(addresses))
            return Allowed(addresses, Text(zh.format(shown), en.format(shown)))
    return None


def _gateway(look: Look) -> frozenset[str]:
    if look.site is not None and look.site.gateway is not None:
        return frozenset({look.site.gateway.address})
    return look.gateways.main()


def _listed(listed: Sequence[str], found: Sequence[Server]) -> Allowed:
    by_mac = {server.address for server in found if server.macs & set(listed)}
    shown = ", ".join(listed)
    ground = Text(f"登记的服务器是 {shown}", f"the listed servers are {shown}")
    return Allowed(frozenset({*listed, *by_mac}), ground)


def _most_named(found: Iterable[Server]) -> frozenset[str]:
    """The server of more than half of the PCs that have a lease, if these are two or more."""
    named = Counter({server.address: len(agents_of(server.leases)) for server in found})
    total = sum(named.values())
    (address, number), *_ = named.most_common(1) or [("", 0)]
    return frozenset({address}) if number >= 2 and number * 2 > total else frozenset()


def to_learn(look: Look, suspects: Iterable[str]) -> list[Fact]:
    """On the wire for the school, by leases for each agent.

    A gateway does not hear its own offers: whom it hears is no measure, until PCs have leases.
    """
    refused, learned = set(suspects), []
    for server in servers(look):
        if server.address in refused:
            continue
        others = [s for s in server.wire if not look.is_gateway(s.agent)]
        if others or (server.wire and server.leases):
            learned.append(Fact(Learned.DHCP, WIRE, server.address))
        pcs = sorted(agents_of(server.leases))
        learned += [Fact(Learned.DHCP, LEASE, server.address, agent) for agent in pcs]
    return learned


def moved(server: Server, may: Allowed, known: Known) -> set[str]:
    """PCs that had an address from a server that may serve, and now have one from this."""
    before = {a for own in may.addresses for a in known.holders(Learned.DHCP, LEASE, own)}
    return agents_of(server.leases) & before
