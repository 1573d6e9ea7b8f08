"""The kernel itself runs the filters here: over frames that pass through an ordinary socket."""

from __future__ import annotations

import socket
import sys

import pytest

from probes.lan import filters
from tests.probes.lan import built

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the filters of Linux")

REQUEST, REPLY = built.request("10.0.0.1", built.ONE), built.reply("10.0.0.1", built.ONE)
OFFER = built.dhcp()
ADVERT, HIDDEN, FRAGMENT = built.advert(), built.hidden_advert(), built.fragmented_advert()
NEIGHBOUR = built.neighbour("fe80::7", built.ONE)
NAMES = [built.datagram(built.dns_answer("wpad"), sport=port) for port in (5353, 5355, 137)]
NOISE = [
    built.datagram(built.dns_answer("wpad", qr=0), sport=5353),  # a question
    built.datagram(built.dns_answer("example.org"), sport=53),
    built.datagram(b"x" * 40, sport=443),
    built.datagram(b"", sport=5353),
    bytes(60),
    b"",
]
EVERYTHING = [REQUEST, REPLY, OFFER, ADVERT, HIDDEN, FRAGMENT, NEIGHBOUR, *NAMES]


def passed(words: str, frames: list[bytes]) -> list[bytes]:
    from probes.lan.link import attach

    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        attach(there, words)
        there.setblocking(False)
        found = []
        for frame in frames:
            here.send(frame)
            try:
                found.append(there.recv(4096))
            except BlockingIOError:
                continue
    return found


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (filters.ARP_ANSWERS, [REPLY]),
        (filters.OFFERS, [OFFER]),
        (filters.ADVERTS, [ADVERT, HIDDEN, FRAGMENT]),
        (filters.WATCHED, EVERYTHING),
    ],
    ids=["arp answers", "offers", "adverts", "watched"],
)
def test_filter_passes_what_it_is_for_and_nothing_else(words: str, wanted: list[bytes]) -> None:
    assert passed(words, [*EVERYTHING, *NOISE]) == wanted
