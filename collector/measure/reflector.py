"""Sends the packets of udp_jitter back, each with the time of its arrival and of its return.

Open to everybody on the network, so it answers only what an agent of this collector has signed,
never with more bytes than came, and to one address only so much. It keeps nothing of a packet.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import perf_counter_ns

from collector.measure.bucket import Bucket
from collector.measure.udp_port import UdpPort
from probes.datagram import arrival_perf_ns
from probes.jitter import (
    LARGEST_BYTES,
    SMALLEST_BYTES,
    Key,
    Kind,
    Packet,
    decode,
    is_signed,
    week_of,
)
from probes.net import ask_for_timestamps

WEEKS_BACK, WEEKS_AHEAD = 4, 1
"""Keys that are accepted: an agent may have been off for a month of holidays."""
PACKETS_PER_SECOND, BURST_PACKETS = 1000.0, 4000.0
"""From one address, behind which a whole school may be."""
NOTICES_PER_SECOND = 10.0
"""Of those that say why there is no reply, to all together."""
MOST_ADDRESSES = 10_000
_READS = 64
"""Packets at one go; then others have their turn."""
_ANCILLARY_BYTES = 128
_RECEIVE_BUFFER_BYTES = 1 << 20


class Reflector:
    """Answers packets; `open` listens with it.

    Args:
        secret: from which the keys of the weeks are derived.
        now: the wall clock, which says what week it is.
    """

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        if not secret:
            raise ValueError("the reflector's secret is empty: anybody could sign")
        self._secret = secret
        self._now = now
        self._keys: dict[int, Key] = {}
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()
        self._notices = Bucket(NOTICES_PER_SECOND, NOTICES_PER_SECOND, NOTICES_PER_SECOND, 0.0)
        self._port = UdpPort(_prepare, self._read)
        self.answered = 0
        self.turned_away = 0

    def key(self, week: datetime) -> str:
        """What agents are given in that week."""
        return str(Key.derive(self._secret, week_of(week)))

    def open(self, host: str, port: int) -> None:
        """Listen on every address of `host`, on the running event loop. Raises OSError."""
        self._port.open(host, port)

    def close(self) -> None:
        self._port.close()

    def _read(self, opened: socket.socket) -> None:
        for _ in range(_READS):
            try:
                data, ancillary, _, sender = opened.recvmsg(LARGEST_BYTES + 1, _ANCILLARY_BYTES)
            except OSError:  # nothing more, or a router complains of an earlier answer
                return
            reply = self.answer(data, str(sender[0]), arrival_perf_ns(ancillary))
            if reply is not None:
                with suppress(OSError):  # it is lost, as packets are
                    opened.sendto(reply, sender)

    def answer(self, data: bytes, sender: str, received: int) -> bytes | None:
        """What goes back to `sender` for a packet that came at `received`; None for silence."""
        packet = decode(data)
        if packet is None or packet.kind is not Kind.REQUEST:
            return None
        now = received / 1e9
        key = self._key_of(packet.week)
        if key is None or not is_signed(data, key):
            return self._turn_away(packet, Kind.REFUSED, now)
        if not self._bucket(sender, now).take(now):
            return self._turn_away(packet, Kind.BUSY, now)
        self.answered += 1
        stamped = replace(packet, kind=Kind.REPLY, received=received, replied=perf_counter_ns())
        return stamped.encode(key, data[SMALLEST_BYTES:])

    def _turn_away(self, packet: Packet, kind: Kind, now: float) -> bytes | None:
        self.turned_away += 1
        if not self._notices.take(now):
            return None
        return replace(packet, kind=kind).encode(None, b"")

    def _key_of(self, week: int) -> Key | None:
        """None for a week that is over, or far ahead."""
        current = week_of(self._now())
        if not current - WEEKS_BACK <= week <= current + WEEKS_AHEAD:
            return None
        if week not in self._keys:
            self._keys[week] = Key.derive(self._secret, week)
        return self._keys[week]

    def _bucket(self, sender: str, now: float) -> Bucket:
        bucket = self._addresses.get(sender)
        if bucket is None:
            bucket = Bucket(PACKETS_PER_SECOND, BURST_PACKETS, BURST_PACKETS, now)
            self._addresses[sender] = bucket
            if len(self._addresses) > MOST_ADDRESSES:
                self._addresses.popitem(last=False)
        self._addresses.move_to_end(sender)
        return bucket


def _prepare(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    ask_for_timestamps(opened)
