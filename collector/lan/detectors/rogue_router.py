"""An IPv6 router that nobody allowed, or a device that takes a router's leave for it.

It rests on router advertisements that the sentinel receives or overhears. Without a list, whoever
advertised first is right, and so is the IPv4 gateway. An advertisement with a lifetime of zero
makes nobody a way out (RFC 4861 6.3.4), and devices that only offer a prefix send it; in a router's
name from another MAC it cuts that router's hosts off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from collector.lan.detector import Detector
from collector.lan.facts import ALL, FRAMES, Sighting
from collector.lan.gateways import is_virtual
from collector.lan.known import Fact, Known, Learned
from collector.lan.look import Finding, Look, newest_label
from probes.text import Text

_ANY = ""
_TOGETHER = timedelta(hours=1)
"""Within this of the first, PCs that are switched on one by one tell of what was always there."""


class RogueRouter(Detector):
    id = "rogue_router"
    rests_on = ("router_adverts", "lan_watch")

    def find(self, look: Look) -> Iterable[Finding]:
        senders: dict[tuple[str, str], list[Sighting]] = {}
        for sighting in adverts(look):
            senders.setdefault((sighting["address"], sighting["mac"]), []).append(sighting)
        for (address, mac), own in sorted(senders.items()):
            macs = {mac for of, mac in senders if of == address}
            ground = _why_rogue(address, mac, own, look) or _not_its_own(address, mac, macs)
            if ground is not None:
                yield Finding(
                    subject=mac or address,
                    address=address,
                    mac=newest_label(own, "mac"),
                    ground=ground,
                    sightings=tuple(own),
                )


def adverts(look: Look) -> list[Sighting]:
    found = [s for s in look.facts.of("router_adverts") if s["address"] not in ("", ALL)]
    return found + look.facts.that(FRAMES, kind="ra")


def to_learn(look: Look, suspects: Iterable[str]) -> list[Fact]:
    refused = set(suspects)
    # A gateway does not hear its own advertisements: whom it hears is no measure.
    return [
        Fact(Learned.ROUTER, _ANY, f"{s['address']} {s['mac']}")
        for s in adverts(look)
        if not {s["address"], s["mac"]} & refused and not look.is_gateway(s.agent)
    ]


def _why_rogue(address: str, mac: str, own: Sequence[Sighting], look: Look) -> Text | None:
    macs = _macs_of(address, look.known)
    if macs and mac and mac not in macs and not is_virtual(mac) and not _is_gateways(mac, look):
        shown = ", ".join(sorted(macs))
        return Text(
            f"以路由器 {address} 的名义通告，而它的 MAC 是 {shown}",
            f"it advertises in the name of {address}, whose MAC is {shown}",
        )
    if not _offers_a_way_out(own) or mac in macs or _is_gateways(mac, look):
        return None
    if look.site is not None and look.site.routers:
        listed = look.site.routers
        shown = ", ".join(listed)
        return (
            None
            if {address, mac} & set(listed)
            else Text(f"登记的路由器是 {shown}", f"the listed routers are {shown}")
        )
    if is_virtual(mac):
        return None
    before = sorted(_routers(look.known) or _routers_of_pcs(look.known))
    if not before:
        return None
    shown = ", ".join(before)
    return Text(f"一直以来的路由器是 {shown}", f"so far the router was {shown}")


def _not_its_own(address: str, mac: str, macs: set[str]) -> Text | None:
    """Many link-local addresses are made of a MAC (RFC 4291 appendix A). Where that one advertises
    too, another does it in its name."""
    own = _mac_within(address)
    if own not in macs or mac in ("", own) or is_virtual(mac):
        return None
    return Text(
        f"路由器 {address} 的地址由它自己的 MAC {own} 生成，而这条通告来自别处",
        f"the address of {address} is made of its own MAC {own}, and this came from another",
    )


def _mac_within(address: str) -> str:
    """Empty for an address that is not made of one."""
    try:
        low = ip_address(address).packed[8:]
    except ValueError:
        return ""
    if len(low) != 8 or low[3:5] != b"\xff\xfe":
        return ""
    return bytes([low[0] ^ 2, *low[1:3], *low[5:]]).hex(":")


def _offers_a_way_out(own: Sequence[Sighting]) -> bool:
    """What was only overheard may be anything; devices that speak for a prefix alone are many."""
    return any(s["lifetime"] not in ("", "0") for s in own)


def _routers(known: Known) -> dict[str, set[str]]:
    """Trusted addresses and their MACs."""
    found: dict[str, set[str]] = {}
    for value in known.trusted(Learned.ROUTER, _ANY):
        address, _, mac = value.partition(" ")
        found.setdefault(address, set()).add(mac)
    return found


def _routers_of_pcs(known: Known) -> set[str]:
    """The IPv6 routers that PCs used first of all; one that comes later is followed as well."""
    first: dict[str, datetime] = {}
    for fact, since in known.facts.items():
        if fact.kind is Learned.GATEWAY and ":" in fact.subject:
            first[fact.subject] = min(first.get(fact.subject, since.first), since.first)
    began = min(first.values(), default=None)
    return {a for a, at in first.items() if began is not None and at - began <= _TOGETHER}


def _macs_of(address: str, known: Known) -> set[str]:
    return _routers(known).get(address, set()) - {""}


def _is_gateways(mac: str, look: Look) -> bool:
    """Whether the way out of most over IPv4 has this MAC too."""
    found = [look.gateways.own(address) for address in look.gateways.main()]
    return any(own is not None and mac in own.macs for own in found)
