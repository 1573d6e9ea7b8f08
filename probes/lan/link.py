"""A socket for frames of one card: filtered by the kernel, bounded in what it takes.

Needs CAP_NET_RAW. It stays out of promiscuous mode: what is sent to others is not looked at.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Self

from probes.lan.filters import compiled
from probes.model import ProbeError

BROADCAST_KIND, MULTICAST_KIND, OUTGOING_KIND = 1, 2, 4
"""Of packet(7)."""
ALL_KINDS = 0x0003
LONGEST = 2048
"""Bytes of a frame that are looked at; what matters here is shorter."""
_SO_ATTACH_FILTER = 26
_SOL_PACKET = 263
_ADD_MEMBERSHIP, _STATISTICS = 1, 6
_AT_ONCE = 0x40
"""MSG_DONTWAIT of Linux; Windows has no such name."""
_MULTICAST_MEMBER, _ALL_MULTICAST_MEMBER, _UNICAST_MEMBER = 0, 2, 3


def _opened() -> socket.socket:
    """Of no protocol, so that nothing is received before the filter is there."""
    if sys.platform != "linux":
        raise ProbeError("unsupported_system")
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


class Link:
    """Frames in and out of one card, until it is closed."""

    def __init__(self, card: str, words: str, *, buffer: int = 0) -> None:
        """`words`: a program of `filters`. `buffer`: bytes that may wait; 0 = the system's default.

        Raises ProbeError("no_privilege"), and ("no_route") when the card is gone or down.
        """
        try:
            self._socket = _opened()
        except PermissionError as exc:
            raise ProbeError("no_privilege", "CAP_NET_RAW") from exc
        except OSError as exc:
            raise ProbeError("no_socket", exc.strerror or "") from exc
        if buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        attach(self._socket, words)
        try:
            self._socket.bind((card, ALL_KINDS))
        except OSError as exc:
            self._socket.close()
            raise ProbeError("no_route", f"{card}: {exc.strerror}") from exc
        self._card = card

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def hear(self, mac: str) -> None:
        """Let the card take frames for this group, or this further address, too."""
        address = bytes.fromhex(mac.replace(":", ""))
        self._join(_MULTICAST_MEMBER if address[0] & 1 else _UNICAST_MEMBER, address)

    def hear_all_groups(self) -> None:
        self._join(_ALL_MULTICAST_MEMBER, b"")

    def _join(self, kind: int, address: bytes) -> None:
        index = socket.if_nametoindex(self._card)
        request = struct.pack("=iHH8s", index, kind, len(address), address)
        try:
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, request)
        except OSError:  # a driver without such a filter: it hears less, or everything anyway
            return

    def send(self, frame: bytes) -> None:
        """Raises ProbeError("no_route") when the card does not take it."""
        try:
            self._socket.send(frame)
        except OSError as exc:
            raise ProbeError("no_route", f"{self._card}: {exc.strerror}") from exc

    def receive(self, until: float) -> tuple[bytes, int] | None:
        """The next frame and its kind, by packet(7); None at the monotonic instant `until`."""
        left = until - monotonic()
        if left <= 0 or not select.select([self._socket], [], [], left)[0]:
            return None
        try:
            frame, about = self._socket.recvfrom(LONGEST, _AT_ONCE)
        except BlockingIOError:
            return b"", 0
        except OSError as exc:
            raise ProbeError("no_route", f"{self._card}: {exc.strerror}") from exc
        return frame, about[2]

    def incoming(self, until: float) -> Iterator[bytes]:
        """Frames of others, until then."""
        while received := self.receive(until):
            if received[0] and received[1] != OUTGOING_KIND:
                yield received[0]

    def passed(self) -> tuple[int, int]:
        """Frames that the filter let through since the last call, and how many of them were lost
        because nobody took them in time."""
        told = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8)
        all_, lost = struct.unpack("=II", told)
        return int(all_), int(lost)


def attach(opened: socket.socket, words: str) -> None:
    """Let only those frames through that the program names."""
    program = compiled(words)
    kept = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(kept))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, head)
