"""Packets to the reflector as bytes, and what their times amount to. Pure: no socket, no clock.

One format serves both ends: a sender numbers and stamps a packet, the reflector sends it back with
its own two stamps, and never a byte longer. Each is signed with a key that lasts some weeks and is
handed out with the configuration, so that a reflector serves nobody but its own agents.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from itertools import pairwise
from math import ceil
from statistics import fmean
from typing import Self

_PACKET = struct.Struct("!4sBBxxIIQQQQ")
_MAGIC, _VERSION = b"BANJ", 1
_SIGNATURE_BYTES = 16
_KEY_BYTES = 16
SMALLEST_BYTES = _PACKET.size + _SIGNATURE_BYTES
LARGEST_BYTES = 1400
"""Fits in one frame of every usual path."""
_GAIN = 16
"""RFC 3550 section 6.4.1: each difference counts for a sixteenth."""


class Kind(IntEnum):
    REQUEST = 1
    REPLY = 2
    REFUSED = 3
    """The key is unknown or has expired. Not signed: there is no key to sign it with."""
    BUSY = 4
    """Too many packets from that address."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of one week. As text `week:hex`, which no other setting looks like."""

    week: int
    secret: bytes

    @classmethod
    def derive(cls, secret: bytes, week: int) -> Self:
        """The key that the holder of `secret` hands out in `week`."""
        message = b"udp_jitter" + week.to_bytes(4, "big")
        return cls(week, hmac.digest(secret, message, hashlib.sha256)[:_KEY_BYTES])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        week, _, secret = text.partition(":")
        key = cls(int(week), bytes.fromhex(secret))
        if not 0 <= key.week < 2**32 or len(key.secret) != _KEY_BYTES:
            raise ValueError(f"{len(key.secret)} bytes")
        return key

    def __str__(self) -> str:
        return f"{self.week}:{self.secret.hex()}"

    def signature(self, head: bytes) -> bytes:
        return hmac.digest(self.secret, head, hashlib.sha256)[:_SIGNATURE_BYTES]


def week_of(at: datetime) -> int:
    """The number of the week, beginning on Monday 0:00 UTC."""
    day: date = at.astimezone(UTC).date()
    return (day.toordinal() - 1) // 7


@dataclass(frozen=True, slots=True)
class Packet:
    """Stamps are ns, each on the monotonic clock of who set it; only differences mean anything."""

    kind: Kind
    week: int
    sequence: int
    session: int
    sent: int
    received: int = 0
    replied: int = 0

    def encode(self, key: Key | None, filling: bytes) -> bytes:
        """Signed with `key`, and lengthened by `filling`, which is not."""
        head = _PACKET.pack(
            _MAGIC,
            _VERSION,
            self.kind,
            self.week,
            self.sequence,
            self.session,
            self.sent,
            self.received,
            self.replied,
        )
        return head + (key.signature(head) if key else bytes(_SIGNATURE_BYTES)) + filling


def decode(data: bytes) -> Packet | None:
    """None for what is no packet of ours. Whether it is signed is for `is_signed` to tell."""
    if not SMALLEST_BYTES <= len(data) <= LARGEST_BYTES:
        return None
    magic, version, kind, week, sequence, session, *stamps = _PACKET.unpack_from(data)
    if (magic, version) != (_MAGIC, _VERSION) or kind not in _KINDS:
        return None
    return Packet(Kind(kind), week, sequence, session, *stamps)


_KINDS = frozenset(Kind)


def is_signed(data: bytes, key: Key) -> bool:
    head, signature = data[: _PACKET.size], data[_PACKET.size : SMALLEST_BYTES]
    return hmac.compare_digest(signature, key.signature(head))


@dataclass(frozen=True, slots=True)
class Trip:
    """One packet there and back: sent and arrived by the sender's clock, the others by the other's.

    In ns.
    """

    sequence: int
    sent: int
    received: int
    replied: int
    arrived: int

    @property
    def is_possible(self) -> bool:
        """Whether the reflector had it no longer than it was away."""
        return 0 <= self.replied - self.received <= self.arrived - self.sent

    @property
    def seconds(self) -> float:
        """On the way, without the reflector's own time."""
        return ((self.arrived - self.sent) - (self.replied - self.received)) / 1e9


def jitter_seconds(times: Sequence[tuple[int, int]]) -> float | None:
    """Interarrival jitter of packets that left and came at `times`, in ns; None for less than two.

    RFC 3550 section 6.4.1, over the packets in the order in which they came. The two clocks need
    not agree: a constant difference drops out.
    """
    if len(times) < 2:
        return None
    jitter = 0.0
    for difference in _differences(sorted(times, key=lambda pair: pair[1])):
        jitter += (difference - jitter) / _GAIN
    return jitter


def mean_variation_seconds(times: Sequence[tuple[int, int]]) -> float | None:
    """How much the delay of one packet differs from that of the next, on the average; see above.

    Unlike the smoothed jitter it counts every packet alike, so it speaks for a whole minute.
    """
    if len(times) < 2:
        return None
    return fmean(_differences(sorted(times)))


def _differences(times: Sequence[tuple[int, int]]) -> Iterator[float]:
    """Seconds, without sign, by which the delay of each differs from that of the one before."""
    for (left, came), (next_left, next_came) in pairwise(times):
        yield abs((next_came - came) - (next_left - left)) / 1e9


def reordered_ratio(sequences: Sequence[int]) -> float:
    """Share of packets, in order of arrival, that came after one sent later (RFC 4737, 3.3)."""
    late, newest = 0, -1
    for sequence in sequences:
        late += sequence < newest
        newest = max(newest, sequence)
    return late / len(sequences)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The least of at least one ascending values that `share` of them do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
