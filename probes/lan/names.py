"""Who answers for a name that nobody has, by LLMNR, NBNS and mDNS over IPv4.

Ordinary sockets: no right is needed. Whoever answers would answer for any name.
"""

from __future__ import annotations

import secrets
import select
import socket
import string
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Interface
from time import monotonic
from typing import Any

from probes.lan import frames
from probes.lan.cards import Card, at_each, towards
from probes.lan.facts import NONE, Protocol
from probes.model import ProbeError
from probes.neighbours.linux import neighbours

MOST = 32
"""Answerers that are listed."""
_LETTERS = 11
"""Of a name: as long as NetBIOS has room for, and like no word."""
_GROUPS = {Protocol.LLMNR: ("224.0.0.252", 5355), Protocol.MDNS: ("224.0.0.251", 5353)}
_NBNS_PORT = 137
_LONGEST = 2048
_MOST_ANSWERS = 500
_HOPS = {Protocol.LLMNR: 1, Protocol.MDNS: 255}


@dataclass(frozen=True, slots=True)
class Question:
    """One that is under way, on a socket of its own."""

    protocol: Protocol
    identifier: int
    name: str

    def is_answered_by(self, data: bytes) -> bool:
        """Pure: whether these bytes give an address for the name."""
        try:
            answer = frames.name_answer(self.protocol, data)
        except Exception:
            # A dissector gives up on hostile bytes in many ways; none of them is an answer.
            return False
        if answer is None or answer[0] != self.identifier:
            return False
        return self.name in answer[1]


def random_name() -> str:
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))


def ask(question: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each answerer, over all cards. Raises ProbeError."""
    found: set[tuple[Protocol, str]] = set()
    for each in at_each(towards(question["networks"]), partial(_on, question["seconds"])):
        found |= each
    rows = sorted(found)[:MOST]
    macs = _macs() if rows else {}
    return [
        {"protocol": protocol, "address": address, "mac": macs.get(address, NONE)}
        for protocol, address in rows
    ]


def _macs() -> dict[str, str]:
    """Address -> MAC, as the kernel knows them; without it the answerer's address has to do."""
    try:
        return {each.address: each.mac for each in neighbours() if each.mac}
    except OSError:
        return {}


def _on(seconds: float, card: Card) -> set[tuple[Protocol, str]]:
    own = card.addresses[0]
    with ExitStack() as stack:
        asked = {}
        for protocol in (Protocol.LLMNR, Protocol.MDNS, Protocol.NBNS):
            opened = stack.enter_context(_open(own))
            asked[opened] = _send(opened, protocol, own)
        return _collect(asked, monotonic() + seconds, {str(a.ip) for a in card.addresses})


def _open(own: IPv4Interface) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.bind((str(own.ip), 0))
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own.ip.packed)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return opened


def _send(opened: socket.socket, protocol: Protocol, own: IPv4Interface) -> Question:
    identifier, name = secrets.randbits(16), random_name()
    if protocol is Protocol.NBNS:
        data, where = (
            frames.netbios_question(identifier, name),
            (
                str(own.network.broadcast_address),
                _NBNS_PORT,
            ),
        )
    else:
        name += ".local" if protocol is Protocol.MDNS else ""
        data, where = frames.name_question(identifier, name), _GROUPS[protocol]
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _HOPS[protocol])
    try:
        opened.sendto(data, where)
    except OSError as exc:
        raise ProbeError("no_route", f"{where[0]}: {exc.strerror}") from exc
    return Question(protocol, identifier, name)


def _collect(
    asked: dict[socket.socket, Question], until: float, own: set[str]
) -> set[tuple[Protocol, str]]:
    found = set()
    left = _MOST_ANSWERS
    while left > 0 and (wait := until - monotonic()) > 0:
        for ready in select.select(list(asked), [], [], wait)[0]:
            left -= 1
            with suppress(OSError):
                data, (address, _) = ready.recvfrom(_LONGEST)
                question = asked[ready]
                if address not in own and question.is_answered_by(data):
                    found.add((question.protocol, address))
    return found
