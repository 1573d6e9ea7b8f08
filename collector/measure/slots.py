"""What a measurement server has lent out: never more Mbit/s at once than it has, and to a school
one measurement at a time. Pure: the clock is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One that is lent, until `until` by the clock of the slots unless it is given back before."""

    id: str
    school: str
    bits_per_second: float
    until: float


class NoSlotError(Exception):
    """No room now; there will be in `seconds` if nobody gives anything back before."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no room for {seconds:.0f} s")
        self.seconds = seconds


class Slots:
    """Args:
    bits_per_second: of all that is lent at once.
    clock: seconds that only grow.
    """

    def __init__(self, bits_per_second: float, clock: Callable[[], float]) -> None:
        self.limit = bits_per_second
        self._clock = clock
        self._lent: dict[str, Slot] = {}

    def running(self) -> list[Slot]:
        """Those that have not ended; from any thread."""
        now = self._clock()
        return [slot for slot in list(self._lent.values()) if slot.until > now]

    def take(self, id: str, school: str, bits_per_second: float, seconds: float) -> None:
        """Raises NoSlotError. More than the limit is never asked for."""
        now, running = self._clock(), sorted(self.running(), key=lambda slot: slot.until)
        self._lent = {slot.id: slot for slot in running}
        own = [slot.until for slot in running if slot.school == school]
        if own:
            raise NoSlotError(max(own) - now)
        free = self.limit - sum(slot.bits_per_second for slot in running)
        free_at = now
        for slot in running:
            if bits_per_second <= free:
                break
            free += slot.bits_per_second
            free_at = slot.until
        if free_at > now:
            raise NoSlotError(free_at - now)
        self._lent[id] = Slot(id, school, bits_per_second, now + seconds)

    def restore(self, slot: Slot) -> None:
        """One that was lent before a restart, whatever is free."""
        self._lent[slot.id] = slot

    def give_back(self, id: str) -> None:
        """Once more changes nothing."""
        self._lent.pop(id, None)
