"""Who may begin a test: so many at once, so much of the line, and each address only so often."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from collector.measure.bucket import Bucket
from probes.text import BanjunError, Text

MOST_ADDRESSES = 10_000
ASSUMED_SECONDS = 1.0
"""A test counts as the assumed rate until it has run so long, then as what it has reached."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server lends to tests.

    Attributes:
        tests: at once.
        bits_per_second: of all together; a further one begins only if it is likely to fit.
        assumed_bits_per_second: what one is thought to take before it shows.
        address_tests: at once from one address, behind which a whole school may be.
        address_tests_per_hour: from one address; as many may come in a row.
    """

    tests: int = 4
    bits_per_second: float = 1e9
    assumed_bits_per_second: float = 200e6
    address_tests: int = 2
    address_tests_per_hour: float = 20.0


class RefusedError(BanjunError):
    """No test now.

    Attributes:
        status: of HTTP: 429 if the address has had its share, 503 if the server has no room.
        retry_seconds: when to come again.
    """

    def __init__(self, status: int, retry_seconds: float, text: Text) -> None:
        super().__init__(text)
        self.status = status
        self.retry_seconds = retry_seconds


@dataclass(slots=True, eq=False)
class Slot:
    """One running test; `bits_per_second` is what it is reckoned to take."""

    address: str
    bits_per_second: float

    def show(self, seconds: float, socket_bytes: int) -> None:
        if seconds >= ASSUMED_SECONDS:
            self.bits_per_second = 8 * socket_bytes / seconds


class Admission:
    """Keeps count. `now` is seconds of a clock that only grows."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._running: list[Slot] = []
        self._shares: OrderedDict[str, Bucket] = OrderedDict()

    @property
    def running(self) -> int:
        return len(self._running)

    def enter(self, address: str) -> Slot:
        """A place for a client there, to be given back by `leave`. Raises RefusedError."""
        limits, home = self._limits, network(address)
        taken = sum(slot.bits_per_second for slot in self._running)
        if self.running >= limits.tests or (
            self._running and taken + limits.assumed_bits_per_second > limits.bits_per_second
        ):
            text = Text("测速名额已满，请稍后再试", "no room for another test; come again later")
            raise RefusedError(503, 30, text)
        theirs = sum(slot.address == home for slot in self._running)
        if theirs >= limits.address_tests or not self._share(home).take(self._now()):
            hour = limits.address_tests_per_hour
            text = Text(
                f"同一地址同时最多 {limits.address_tests} 次、每小时最多 {hour:g} 次测速",
                f"one address may run {limits.address_tests} tests at once, {hour:g} an hour",
            )
            raise RefusedError(429, 3600 / hour, text)
        slot = Slot(home, limits.assumed_bits_per_second)
        self._running.append(slot)
        return slot

    def leave(self, slot: Slot) -> None:
        self._running.remove(slot)

    def _share(self, home: str) -> Bucket:
        share = self._shares.get(home)
        if share is None:
            hour = self._limits.address_tests_per_hour
            share = self._shares[home] = Bucket(hour / 3600, hour, hour, self._now())
            if len(self._shares) > MOST_ADDRESSES:
                self._shares.popitem(last=False)
        self._shares.move_to_end(home)
        return share


def network(address: str) -> str:
    """What counts as one address: IPv6 gives each customer at least a /64."""
    parsed = ip_address(address.partition("%")[0])
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
