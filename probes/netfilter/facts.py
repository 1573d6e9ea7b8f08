"""The questions put to a packet filter, and how they are answered.

A filter counts by what it does, not by how many rules it has: some strangers' packets are sent
through it in thought. Rules about addresses (a blacklist, fail2ban) never meet a stranger, rules
about broken packets never meet a sound one, so neither makes a firewall by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probes.netfilter.rules import (
    Among,
    AnyOf,
    Condition,
    Fate,
    Field,
    Packet,
    Span,
    Table,
    fate,
    reachable,
)

INBOUND = frozenset({"ingress", "prerouting", "input"})
FORWARDED = frozenset({"ingress", "prerouting", "forward"})
PROTOCOLS = ("tcp", "udp")

_MAX_PORTS = 128
_MAX_INTERFACES = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """None: the rules hold conditions that decide it and that cannot be evaluated here.

    Attributes:
        ipv4, ipv6: some new connection from outside to this machine is stopped.
        default_denied: on at least one interface a connection to a port that no rule names is
            stopped, in each of the IP versions that were asked for.
        forwarded: some new connection through this machine is stopped.
        rules: rules on the way in, as a person counts them.
    """

    ipv4: bool | None
    ipv6: bool | None
    default_denied: bool | None
    forwarded: bool | None
    rules: int


def ask(tables: tuple[Table, ...], interfaces: Sequence[str], versions: Sequence[int]) -> Facts:
    """`interfaces`: of this machine, without the loopback. `versions`: of IP that it uses."""
    conditions = list(_conditions(tables))
    names = _representatives(interfaces, conditions)
    unnamed, named = _ports(conditions)
    question = _Question(tables, names, (unnamed, *named))
    return Facts(
        ipv4=question.stops_some((4,), INBOUND),
        ipv6=question.stops_some((6,), INBOUND),
        default_denied=question.denies(versions, unnamed),
        forwarded=question.stops_some(versions, FORWARDED),
        rules=sum(c.written for table in tables for c in reachable(table, INBOUND)),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    tables: tuple[Table, ...]
    interfaces: Sequence[str]
    ports: Sequence[int]

    def stops_some(self, versions: Sequence[int], hooks: frozenset[str]) -> bool | None:
        unclear = False
        for packet in self._packets(versions):
            found = fate(self.tables, packet, hooks)
            if found is Fate.DROPPED:
                return True
            unclear = unclear or found is Fate.UNCLEAR
        return None if unclear else False

    def _packets(self, versions: Sequence[int]) -> Iterator[Packet]:
        for port in self.ports:
            for version in versions:
                for protocol in PROTOCOLS:
                    for interface in self.interfaces:
                        yield Packet(version, protocol, interface, port)

    def denies(self, versions: Sequence[int], port: int) -> bool | None:
        answers = [self._denies_on(name, versions, port) for name in self.interfaces]
        return True if True in answers else None if None in answers else False

    def _denies_on(self, interface: str, versions: Sequence[int], port: int) -> bool | None:
        found = {
            fate(self.tables, Packet(version, protocol, interface, port), INBOUND)
            for version in versions
            for protocol in PROTOCOLS
        }
        if Fate.ACCEPTED in found:
            return False
        return None if Fate.UNCLEAR in found else True


def _conditions(tables: tuple[Table, ...]) -> Iterator[Among]:
    for table in tables:
        for chain in table.chains.values():
            for rule in chain.rules:
                yield from _simple(rule.conditions)


def _simple(conditions: tuple[Condition, ...]) -> Iterator[Among]:
    for condition in conditions:
        if isinstance(condition, Among):
            yield condition
        elif isinstance(condition, AnyOf):
            for inner in condition.lists:
                yield from _simple(inner)


def _mentioned(conditions: Sequence[Among], field: Field) -> set[str | int | Span]:
    return {value for c in conditions if c.field == field for value in c.values}


def _representatives(interfaces: Sequence[str], conditions: Sequence[Among]) -> list[str]:
    """One interface for each way in which the rules tell interfaces apart."""
    tests = [
        Among("interface", (v,)) for v in sorted(map(str, _mentioned(conditions, "interface")))
    ]
    kinds: dict[tuple[bool, ...], str] = {}
    for name in interfaces:
        kinds.setdefault(tuple(t.holds(Packet(4, "tcp", name, 1)) for t in tests), name)
    return list(kinds.values())[:_MAX_INTERFACES] or ["(any)"]


def _ports(conditions: Sequence[Among]) -> tuple[int, list[int]]:
    """A port that no rule names (if there is one), and the ends of the spans that rules name."""
    spans = sorted(v for v in _mentioned(conditions, "port") if isinstance(v, tuple))
    ends = list(dict.fromkeys(end for span in spans for end in span))
    candidates = [20_000, *(high + 1 for _, high in spans), 1]
    for candidate in candidates:
        if 0 < candidate < 65_536 and not any(a <= candidate <= b for a, b in spans):
            return candidate, ends[:_MAX_PORTS]
    return 20_000, ends[:_MAX_PORTS]
