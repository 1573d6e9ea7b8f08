"""Two devices use one IP address.

It rests on who claims an address on the wire. Both have to be heard more than once: an address that
is handed over, by a lease or by a laptop that is put into its dock, is claimed by one after the
other. A router that answers for others (proxy ARP, RFC 1027), a virtual router, and one computer
with two cards are none. Of the gateway's address `gateway_impersonated` speaks, where it can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from ipaddress import ip_address
from itertools import combinations

from collector.lan.detector import Detector
from collector.lan.facts import FRAMES, Sighting
from collector.lan.gateways import is_virtual, overlap
from collector.lan.look import Finding, Look, by_subject
from probes.text import Text

NAMED = 4
"""Devices that are named; the others are counted."""


class AddressConflict(Detector):
    id = "address_conflict"
    rests_on = ("lan_watch",)
    limits = frozenset({"overlap", "proxied"})

    def find(self, look: Look) -> Iterable[Finding]:
        claims = look.facts.that(FRAMES, kind="arp")
        proxies = _proxies(claims, look)
        for address, of_address in sorted(by_subject(claims, "address").items()):
            if not _is_somebodys(address) or look.gateways.strangers(address):
                continue
            is_router = address in look.gateways.addresses()
            shared = proxies if not is_router else frozenset(m for m in proxies if is_virtual(m))
            devices = [c for c in of_address if c["mac"] not in shared]
            both = _both(devices, look.span("overlap"))
            if both and not look.is_one_machine({c["mac"] for c in both}):
                yield _finding(address, both)


def _finding(address: str, both: Sequence[Sighting]) -> Finding:
    macs = sorted({claim["mac"] for claim in both})
    more = len(macs) - NAMED
    zh = "、".join(macs[:NAMED]) + (f" 等 {len(macs)} 台" if more > 0 else "")
    en = ", ".join(macs[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return Finding(
        subject=address,
        address=address,
        mac=macs[-1],
        ground=Text(f"同时自称此地址的有 {zh}", f"claimed at one time by {en}"),
        sightings=tuple(both),
    )


def _proxies(claims: Iterable[Sighting], look: Look) -> frozenset[str]:
    """MACs that answer for others by design."""
    addresses: dict[str, set[str]] = {}
    for claim in claims:
        addresses.setdefault(claim["mac"], set()).add(claim["address"])
    own = [look.gateways.own(address) for address in look.gateways.addresses()]
    routers = {mac for found in own if found is not None for mac in found.macs}
    many = {mac for mac, of in addresses.items() if len(of) >= look.limit("proxied")}
    return frozenset(mac for mac in addresses if mac in routers | many or is_virtual(mac))


def _both(claims: Sequence[Sighting], least: timedelta) -> list[Sighting]:
    """Claims of devices that were there together, by what one listener heard."""
    found: dict[int, Sighting] = {}
    for one, other in combinations(claims, 2):
        if one["mac"] != other["mac"] and overlap(one, other) >= least:
            found |= {id(one): one, id(other): other}
    return list(found.values())


def _is_somebodys(address: str) -> bool:
    """Not one that every machine gives itself, and none at all."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return not (found.is_link_local or found.is_unspecified or found.is_loopback)
