"""What frames tell, and that no bytes of a stranger make the reader raise."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.lan import frames
from probes.lan.facts import Advert, Claim, Malformed, NameAnswer, Offer, Protocol
from tests.probes.lan import built
from tests.probes.lan.built import ONE, OTHER, THIRD


def test_sender_of_arp_claims_its_address() -> None:
    assert frames.read(built.request("10.0.0.1", ONE)) == Claim("10.0.0.1", ONE)
    answer = built.reply("10.0.0.1", ONE, "10.0.0.7")
    assert frames.read(answer) == Claim("10.0.0.1", ONE, asker="10.0.0.7")


def test_announcement_is_gratuitous() -> None:
    assert frames.read(built.announcement("10.0.0.1", ONE)) == Claim(
        "10.0.0.1", ONE, gratuitous=True
    )


@pytest.mark.parametrize(
    "frame",
    [
        built.arp(1, "0.0.0.0", ONE, "10.0.0.1"),  # a probe: it has no address yet
        built.request("10.0.0.1", "03:bf:0a:00:00:01"),  # a cluster's group address
        built.request("10.0.0.1", "00:00:00:00:00:00"),
        built.request("224.0.0.5", ONE),
        built.request("255.255.255.255", ONE),
        built.arp(3, "10.0.0.1", ONE),
        b"",
        bytes(14),
    ],
)
def test_what_claims_nothing_is_left_out(frame: bytes) -> None:
    assert frames.read(frame) is None


def test_advertisement_tells_prefixes_lifetime_and_flags() -> None:
    frame = built.advert(
        source="fe80::a", prefixes=("2001:db8:2::", "2001:db8:1::"), M=1, O=1, prf=3
    )
    prefixes = "2001:db8:1::/64 2001:db8:2::/64"
    assert frames.read(frame) == Advert("fe80::a", ONE, prefixes, 1800, "managed other low")


def test_withdrawal_has_the_lifetime_0() -> None:
    assert frames.read(built.advert(lifetime=0, prf=0)) == Advert("fe80::1", ONE, "-", 0, "-")


def test_advertisement_behind_another_header_is_seen() -> None:
    assert isinstance(frames.read(built.hidden_advert()), Advert)


@pytest.mark.parametrize(
    "frame",
    [
        built.advert(hops=64),
        built.advert(source="2001:db8::1"),
        built.advert(checksum=1),
        built.advert(code=1),
        built.fragmented_advert(),
        built.advert(prefixes=("2001:db8::",)).replace(b"\x03\x04\x40", b"\x03\x00\x40"),
        built.advert(prefixes=("2001:db8::",))[:-5],
    ],
)
def test_advertisement_that_breaks_the_rules_is_not_believed(frame: bytes) -> None:
    assert frames.read(frame) == Malformed(ONE)


def test_long_list_of_prefixes_says_how_many_more_there_are() -> None:
    fact = frames.read(built.advert(prefixes=tuple(f"2001:db8:{n:x}::" for n in range(1, 21))))
    assert isinstance(fact, Advert)
    assert fact.prefixes.endswith(" +12")
    assert len(fact.prefixes) <= 256


def test_neighbour_that_overrides_claims_its_address() -> None:
    assert frames.read(built.neighbour("fe80::7", ONE)) == Claim("fe80::7", ONE, gratuitous=True)
    assert frames.read(built.neighbour("fe80::7", ONE, override=0)) is None


def test_offer_tells_server_router_and_resolvers() -> None:
    more = (("router", "10.0.0.2"), ("name_server", "10.0.0.3", "223.5.5.5"))
    assert frames.read(built.dhcp(more=more)) == Offer(
        server="10.0.0.1",
        mac=ONE,
        router="10.0.0.2",
        resolvers="10.0.0.3 223.5.5.5",
        kind=2,
        transaction=7,
        client="02:62:6a:64:68:63",
    )


def test_answers_for_names_are_told_by_protocol() -> None:
    llmnr = built.datagram(built.dns_answer("wpad"), sport=5355)
    assert frames.read(llmnr) == NameAnswer(Protocol.LLMNR, "10.0.0.66", OTHER, 7, ("wpad",))
    nbns = built.datagram(built.nbns_answer("fileserver"), sport=137)
    assert frames.read(nbns) == NameAnswer(Protocol.NBNS, "10.0.0.66", OTHER, 7, ("fileserver",))
    question = built.datagram(built.dns_answer("wpad", qr=0), sport=5353)
    assert frames.read(question) is None
    web = built.datagram(built.dns_answer("wpad"), sport=53)
    assert frames.read(web) is None


def test_answer_with_very_many_records_is_not_read() -> None:
    assert isinstance(frames.read(built.datagram(built.dns_answer("wpad"), sport=5353)), NameAnswer)
    many = built.datagram(built.dns_answer("wpad", records=60), sport=5353)
    assert frames.read(many) is None


def test_questions_are_read_as_what_they_are_by_others() -> None:
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.dns import DNS
    from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
    from scapy.layers.l2 import ARP, Ether
    from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest

    asked = Ether(frames.arp_request(ONE, "10.0.0.1", "10.0.0.2"))
    assert (asked[ARP].op, asked[ARP].pdst, asked.dst) == (1, "10.0.0.2", built.ALL)
    discover = Ether(frames.dhcp_discover(ONE, "02:62:6a:64:68:63", 5))
    assert (discover.src, discover[BOOTP].xid, discover[BOOTP].flags.value) == (ONE, 5, 0x8000)
    assert ("message-type", 1) in discover[DHCP].options
    assert bytes(discover[BOOTP].chaddr)[:6] == bytes.fromhex("02626a646863")
    solicited = Ether(frames.router_solicitation(ONE, "fe80::9"))
    assert (solicited[IPv6].dst, solicited[IPv6].hlim, ICMPv6ND_RS in solicited) == (
        "ff02::2",
        255,
        True,
    )
    name = DNS(frames.name_question(9, "abc.local"))
    assert (name.id, name.qr, name.qd[0].qname) == (9, 0, b"abc.local.")
    netbios = NBNSHeader(frames.netbios_question(9, "abc"))
    assert (netbios.RESPONSE, netbios[NBNSQueryRequest].QUESTION_NAME) == (0, b"ABC")


WHOLE = [
    built.request("10.0.0.1", ONE),
    built.reply("10.0.0.1", ONE),
    built.advert(prefixes=("2001:db8::",)),
    built.hidden_advert(),
    built.fragmented_advert(),
    built.neighbour("fe80::7", ONE),
    built.dhcp(more=(("router", "10.0.0.2"), ("name_server", "10.0.0.3"))),
    built.datagram(built.dns_answer("wpad"), sport=5353),
    built.datagram(built.dns_answer("wpad"), sport=5355),
    built.datagram(built.nbns_answer("wpad"), sport=137),
]
A_LONG_TIME = 0.5
"""Seconds; a frame takes a thousandth of that."""


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    frame = bytearray(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 8))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(0, len(frame)))]) if draw(st.booleans()) else bytes(frame)


@given(damaged())
def test_damaged_frame_never_raises_and_ends(frame: bytes) -> None:
    started = time.monotonic()
    frames.read(frame)
    assert time.monotonic() - started < A_LONG_TIME


@given(
    st.sampled_from([b"\x08\x06", b"\x08\x00", b"\x86\xdd", b""]),
    st.binary(max_size=400),
)
def test_random_bytes_never_raise(kind: bytes, data: bytes) -> None:
    frames.read(bytes.fromhex(THIRD.replace(":", "")) + bytes(6) + kind + data)


@given(st.sampled_from(list(Protocol)[:3]), st.binary(max_size=300))
def test_random_bytes_are_no_answer_for_a_name(protocol: Protocol, data: bytes) -> None:
    from probes.lan.names import Question

    assert not Question(protocol, 7, "a-name-nobody-has").is_answered_by(data)
