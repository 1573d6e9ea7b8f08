"""Another device passes for the gateway: ARP or neighbour-discovery spoofing.

It rests on the neighbour table of every agent, and on who claims the gateway's address on the
wire. One agent that sees another MAC is no proof: it may sit behind a room's own router, or at
home. What counts is a change before its eyes while others still see the gateway's own MAC, a MAC
that goes back and forth, one that no kernel can verify, or both devices alive at one time. A change
that everybody follows, and that answers, is `gateway_changed`.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.lan.detector import Detector
from collector.lan.gateways import Stranger, stranger
from collector.lan.look import Finding, Look, agents_of
from probes.text import Text


class GatewayImpersonated(Detector):
    id = "gateway_impersonated"
    rests_on = ("gateway_mac", "lan_watch")
    limits = frozenset({"grace", "gap", "changes"})

    def find(self, look: Look) -> Iterable[Finding]:
        for address in look.gateways.addresses():
            for mac in look.gateways.strangers(address):
                found = stranger(look.gateways, address, mac, look.span("grace"), look.span("gap"))
                sign = _sign(found, look) if found is not None else None
                if found is not None and sign is not None:
                    yield _finding(found, sign)


def _finding(found: Stranger, sign: Text) -> Finding:
    own = found.own.ground
    return Finding(
        subject=found.mac,
        address=found.address,
        mac=found.mac,
        ground=Text(f"{own.zh}；{sign.zh}", f"{own.en}; {sign.en}"),
        sightings=(*found.deceived, *(c for c in found.both_alive if c["mac"] == found.mac)),
    )


def _sign(found: Stranger, look: Look) -> Text | None:
    """What shows that it is an attack; None where nothing does."""
    deceived = agents_of(found.deceived)
    changes = look.gateways.changes(found.address, deceived)
    if found.both_alive and not look.is_one_machine({found.mac, *found.own.macs}, fixed=True):
        return Text("两者同时在网上自称网关", "both claim the address on the wire at one time")
    if found.back_and_forth or changes >= look.limit("changes"):
        return Text("网关的 MAC 来回变化", "the gateway's MAC goes back and forth")
    if found.never_verified and found.abrupt and _is_certain(found):
        return Text(
            "它只是不断被写进邻居表，被问到时从不应答",
            "it is written into neighbour tables again and again, and answers no question",
        )
    if found.witnesses and _is_here(found, deceived):
        number = len(agents_of(found.witnesses))
        return Text(
            f"同时有 {number} 个代理仍看到原来的 MAC",
            f"{number} agents still see the gateway's own at the same time",
        )
    if found.mac in look.open and deceived and not _is_replaced(found, deceived, look):
        return Text("仍被当作网关", "it still passes for the gateway")
    return None


def _is_certain(found: Stranger) -> bool:
    """Several agents, or one of them twice: no single unlucky look."""
    twice = any(s.first < s.last for s in found.deceived)
    return twice or len(agents_of(found.deceived)) >= 2


def _is_here(found: Stranger, deceived: set[str]) -> bool:
    """Whether the deceived are on this network, and not at home or behind a room's router."""
    return bool(found.abrupt) or len(deceived & found.saw_own) >= 2


def _is_replaced(found: Stranger, deceived: set[str], look: Look) -> bool:
    """Nobody sees the own MAC any more, the new one answers who asks, and several agents say so."""
    return not found.witnesses and not found.never_verified and len(deceived) >= 2
