"""What the collector has lent to this agent, and until when: the role sentinel.

Counted from the question, by the clock that goes on while the machine sleeps: so it never ends
later here than at the collector, which counts from its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from probes.wire import PushReply

SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class _Lease:
    epoch: int
    until: float


class Leases:
    """`up`: the boot clock, in ms."""

    def __init__(self, up: Callable[[], int]) -> None:
        self._up = up
        self._held: Mapping[str, _Lease] = {}

    def told(self, reply: PushReply, asked: int) -> None:
        """The answer to a push that began at `asked`. What it does not name is held no longer."""
        self._held = {
            name: _Lease(int(given.get("epoch", 0)), asked + 1000 * given.get("until_seconds", 0.0))
            for name, given in reply.leases.items()
        }

    def was_last_told(self, name: str) -> bool:
        """Whether the newest answer named it. Without a collector nobody else can be told, so what
        does no harm when two do it goes on."""
        return name in self._held

    def epoch(self, name: str) -> int | None:
        """Of a lease that is held now; None if it is not."""
        lease = self._held.get(name)
        return lease.epoch if lease and self._up() < lease.until else None
