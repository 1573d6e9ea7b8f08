"""Frames as bytes, and what they tell. The only module that knows scapy; it opens no socket.

Every byte here may come from an attacker: what breaks a rule is malformed and is believed in no
part, and whatever scapy does with it, `read` does not raise.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, cast

from probes.lan.facts import (
    NONE,
    Advert,
    Claim,
    Fact,
    Malformed,
    NameAnswer,
    Offer,
    Protocol,
    is_one_card,
)
from probes.text import BanjunError, Text

ALL_CARDS = "ff:ff:ff:ff:ff:ff"
ALL_ROUTERS_MAC, ALL_NODES_MAC = "33:33:00:00:00:02", "33:33:00:00:00:01"
_MOST_WORDS = 8
"""Of a list in a label: prefixes, routers, resolvers."""
_ADVERT_BYTES = 16
_ETHERNET = 1
"""The link type of a capture, from the registry of tcpdump.org."""
_UNFORWARDED = 255
"""The hop limit of what no router has passed on."""
_DNS_PORTS = {5355: Protocol.LLMNR, 5353: Protocol.MDNS}
_NBNS_PORT = 137
_DNS_HEADER = struct.Struct("!6H")
_MOST_RECORDS = 40
"""Of an answer that is read: nobody deceives with more, and each takes a quarter of a ms."""
_ADDRESS_RECORDS = (1, 28)
"""A and AAAA."""
_PREFERENCES = {1: "high", 3: "low"}
_BOOT_REPLY = 2


def load() -> None:
    """Load the dissectors that are needed, and no others.

    scapy loads cryptography where it finds it, for protocols of which none is looked at here.
    """
    import logging
    import sys

    logging.getLogger("scapy").setLevel(logging.CRITICAL)  # it has a word for each odd frame
    sys.modules.setdefault("cryptography", None)  # type: ignore[arg-type]
    import scapy.layers.dhcp
    import scapy.layers.dns
    import scapy.layers.inet6
    import scapy.layers.netbios  # noqa: F401


def arp_request(mac: str, own: str, wanted: str) -> bytes:
    from scapy.layers.l2 import ARP, Ether

    question = ARP(op=1, hwsrc=mac, psrc=own, pdst=wanted)
    return bytes(Ether(src=mac, dst=ALL_CARDS) / question)


def dhcp_discover(mac: str, client: str, transaction: int) -> bytes:
    """Of the client `client`, whose answers come to all (RFC 2131 section 4.1, broadcast flag)."""
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    address = bytes.fromhex(client.replace(":", ""))
    options: list[Any] = [
        ("message-type", "discover"),
        ("client_id", b"\x01" + address),
        ("param_req_list", [1, 3, 6, 15, 51, 54]),
        "end",
    ]
    return bytes(
        Ether(src=mac, dst=ALL_CARDS)
        / IP(
            src="0.0.0.0",  # noqa: S104 - a client without an address
            dst="255.255.255.255",
        )
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=address, xid=transaction, flags=0x8000)
        / DHCP(options=options)
    )


def router_solicitation(mac: str, own: str) -> bytes:
    """`own`: the IPv6 address of the link, or `::`."""
    from scapy.layers.inet6 import ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr, IPv6
    from scapy.layers.l2 import Ether

    asked = ICMPv6ND_RS()
    if own != "::":
        asked /= ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return bytes(
        Ether(src=mac, dst=ALL_ROUTERS_MAC) / IPv6(src=own, dst="ff02::2", hlim=255) / asked
    )


def name_question(identifier: int, name: str) -> bytes:
    """For LLMNR and mDNS, whose questions look alike (RFC 4795, RFC 6762)."""
    from scapy.layers.dns import DNS, DNSQR

    return bytes(DNS(id=identifier, rd=0, qd=DNSQR(qname=name, qtype="A")))


def netbios_question(identifier: int, name: str) -> bytes:
    from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest

    head = NBNSHeader(NAME_TRN_ID=identifier, OPCODE=0, NM_FLAGS=0x11, QDCOUNT=1)
    return bytes(head / NBNSQueryRequest(QUESTION_NAME=name.upper()))


def read(frame: bytes) -> Fact | None:
    """What a whole Ethernet frame tells; None for what is not looked at."""
    try:
        return _read(frame)
    except Exception:
        # Dissectors give up on hostile bytes in many ways; all of them mean the same.
        return Malformed(_source(frame))


def recorded(path: Path) -> Iterator[bytes | None]:
    """The frames of a capture file (pcap, pcapng); None for one that is not Ethernet.

    A file that breaks off ends there. Raises BanjunError for what is no capture.
    """
    from scapy.error import Scapy_Exception
    from scapy.utils import RawPcapReader

    try:
        # scapy leaves a file open that it opened itself and then cannot read.
        with path.open("rb") as opened, RawPcapReader(cast(Any, opened)) as reader:
            for frame, about in reader:
                kind = getattr(about, "linktype", None) or getattr(reader, "linktype", None)
                yield frame if kind == _ETHERNET else None
    except (OSError, EOFError, MemoryError, Scapy_Exception, struct.error, zlib.error) as exc:
        raise BanjunError(
            Text(
                f"{path}：不是可读的抓包文件：{exc}", f"{path}: no capture that can be read: {exc}"
            )
        ) from exc


def _source(frame: bytes) -> str:
    return frame[6:12].hex(":") if len(frame) >= 12 else NONE


def _read(frame: bytes) -> Fact | None:
    from scapy.layers.inet import UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import ARP, Ether

    packet = Ether(frame)
    if ARP in packet:
        return _claim(packet[ARP])
    if UDP in packet:
        return _datagram(packet, packet[UDP])
    if IPv6 in packet:
        return _neighbour(packet, packet[IPv6])
    return None


def _claim(arp: Any) -> Fact | None:
    """A probe (RFC 5227) claims nothing: its sender has no address yet."""
    if (arp.hwtype, arp.ptype, arp.hwlen, arp.plen) != (1, 0x0800, 6, 4) or arp.op not in (1, 2):
        return None
    address, mac = IPv4Address(arp.psrc), str(arp.hwsrc).lower()
    if not is_one_card(mac) or address.is_unspecified or address.is_multicast:
        return None
    if address.is_loopback or address.is_reserved:
        return None
    asker = str(arp.pdst) if arp.op == 2 else ""
    return Claim(str(address), mac, gratuitous=str(arp.pdst) == str(address), asker=asker)


def _neighbour(packet: Any, ip: Any) -> Fact | None:
    from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_RA, IPv6ExtHdrFragment

    if IPv6ExtHdrFragment in ip:
        # Nobody may believe these in pieces (RFC 6980); no other fragment passes the filter.
        return Malformed(str(packet.src).lower())
    for kind, make in ((ICMPv6ND_RA, _advert), (ICMPv6ND_NA, _claim_by_neighbour)):
        if kind in ip:
            message = ip[kind]
            sound = ip.hlim == _UNFORWARDED and message.code == 0 and _is_sound(ip, message)
            return make(packet, ip, message) if sound else Malformed(str(packet.src).lower())
    return None


def _is_sound(ip: Any, message: Any) -> bool:
    """The checks of RFC 4861 sections 6.1.2 and 7.1.2 on checksum and options."""
    from scapy.layers.inet6 import in6_chksum

    data = bytes(message.original)
    options = data[_ADVERT_BYTES if message.type == 134 else 24 :]
    while options:
        length = options[1] * 8 if len(options) > 1 else 0
        if not 0 < length <= len(options):
            return False
        options = options[length:]
    return len(data) >= _ADVERT_BYTES and in6_chksum(58, ip, data) == 0  # type: ignore[no-untyped-call]


def _advert(packet: Any, ip: Any, message: Any) -> Fact:
    if not IPv6Address(ip.src).is_link_local:
        return Malformed(str(packet.src).lower())
    preference = _PREFERENCES.get(int(message.prf), "")
    flags = ["managed" if message.M else "", "other" if message.O else "", preference]
    return Advert(
        address=str(IPv6Address(ip.src)),
        mac=str(packet.src).lower(),
        prefixes=_words(sorted(set(_prefixes(message)))),
        lifetime=int(message.routerlifetime),
        flags=_words([flag for flag in flags if flag]),
    )


def _prefixes(message: Any) -> Iterator[str]:
    from scapy.layers.inet6 import ICMPv6NDOptPrefixInfo

    layer = message
    while layer := layer.payload:
        if isinstance(layer, ICMPv6NDOptPrefixInfo):
            yield f"{IPv6Address(layer.prefix)}/{int(layer.prefixlen)}"


def _claim_by_neighbour(packet: Any, ip: Any, message: Any) -> Fact | None:
    """Proxies and anycast do not override (RFC 4861 section 7.2.7, 7.2.8); they claim nothing."""
    from scapy.layers.inet6 import ICMPv6NDOptDstLLAddr

    if not message.O or ICMPv6NDOptDstLLAddr not in message:
        return None
    address, mac = IPv6Address(message.tgt), str(message[ICMPv6NDOptDstLLAddr].lladdr).lower()
    if address.is_multicast or address.is_unspecified or not is_one_card(mac):
        return None
    # Unlike ARP it is often solicited; only what is told to all nodes was not asked for.
    return Claim(str(address), mac, gratuitous=not message.S, asker="" if not message.S else ip.dst)


def _datagram(packet: Any, udp: Any) -> Fact | None:
    from scapy.layers.inet import IP

    if udp.sport == 67 and udp.dport == 68 and IP in packet:
        return _offer(packet)
    if udp.sport in _DNS_PORTS:
        answer = name_answer(_DNS_PORTS[udp.sport], bytes(udp.payload.original))
    elif udp.sport == _NBNS_PORT:
        answer = name_answer(Protocol.NBNS, bytes(udp.payload.original))
    else:
        return None
    if answer is None:
        return None
    identifier, names = answer
    protocol = Protocol.NBNS if udp.sport == _NBNS_PORT else _DNS_PORTS[udp.sport]
    return NameAnswer(protocol, str(packet.payload.src), str(packet.src).lower(), identifier, names)


def _offer(packet: Any) -> Fact | None:
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.inet import IP

    if DHCP not in packet or packet[BOOTP].op != _BOOT_REPLY:
        return None
    options = {o[0]: o[1:] for o in packet[DHCP].options if isinstance(o, tuple) and len(o) > 1}
    server = options.get("server_id", (packet[IP].src,))[0]
    return Offer(
        server=str(IPv4Address(server)),
        mac=str(packet.src).lower(),
        router=_addresses(options.get("router", ())),
        resolvers=_addresses(options.get("name_server", ())),
        kind=int(options["message-type"][0]),
        transaction=int(packet[BOOTP].xid),
        client=bytes(packet[BOOTP].chaddr)[:6].hex(":"),
    )


def _addresses(given: Any) -> str:
    return _words([str(IPv4Address(each)) for each in given])


def _words(words: list[str]) -> str:
    """As a label, with how many more there are."""
    more = [f"+{len(words) - _MOST_WORDS}"] if len(words) > _MOST_WORDS else []
    return " ".join(words[:_MOST_WORDS] + more) or NONE


def name_answer(protocol: Protocol, data: bytes) -> tuple[int, tuple[str, ...]] | None:
    """Its identifier, and the names for which it gives addresses; None when it gives none.

    May raise anything for bytes that are no such message.
    """
    if protocol is Protocol.NBNS:
        return _netbios_answer(data)
    from scapy.layers.dns import DNS

    if len(data) < _DNS_HEADER.size or sum(_DNS_HEADER.unpack_from(data)[3:]) > _MOST_RECORDS:
        return None
    message = DNS(data)
    if not message.qr or message.rcode:
        return None
    # A responder of mDNS may put its addresses behind what was asked for.
    more = message.ar or () if protocol is Protocol.MDNS else ()
    records = [*(message.an or ()), *more]
    names = {_name(r.rrname) for r in records if getattr(r, "type", 0) in _ADDRESS_RECORDS}
    return (int(message.id), tuple(sorted(names))) if names else None


def _netbios_answer(data: bytes) -> tuple[int, tuple[str, ...]] | None:
    from scapy.layers.netbios import NBNSHeader, NBNSQueryResponse

    message = NBNSHeader(data)
    if not message.RESPONSE or message.RCODE or NBNSQueryResponse not in message:
        return None
    answer = message[NBNSQueryResponse]
    return (int(message.NAME_TRN_ID), (_name(answer.RR_NAME),)) if answer.ADDR_ENTRY else None


def _name(given: Any) -> str:
    text = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
    return text.rstrip(". \0").lower()
