"""The packets of a train as bytes. Pure: no socket, no clock.

Each packet is a head and a filling that nothing on the way can shrink. The session is a random
number that the two ends agreed on elsewhere; it is no signature, and keeps out only those who do
not see the traffic.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

_HEAD = struct.Struct("!4sBxHHHQQ")
_SENT = struct.Struct("!Q")
_SENT_OFFSET = _HEAD.size - _SENT.size
_MAGIC, _VERSION = b"BANT", 1

SMALLEST_BYTES = _HEAD.size
LARGEST_BYTES = 1472
"""UDP payload of one Ethernet frame over IPv4."""
USUAL_BYTES = 1400
"""Fits in one frame of PPPoE and of most tunnels, too."""
MOST_PACKETS = 8192
"""In one train."""
HEADER_BYTES = {4: 20 + 8, 6: 40 + 8}
"""IP and UDP headers by version of IP, without options (RFC 791, RFC 8200, RFC 768)."""


@dataclass(frozen=True, slots=True)
class Head:
    """`sent` is ns of the sender's monotonic clock; only differences mean anything.

    Raises ValueError for what `decode` would not take.
    """

    session: int
    train: int
    sequence: int
    count: int
    sent: int

    def __post_init__(self) -> None:
        if not 0 <= self.sequence < self.count <= MOST_PACKETS:
            raise ValueError(f"packet {self.sequence} of {self.count}: at most {MOST_PACKETS}")

    def encode(self, size: int) -> bytes:
        """`size` bytes of UDP payload, random after the head."""
        check_size(size)
        return self._packed() + os.urandom(size - SMALLEST_BYTES)

    def _packed(self) -> bytes:
        return _HEAD.pack(
            _MAGIC, _VERSION, self.train, self.sequence, self.count, self.session, self.sent
        )


def check_size(size: int) -> None:
    """Raises ValueError for a UDP payload that no packet of a train has."""
    if not SMALLEST_BYTES <= size <= LARGEST_BYTES:
        raise ValueError(f"{size} bytes a packet: {SMALLEST_BYTES} to {LARGEST_BYTES}")


def decode(data: bytes) -> Head | None:
    """None for what is no packet of a train."""
    if not SMALLEST_BYTES <= len(data) <= LARGEST_BYTES:
        return None
    magic, version, train, sequence, count, session, sent = _HEAD.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION) or not sequence < count <= MOST_PACKETS:
        return None
    return Head(session, train, sequence, count, sent)


def encode_train(session: int, train: int, count: int, size: int) -> bytearray:
    """All packets of a train one after the other, each `size` bytes and not yet stamped."""
    whole = bytearray()
    for sequence in range(count):
        whole += Head(session, train, sequence, count, 0).encode(size)
    return whole


def stamp(whole: bytearray, start: int, end: int, size: int, sent: int) -> None:
    """Write when they are sent into the packets at bytes `start` to `end` of a train."""
    for offset in range(start + _SENT_OFFSET, end, size):
        _SENT.pack_into(whole, offset, sent)
