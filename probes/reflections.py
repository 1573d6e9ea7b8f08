"""What the collector's reflector sends back to one of its agents. Pure: no socket, no clock."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from probes.jitter import Key, Kind, Trip, decode, is_signed
from probes.refusal import Refusal
from probes.text import Text

TURNED_AWAY: Mapping[str, Text] = {
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
"""Why the reflector does not serve us."""


@dataclass(slots=True)
class Reflections:
    """What one session sent and what came back, in order of arrival.

    Attributes:
        departures: when each packet was sent, by its number, in ns of `perf_counter_ns`.
        refusal: the last one that came back, if any.
        turned_away: one of TURNED_AWAY, or empty; then nothing was learned of the way.
    """

    key: Key
    session: int = field(default_factory=lambda: secrets.randbits(64))
    departures: list[int] = field(default_factory=list)
    trips: dict[int, Trip] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)
    refusal: Refusal | None = None
    turned_away: str = ""

    @property
    def loss(self) -> float:
        """Share of what was sent that did not come back."""
        return 1 - len(self.trips) / len(self.departures)

    @property
    def possible(self) -> list[Trip]:
        """The trips whose times can be believed, in order of arrival."""
        return [trip for trip in self.trips.values() if trip.is_possible]

    @property
    def why_no_reply(self) -> str:
        """The reason, where there is no trip at all."""
        return self.refusal.value if self.refusal else "no_reply"

    @property
    def is_hopeless(self) -> bool:
        """Whether there is no point in sending on."""
        return bool(self.turned_away) or (self.refusal is Refusal.NO_SERVICE and not self.trips)

    def take(self, data: bytes, arrived: int) -> None:
        """What came at `arrived` (ns of our clock); what is not an answer to us is ignored."""
        packet = decode(data)
        if packet is None or packet.session != self.session:
            return
        if packet.sequence >= len(self.departures):
            return
        if packet.kind in (Kind.REFUSED, Kind.BUSY):
            self.turned_away = "busy" if packet.kind is Kind.BUSY else "not_accepted"
        if packet.kind is not Kind.REPLY or not is_signed(data, self.key):
            return
        trip = Trip(packet.sequence, packet.sent, packet.received, packet.replied, arrived)
        if packet.sequence in self.trips:
            self.repeated.add(packet.sequence)
        else:
            self.trips[packet.sequence] = trip
