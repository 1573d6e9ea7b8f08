"""A DHCP server that nobody allowed.

It rests on offers to the sentinel, answers that it overhears, and the lease of every PC. Without a
list the server that was always there is right, else the gateway, else the one that most leases
name; where nothing says which of two is right, that is what is found. A lease alone says little: a
phone's hotspot and a router at home give leases too, and many homes use the ranges of a school. It
counts of PCs that share their way out with others: inside the school's own ranges, and outside
them when several PCs moved from a server that may serve.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.lan import dhcp
from collector.lan.detector import Detector
from collector.lan.dhcp import Allowed, Server
from collector.lan.look import Finding, Look, newest_label
from probes.text import Text

UNDECIDED = "undecided"
_NAMED = 8


class RogueDhcp(Detector):
    id = "rogue_dhcp"
    rests_on = ("dhcp_offers", "dhcp_lease", "lan_watch")
    limits = frozenset({"agents"})

    def find(self, look: Look) -> Iterable[Finding]:
        found = dhcp.servers(look)
        may = dhcp.allowed(look, found)
        if may is None:
            return _undecided([server for server in found if server.wire])
        # A relay passes on what a listed server far away offers: its address counts, not the MAC.
        findings = [_finding(s, may.ground) for s in found if _is_rogue(s, may, look)]
        return findings + [f for s in found if (f := _posing(s, may, look)) is not None]


def _is_rogue(server: Server, may: Allowed, look: Look) -> bool:
    if server.address in may.addresses:
        return False
    if server.wire:
        return True
    here = set(look.at_school(server.leases))
    if here and look.site is not None and look.site.covers(server.address):
        return True
    return len(here & dhcp.moved(server, may, look.known)) >= look.limit("agents")


def _finding(server: Server, ground: Text) -> Finding:
    return Finding(
        subject=server.address,
        address=server.address,
        mac=newest_label(server.wire, "mac"),
        ground=ground,
        sightings=server.sightings,
    )


def _undecided(found: Sequence[Server]) -> list[Finding]:
    """One finding for all of them, also when more come: which is wrong is not known."""
    if len(found) < 2:
        return []
    names = [server.address for server in found]
    more = len(names) > _NAMED
    zh = "、".join(names[:_NAMED]) + (" 等" if more else "")
    en = ", ".join(names[:_NAMED]) + (" and others" if more else "")
    return [
        Finding(
            subject=UNDECIDED,
            address=names[0],
            mac=newest_label(found[0].wire, "mac"),
            ground=Text(
                f"{len(names)} 台服务器都在分配地址（{zh}），"
                "没有依据判断哪一个是许可的；请在本校的 lan 文件里列出 dhcp_servers",
                f"{len(names)} servers hand out addresses ({en}), "
                "and nothing says which may; list dhcp_servers in the school's lan file",
            ),
            sightings=tuple(s for server in found for s in server.wire),
            suspects=frozenset(names),
        )
    ]


def _posing(server: Server, may: Allowed, look: Look) -> Finding | None:
    """Another device that answers in the name of the gateway's own server, beside the gateway."""
    own = look.gateways.own(server.address)
    if server.address not in may.addresses or own is None or not server.macs & own.macs:
        return None
    others = sorted(server.macs - own.macs)
    if not others:
        return None
    offers = tuple(s for s in server.wire if s["mac"] in others)
    return Finding(
        subject=f"{server.address} {others[0]}",
        address=server.address,
        mac=others[0],
        ground=Text(
            f"{own.ground.zh}，另有设备以它的名义应答",
            f"{own.ground.en}, and another device answers in its name",
        ),
        sightings=offers,
    )
