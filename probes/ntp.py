"""NTP packets of a client and a server as bytes (RFC 5905, RFC 4330). Pure: no socket, no clock."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_PACKET = struct.Struct("!BBbbIII8s8s8s8s")
PACKET_BYTES = _PACKET.size
_VERSION, _CLIENT, _SERVER = 4, 3, 4
_UNSYNCHRONISED_LEAP = 3
_UNSYNCHRONISED_STRATUM = 16
_ERA_1970 = 2_208_988_800
"""Seconds from 1900, where NTP begins to count, to 1970."""


@dataclass(frozen=True, slots=True)
class NtpReply:
    """A server's answer.

    Attributes:
        received, sent: the server's clock, as 64-bit NTP timestamps (32.32 bits of a second).
        kiss: the four letters of a kiss-o'-death packet, else empty.
        root_dispersion: seconds by which the server's own clock may be wrong, as it says.
    """

    leap: int
    stratum: int
    root_dispersion: float
    kiss: str
    origin: bytes
    received: int
    sent: int

    @property
    def is_synchronised(self) -> bool:
        """Whether the server says that its own clock is set (RFC 5905 section 7.3)."""
        return (
            self.leap != _UNSYNCHRONISED_LEAP
            and 0 < self.stratum < _UNSYNCHRONISED_STRATUM
            and self.sent != 0
        )


def encode_request(cookie: bytes) -> bytes:
    """A client's question. `cookie`: 8 random bytes in place of our time, which the server echoes.

    The server does not need our time, and whoever answers without having seen the cookie is a liar.
    """
    first = _VERSION << 3 | _CLIENT
    return _PACKET.pack(first, 0, 0, 0, 0, 0, 0, bytes(8), bytes(8), bytes(8), cookie)


def decode_reply(data: bytes) -> NtpReply | None:
    """None for anything but a server's answer of version 3 or 4. What follows it is left alone."""
    if len(data) < PACKET_BYTES:
        return None
    first, stratum, _, _, _, dispersion, identifier, _, origin, received, sent = (
        _PACKET.unpack_from(data)
    )
    if first & 7 != _SERVER or first >> 3 & 7 not in (3, _VERSION):
        return None
    letters = identifier.to_bytes(4, "big")
    is_kiss = stratum == 0 and letters.isalpha()
    return NtpReply(
        leap=first >> 6,
        stratum=stratum,
        root_dispersion=dispersion / 65_536,
        kiss=letters.decode("ascii") if is_kiss else "",
        origin=origin,
        received=int.from_bytes(received, "big"),
        sent=int.from_bytes(sent, "big"),
    )


def offset_seconds(sent_ns: int, reply: NtpReply, arrived_ns: int) -> float:
    """How far the server's clock is ahead of ours, half the way's asymmetry uncertain.

    `sent_ns` and `arrived_ns` are Unix time of our clock. NTP counts seconds modulo 2**32, so the
    answer is the nearest possible one: right while the clocks are less than 68 years apart.
    """
    there = _signed(reply.received - _timestamp(sent_ns))
    back = _signed(reply.sent - _timestamp(arrived_ns))
    return (there + back) / 2 / 2**32


def delay_seconds(round_trip: float, reply: NtpReply) -> float:
    """The time on the way: our `round_trip` without what the server took."""
    return round_trip - _signed(reply.sent - reply.received) / 2**32


def _timestamp(unix_ns: int) -> int:
    seconds, fraction = divmod(unix_ns, 1_000_000_000)
    return ((seconds + _ERA_1970) << 32 | (fraction << 32) // 1_000_000_000) % 2**64


def _signed(difference: int) -> int:
    return (difference + 2**63) % 2**64 - 2**63
