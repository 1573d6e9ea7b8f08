"""Frames as attackers and others send them, made with scapy."""

from __future__ import annotations

from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import ARP, Ether
from scapy.layers.netbios import NBNSHeader, NBNSQueryResponse

ALL = "ff:ff:ff:ff:ff:ff"
ONE, OTHER, THIRD = "8c:ec:4b:00:00:01", "3c:7c:3f:00:00:02", "00:e0:fc:00:00:03"


def arp(
    op: int, sender: str, mac: str, target: str = "10.0.0.99", target_mac: str = "0:0:0:0:0:0"
) -> bytes:
    body = ARP(op=op, psrc=sender, hwsrc=mac, pdst=target, hwdst=target_mac)
    return bytes(Ether(src=mac, dst=ALL if op == 1 else target_mac) / body)


def request(sender: str, mac: str, target: str = "10.0.0.99") -> bytes:
    return arp(1, sender, mac, target)


def reply(sender: str, mac: str, target: str = "10.0.0.99", target_mac: str = THIRD) -> bytes:
    return arp(2, sender, mac, target, target_mac)


def announcement(sender: str, mac: str) -> bytes:
    return arp(1, sender, mac, sender)


def advert(
    *,
    mac: str = ONE,
    source: str = "fe80::1",
    lifetime: int = 1800,
    prefixes: tuple[str, ...] = (),
    hops: int = 255,
    checksum: int | None = None,
    before: Any = None,
    **flags: Any,
) -> bytes:
    message: Any = ICMPv6ND_RA(routerlifetime=lifetime, cksum=checksum, **flags)
    for prefix in prefixes:
        message /= ICMPv6NDOptPrefixInfo(prefix=prefix, prefixlen=64)
    ip = IPv6(src=source, dst="ff02::1", hlim=hops)
    return bytes(
        Ether(src=mac, dst="33:33:00:00:00:01") / (ip if before is None else ip / before) / message
    )


def hidden_advert() -> bytes:
    return advert(before=IPv6ExtHdrDestOpt())


def fragmented_advert() -> bytes:
    return advert(before=IPv6ExtHdrFragment(m=0, offset=0))


def neighbour(address: str, mac: str, *, override: int = 1, solicited: int = 0) -> bytes:
    message = ICMPv6ND_NA(tgt=address, O=override, S=solicited) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    ip = IPv6(src=address, dst="ff02::1", hlim=255)
    return bytes(Ether(src=mac, dst="33:33:00:00:00:01") / ip / message)


def dhcp(
    kind: int = 2,
    *,
    server: str = "10.0.0.1",
    mac: str = ONE,
    transaction: int = 7,
    client: str = "02:62:6a:64:68:63",
    more: tuple[Any, ...] = (),
) -> bytes:
    options = [("message-type", kind), ("server_id", server), *more, "end"]
    return bytes(
        Ether(src=mac, dst=ALL)
        / IP(src=server, dst="255.255.255.255")
        / UDP(sport=67, dport=68)
        / BOOTP(op=2, xid=transaction, chaddr=bytes.fromhex(client.replace(":", "")))
        / DHCP(options=options)
    )


def dns_answer(name: str, identifier: int = 7, *, records: int = 1, qr: int = 1) -> bytes:
    answer = [DNSRR(rrname=name, type="A", rdata="10.0.0.66", ttl=30)] * records
    return bytes(DNS(id=identifier, qr=qr, qd=DNSQR(qname=name), an=answer))


def nbns_answer(name: str, identifier: int = 7) -> bytes:
    head = NBNSHeader(NAME_TRN_ID=identifier, RESPONSE=1, OPCODE=0, NM_FLAGS=0x50, ANCOUNT=1)
    return bytes(head / NBNSQueryResponse(RR_NAME=name.upper()))


def datagram(
    payload: bytes,
    *,
    sport: int,
    mac: str = OTHER,
    source: str = "10.0.0.66",
    to: str = THIRD,
) -> bytes:
    ip = IP(src=source, dst="10.0.0.99") / UDP(sport=sport, dport=50000) / payload
    return bytes(Ether(src=mac, dst=to) / ip)
