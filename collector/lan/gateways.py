"""The school's gateways by address: which MAC is theirs, on what ground, and who sees another.

Many schools have several rooms with a router each, all called 192.168.1.1, and laptops go home to
one of the same address. So one agent that sees another MAC than its neighbours is no sign by
itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collector.inventory.mac import MacKind, mac_kind
from collector.lan.facts import CHANGES, FRAMES, Facts, Sighting
from collector.lan.known import Fact, Known, Learned
from collector.lan.site import Site
from collector.register.model import Agent
from probes.model import Role
from probes.text import Text

_Settled = Mapping[str, Collection[str]]
"""Agent -> the MACs for which its own word has lasted."""
USED = "used"
"""The state of a kernel's entry that it could not verify, as gateway_mac says it."""


@dataclass(frozen=True, slots=True)
class Own:
    """The MAC addresses that are the gateway's, and how that is known."""

    macs: frozenset[str]
    ground: Text
    certain: bool
    """Somebody wrote it down."""


class Gateways:
    """Of one school at one moment."""

    def __init__(
        self, site: Site | None, facts: Facts, known: Known, agents: Mapping[str, Agent]
    ) -> None:
        self._site = site
        self._facts = facts
        self._known = known
        self._agents = agents
        self._own: dict[str, Own | None] = {}
        self._seen: dict[str, list[Sighting]] = {}
        for sighting in facts.of("gateway_mac"):
            # What a gateway sees as its own way out is the provider's, and not on this network.
            is_gateway = self.is_of(sighting.agent, Role.GATEWAY)
            if not is_gateway and sighting["mac"] and sighting["address"]:
                self._seen.setdefault(sighting["address"], []).append(sighting)

    def is_of(self, agent: str, *roles: Role) -> bool:
        """Whether it is there, in one of these roles."""
        found = self._agents.get(agent)
        return found is not None and found.role in roles

    def addresses(self) -> list[str]:
        """Addresses of default routers that agents see now."""
        return sorted(self._seen)

    def main(self) -> frozenset[str]:
        """The IPv4 router that most agents share; empty where no two agents share one and none
        of them is a machine that never leaves."""
        sharing = {a: {s.agent for s in seen} for a, seen in self._seen.items() if ":" not in a}
        most = max(sharing.values(), key=len, default=set())
        named = [address for address, agents in sharing.items() if len(agents) == len(most)]
        fixed = any(self.is_of(agent, Role.SENTINEL) for agent in most)
        return frozenset(named) if len(named) == 1 and (len(most) >= 2 or fixed) else frozenset()

    def own(self, address: str) -> Own | None:
        """None while nothing is known."""
        if address not in self._own:
            self._own[address] = self._registered(address) or self._learned(address)
        return self._own[address]

    def _registered(self, address: str) -> Own | None:
        router = self._site.gateway if self._site else None
        if router is None or router.address != address or not router.macs:
            return None
        shown = ", ".join(router.macs)
        ground = Text(f"登记的 MAC 是 {shown}", f"the registered MAC is {shown}")
        return Own(frozenset(router.macs), ground, certain=True)

    def _learned(self, address: str) -> Own | None:
        settled = self._known.settled_by_agent(Learned.GATEWAY, address)
        said = {mac for macs in settled.values() for mac in macs}
        macs = frozenset(mac for mac in said if self._is_the_schools(address, mac, settled))
        if not macs:
            return None
        shown = ", ".join(sorted(macs))
        return Own(
            macs,
            Text(f"一直以来网关的 MAC 是 {shown}", f"so far the gateway's MAC was {shown}"),
            certain=False,
        )

    def _is_the_schools(self, address: str, mac: str, settled: _Settled) -> bool:
        """One PC's word that others dispute is not enough, however long it lasts: whoever takes
        that PC over could have any MAC taken for the gateway's."""
        who = [agent for agent, macs in settled.items() if mac in macs]
        if len(who) >= 2 or self._known.was_first(Learned.GATEWAY, address, mac):
            return True
        return any(self.is_of(a, Role.SENTINEL) or _is_undisputed(mac, a, settled) for a in who)

    def holders(self, address: str, own: Own) -> frozenset[str]:
        """The agents that have ever seen one of these MACs there."""
        asked = (Learned.GATEWAY, address)
        return frozenset().union(*(self._known.holders(*asked, mac) for mac in own.macs))

    def seen(self, address: str) -> list[Sighting]:
        """Who sees which MAC for that gateway."""
        return self._seen.get(address, [])

    def claims(self, address: str) -> list[Sighting]:
        """Which MACs say on the wire that the address is theirs, where several do."""
        return self._facts.that(FRAMES, kind="arp", address=address)

    def strangers(self, address: str) -> list[str]:
        """MACs that pass for the gateway and are not its own."""
        own = self.own(address)
        if own is None:
            return []
        found = {s["mac"] for s in (*self.seen(address), *self.claims(address))}
        return sorted(m for m in found - own.macs if m and not is_virtual(m))

    def changes(self, address: str, agents: Iterable[str]) -> int:
        """How often the MAC changed under the eyes of these, at most."""
        sums = [s.value for s in self._facts.that(CHANGES, address=address) if s.agent in agents]
        return int(max(sums, default=0))

    def shared(self, agent: str) -> list[Sighting]:
        """What the agent sees of a way out that it shares with another agent, or that is written
        down: while it sees that, it is at school."""
        return [s for seen in self._seen.values() for s in seen if self._is_shared(s, agent)]

    def _is_shared(self, sighting: Sighting, agent: str) -> bool:
        if sighting.agent != agent:
            return False
        address, mac = sighting["address"], sighting["mac"]
        now = {s.agent for s in self._seen[address] if s["mac"] == mac}
        before = self._known.holders(Learned.GATEWAY, address, mac)
        own = self.own(address)
        written = own is not None and own.certain and mac in own.macs
        return written or bool((now | before) - {agent})

    def to_learn(self, refused: Iterable[str]) -> list[Fact]:
        """What is seen now, without the MACs of which something is suspected."""
        suspects = set(refused)
        return [
            Fact(Learned.GATEWAY, address, sighting["mac"], sighting.agent)
            for address, sightings in sorted(self._seen.items())
            for sighting in sightings
            if sighting["mac"] not in suspects
        ]


