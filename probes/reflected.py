"""A stream of small signed packets to the collector's reflector and back: what came of each.

Instruments differ in how many they send and in what they make of the trips; the packets, the
waiting and the ways in which it fails stand here. jitter.py has the bytes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter_ns

from probes.datagram import DatagramSocket
from probes.jitter import SMALLEST_BYTES, Key, Kind, Packet
from probes.model import SettingError
from probes.net import Address
from probes.reflections import TURNED_AWAY, Reflections
from probes.refusal import REFUSALS, RefusedError
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
    **TURNED_AWAY,
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


class Stream(Reflections):
    """Packets at a steady pace, and what came of them."""

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
            if self.is_hopeless:
                return
            self.departures.append(now := perf_counter_ns())
            packet = Packet(Kind.REQUEST, self.key.week, sequence, self.session, now)
            try:
                opened.send(packet.encode(self.key, filling))
            except RefusedError as exc:
                self.refusal = exc.refusal

    async def _receive(self, opened: DatagramSocket, count: int) -> None:
        """Until the reflector turns us away, or every packet is back and none comes again."""
        while not self.is_hopeless:
            is_complete = len(self.trips) == count
            try:
                async with asyncio.timeout(_LINGER_SECONDS if is_complete else None):
                    self.take(*await opened.receive())
            except RefusedError as exc:
                self.refusal = exc.refusal
            except TimeoutError:
                return
