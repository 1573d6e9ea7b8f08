"""The measurement server's UDP port: whose address is whose, and a socket for each session.

A client that has a session knocks from its address; the answer, shorter than the knock, holds a
secret that only somebody at that address can read. Until the secret comes back on the control
connection nothing else is ever sent there.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from contextlib import suppress
from typing import Any

from collector.measure.udp_port import UdpPort
from probes.measuring.message import KNOCK_BYTES, SECRET_BYTES, answer, session_of_knock
from probes.train import receive, send

MOST_KNOCKS = 20
"""Answered for one session: some are lost, and a client has few addresses."""
_READS = 64

Address = tuple[Any, ...]


class Visitor:
    """A session, as this port sees it."""

    def __init__(self, number: int, key: bytes) -> None:
        self.number = number
        self._key = key
        self._knocked: dict[Address, socket.socket] = {}
        self._answered = 0
        self.opened: socket.socket | None = None
        """Connected to the client; None until its address is proven."""

    def heard(self, address: Address, where: socket.socket) -> bytes | None:
        """The answer to a knock from there; None when there were too many."""
        self._answered += 1
        if self._answered > MOST_KNOCKS:
            return None
        self._knocked[address] = where
        return answer(self.number, self._secret(address))

    def prove(self, secret: bytes) -> bool:
        """Whether one that knocked has read its answer; from then on trains can go there."""
        for address, where in self._knocked.items():
            if hmac.compare_digest(secret, self._secret(address)):
                self.close()
                self.opened = _connected(where, address)
                return True
        return False

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()
            self.opened = None

    def _secret(self, address: Address) -> bytes:
        return hmac.digest(self._key, repr(address).encode(), hashlib.sha256)[:SECRET_BYTES]


class UdpDoor:
    """Listens on one port, with a socket for each address of the host."""

    def __init__(self) -> None:
        self._port = UdpPort(_share_port, self._read)
        self._visitors: dict[int, Visitor] = {}

    def open(self, host: str, port: int) -> None:
        """Raises OSError."""
        self._port.open(host, port)

    def close(self) -> None:
        self._port.close()

    def admit(self, number: int, key: bytes) -> Visitor:
        visitor = self._visitors[number] = Visitor(number, key)
        return visitor

    def dismiss(self, visitor: Visitor) -> None:
        del self._visitors[visitor.number]
        visitor.close()

    def _read(self, opened: socket.socket) -> None:
        for _ in range(_READS):
            try:
                data, sender = opened.recvfrom(KNOCK_BYTES + 1)
            except OSError:  # nothing more, or a router complains of an earlier answer
                return
            number = session_of_knock(data)
            visitor = None if number is None else self._visitors.get(number)
            reply = None if visitor is None else visitor.heard(sender, opened)
            if reply is not None:
                with suppress(OSError):  # it is lost, as packets are
                    opened.sendto(reply, sender)


def _share_port(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _connected(where: socket.socket, address: Address) -> socket.socket:
    """A socket of the same port for that client alone: the kernel prefers it for its packets."""
    opened = socket.socket(where.family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if where.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _share_port(opened)
        opened.bind(where.getsockname())
        opened.connect(address)
        send.prepare(opened)
        receive.prepare(opened)
    except OSError:
        opened.close()
        raise
    return opened
