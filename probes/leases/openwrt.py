"""Leases of udhcpc on OpenWrt, as netifd tells them over ubus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from probes import programs
from probes.leases.model import FOREVER, Lease, addresses, first
from probes.model import ProbeError

COMMAND_SECONDS = 5.0


async def leases(now: float) -> list[Lease]:
    """None where there is no ubus. Raises ProbeError."""
    program = programs.find("ubus")
    if program is None:
        return []
    shown = await programs.run([program, "call", "network.interface", "dump"], COMMAND_SECONDS)
    if shown.refused or "access denied" in shown.errors.lower():
        raise ProbeError("no_privilege", program)
    if shown.code:
        raise ProbeError("unreadable", f"{program}: exit {shown.code}")
    try:
        return list(parse(shown.output, now))
    except (ValueError, TypeError, AttributeError, KeyError) as exc:
        raise ProbeError("unreadable", f"{program}: {exc}") from exc


def parse(text: str, now: float) -> Iterator[Lease]:
    """Raises ValueError, TypeError, AttributeError or KeyError for what netifd does not print."""
    for one in json.loads(text)["interface"]:
        if one.get("proto") == "dhcp" and one.get("up"):
            for address in one.get("ipv4-address", ()):
                yield _lease(one, address["address"], now)


def _lease(one: Mapping[str, Any], address: str, now: float) -> Lease:
    data = one.get("data", {})
    hops = [route["nexthop"] for route in one.get("route", ()) if route["mask"] == 0]
    return Lease(
        interface=str(one.get("l3_device") or one["device"]),
        address=address,
        server=first([str(data.get("dhcpserver", ""))]),
        routers=addresses(hops),
        resolvers=addresses(one.get("dns-server", ())),
        ends=_ends(data.get("leasetime"), one.get("uptime"), now),
    )


def _ends(length: object, uptime: object, now: float) -> float | None:
    """None once it may have been renewed: of that netifd does not tell."""
    if not isinstance(length, int) or not isinstance(uptime, int) or not 0 < length < FOREVER:
        return None
    # udhcpc renews when half of it is over.
    return now + length - uptime if uptime < length / 2 else None
