"""A stream of small signed packets to the collector's reflector and back: what came of each.

Instruments differ in how many they send and in what they make of the trips; the packets, the
waiting and the ways in which it fails stand here. jitter.py has the bytes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter_ns

from probes.datagram import DatagramSocket
from probes.jitter import SMALLEST_BYTES, Key, Kind, Packet, Trip, decode, is_signed
from probes.model import SettingError
from probes.net import Address
from probes.refusal import REFUSALS, Refusal, RefusedError
from probes.text import Text

PORT = 8422
_LINGER_SECONDS = 0.05
"""For second copies of the last packets."""

KEY_HELP = Text("采集器随配置下发的密钥。", "The key that the collector hands out with its tasks.")
REASONS: Mapping[str, Text] = {
    **REFUSALS,
    "no_reply": Text("没有任何包得到应答。", "No packet was answered."),
    "no_key": Text(
        "没有密钥，无法使用反射器；密钥随采集器的配置下发。",
        "There is no key for the reflector; a collector hands one out with its configuration.",
    ),
    "not_accepted": Text(
        "反射器不接受密钥：已过期，或属于另一个采集器；取得新配置后会恢复。",
        "The reflector does not accept the key: it has expired, or is another collector's. The "
        "next configuration brings a new one.",
    ),
    "busy": Text(
        "反射器限制了来自本地址的包数，没有测到什么。",
        "The reflector limits the packets from this address; nothing was measured.",
    ),
}
"""Why such an instrument failed or did not run."""


def check_key(text: str) -> None:
    """Raises SettingError for what is no key; none at all is a reason not to run."""
    try:
        if text:
            Key.parse(text)
    except ValueError as exc:
        raise SettingError(
            Text(
                "key：不是采集器下发的密钥，应为“周数:十六进制”。",
                "key: this is none that a collector hands out; it looks like week:hex.",
            )
        ) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a stream is sent.

    Attributes:
        interval: seconds from one packet to the next.
        size: bytes of UDP payload.
        timeout: seconds to wait after the last packet.
    """

    count: int
    interval: float
    size: int
    timeout: float

    @property
    def seconds(self) -> float:
        """How long it takes at most."""
        return self.count * self.interval + self.timeout


@dataclass(slots=True)
class Stream:
    """What was sent and what came back, in order of arrival.

    Attributes:
        departures: when each packet was sent, by its number, in ns of `perf_counter_ns`.
        refusal: the last one that came back, if any.
        turned_away: how the reflector declined; then nothing was learned of the way.
    """

    key: Key
    session: int = field(default_factory=lambda: secrets.randbits(64))
    departures: list[int] = field(default_factory=list)
    trips: dict[int, Trip] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    refusal: Refusal | None = None
    turned_away: Kind | None = None

    @property
    def loss(self) -> float:
        """Share of what was sent that did not come back."""
        return 1 - len(self.trips) / len(self.departures)

    @property
    def possible(self) -> list[Trip]:
        """The trips whose times can be believed, in order of arrival."""
        return [trip for trip in self.trips.values() if trip.is_possible]

    @property
    def why_not_run(self) -> str:
        """Empty unless the reflector turned us away."""
        if self.turned_away is None:
            return ""
        return "busy" if self.turned_away is Kind.BUSY else "not_accepted"

    @property
    def why_no_reply(self) -> str:
        """The reason, where there is no trip at all."""
        return self.refusal.value if self.refusal else "no_reply"

    @property
    def _is_hopeless(self) -> bool:
        """Whether there is no point in sending on."""
        return bool(self.turned_away) or (self.refusal is Refusal.NO_SERVICE and not self.trips)

    async def exchange(self, address: Address, pace: Pace) -> None:
        """Send at that pace and take what comes back. Raises ProbeError if we cannot send."""
        with DatagramSocket(address) as opened:
            receiving = asyncio.create_task(self._receive(opened, pace.count))
            try:
                await self._send(opened, pace)
                await asyncio.wait({receiving}, timeout=pace.timeout)
            finally:
                receiving.cancel()
                with suppress(asyncio.CancelledError):
                    await receiving

    async def _send(self, opened: DatagramSocket, pace: Pace) -> None:
        filling = os.urandom(pace.size - SMALLEST_BYTES)  # nothing on the way shrinks it
        started = perf_counter_ns()
        for sequence in range(pace.count):
            due = started + sequence * int(pace.interval * 1e9)
            await asyncio.sleep(max(0, due - perf_counter_ns()) / 1e9)
            if self._is_hopeless:
                return
            self.departures.append(now := perf_counter_ns())
            packet = Packet(Kind.REQUEST, self.key.week, sequence, self.session, now)
            try:
                opened.send(packet.encode(self.key, filling))
            except RefusedError as exc:
                self.refusal = exc.refusal

    async def _receive(self, opened: DatagramSocket, count: int) -> None:
        """Until the reflector turns us away, or every packet is back and none comes again."""
        while not self._is_hopeless:
            is_complete = len(self.trips) == count
            try:
                async with asyncio.timeout(_LINGER_SECONDS if is_complete else None):
                    self._take(*await opened.receive())
            except RefusedError as exc:
                self.refusal = exc.refusal
            except TimeoutError:
                return

    def _take(self, data: bytes, arrived: int) -> None:
        packet = decode(data)
        if packet is None or packet.session != self.session:
            return
        if packet.sequence >= len(self.departures):
            return
        if packet.kind in (Kind.REFUSED, Kind.BUSY):
            self.turned_away = packet.kind
        if packet.kind is not Kind.REPLY or not is_signed(data, self.key):
            return
        trip = Trip(packet.sequence, packet.sent, packet.received, packet.replied, arrived)
        if packet.sequence in self.trips:
            self.repeated.add(packet.sequence)
        else:
            self.trips[packet.sequence] = trip