def _is_undisputed(mac: str, agent: str, settled: _Settled) -> bool:
    """Of the only PC of a school, nobody says otherwise; of the only one of a room with a router of
    its own, it never said otherwise itself. What has not lasted disputes nothing."""
    others = (macs for other, macs in settled.items() if other != agent)
    return settled[agent] == {mac} or all(mac in macs for macs in others)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A MAC that passes for the gateway, and what speaks for its being an attack.

    Attributes:
        deceived: sightings of it by agents.
        abrupt: agents that saw the gateway's own MAC just before.
        rightly: sightings of the gateway's own MAC by others, lately.
        witnesses: those of them after that.
        back_and_forth: agents that see it, the own one, and it again.
        both_alive: claims on the wire by it and by the gateway itself.
        never_verified: of all kernels that hand it packets, none was ever answered by it. A new
            router answers.
        saw_own: agents that have ever seen the gateway's own MAC.
    """

    mac: str
    address: str
    own: Own
    deceived: tuple[Sighting, ...]
    abrupt: frozenset[str]
    rightly: tuple[Sighting, ...]
    witnesses: tuple[Sighting, ...]
    back_and_forth: frozenset[str]
    both_alive: tuple[Sighting, ...]
    never_verified: bool
    saw_own: frozenset[str]


def stranger(
    gateways: Gateways, address: str, mac: str, grace: timedelta, gap: timedelta
) -> Stranger | None:
    """None while it is not known which MAC is right.

    Args:
        grace: how long whoever saw the right one before may take to see the new one.
        gap: who saw neither for longer than this may have been carried elsewhere.
    """
    own = gateways.own(address)
    if own is None:
        return None
    seen = gateways.seen(address)
    deceived = [s for s in seen if s["mac"] == mac]
    rightly = [s for s in seen if s["mac"] in own.macs]
    return Stranger(
        mac=mac,
        address=address,
        own=own,
        deceived=tuple(deceived),
        abrupt=frozenset(_abrupt(deceived, rightly, gap)),
        rightly=tuple(_of_others(deceived, rightly)),
        witnesses=tuple(_witnesses(deceived, rightly, grace)),
        back_and_forth=frozenset(_back_and_forth(deceived, rightly)),
        both_alive=tuple(_both_alive(gateways.claims(address), mac, own.macs)),
        never_verified=bool(deceived) and all(s["state"] == USED for s in deceived),
        saw_own=gateways.holders(address, own),
    )


def _abrupt(
    deceived: Sequence[Sighting], rightly: Sequence[Sighting], gap: timedelta
) -> Iterable[str]:
    for s in deceived:
        same = [r for r in rightly if (r.agent, r["interface"]) == (s.agent, s["interface"])]
        if any(r.first <= s.first <= r.last + gap for r in same):
            yield s.agent


def _witnesses(
    deceived: Sequence[Sighting], rightly: Sequence[Sighting], grace: timedelta
) -> list[Sighting]:
    if not deceived:
        return []
    began = min(s.first for s in deceived)
    return [r for r in _of_others(deceived, rightly) if r.last >= began + grace]


def _of_others(deceived: Sequence[Sighting], rightly: Sequence[Sighting]) -> list[Sighting]:
    who = {s.agent for s in deceived}
    return [r for r in rightly if r.agent not in who]


def _back_and_forth(deceived: Sequence[Sighting], rightly: Sequence[Sighting]) -> Iterable[str]:
    for s in deceived:
        for r in rightly:
            same = (r.agent, r["interface"]) == (s.agent, s["interface"])
            if same and s.first < r.last < s.last:
                yield s.agent


def _both_alive(claims: Sequence[Sighting], mac: str, own: frozenset[str]) -> list[Sighting]:
    """Both are heard in more than one run, so it is no handing over."""
    theirs = [c for c in claims if c["mac"] == mac]
    rightly = [c for c in claims if c["mac"] in own]
    pairs = [(t, r) for t in theirs for r in rightly if overlap(t, r) > timedelta(0)]
    return [claim for pair in pairs for claim in pair]


def overlap(one: Sighting, other: Sighting) -> timedelta:
    """For how long both were there; negative when one came after the other."""
    return min(one.last, other.last) - max(one.first, other.first)


def is_virtual(mac: str) -> bool:
    """Of a group of routers: VRRP, CARP, HSRP, GLBP. It moves between them by design."""
    return mac_kind(mac) is MacKind.VIRTUAL_ROUTER
