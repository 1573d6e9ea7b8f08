"""Which agent of each school holds the role sentinel: one at a time, a better one before others.

A lease is two push intervals long. Whoever else is there takes over with its first push after the
end of it, so that a sentinel that was killed is replaced within three intervals of its last push.
Pure: the clock is given, and what must outlive the process is handed out to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

INTERVALS = 2
"""Of its own pushes that a lease lasts."""


class Fitness(IntEnum):
    """How well an agent sees the line; the lower the better."""

    GATEWAY = 0
    DEDICATED = 1
    """Enrolled to be the sentinel, as by its role."""
    WIRED = 2
    """Or not known to be otherwise."""
    BESIDE = 3
    """By radio, or over a link whose bytes cost money."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What has to be kept across a restart.

    Attributes:
        epoch: grows by one with each change of the holder.
        seconds: of its lease.
    """

    agent: str
    epoch: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Lease:
    """As the holder is told: for so many seconds from now.

    `fresh`: the holder is another one than what was kept last, see `Sentinels.kept`.
    """

    epoch: int
    seconds: float
    fresh: Holder | None = None


@dataclass(slots=True)
class _School:
    """`heard`: agent -> its fitness, and until when it counts as alive; all that ever pushed."""

    holder: Holder | None = None
    until: float = 0.0
    kept: bool = True
    heard: dict[str, tuple[Fitness, float]] = field(default_factory=dict)


class Sentinels:
    """Lives in the event loop.

    Args:
        clock: seconds that only grow.
        known: school -> holder, from before a restart. When such a lease ends is not known, so it
            counts from now: nobody else gets it while the holder may still believe in it.
        may: whether an agent may hold it at all; a revoked one may not.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        known: Mapping[str, Holder],
        may: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._clock = clock
        self._may = may
        now = clock()
        self._schools = {
            school: _School(holder, now + holder.seconds) for school, holder in known.items()
        }

    def heard(self, school: str, agent: str, fitness: Fitness, every: float) -> Lease | None:
        """`agent` pushes, as it does each `every` seconds; the lease that it holds from now on."""
        now, seconds = self._clock(), INTERVALS * every
        place = self._schools.setdefault(school, _School())
        place.heard[agent] = fitness, now + seconds
        if place.holder is not None and not self._may(place.holder.agent):
            place.until = now
        if place.holder is None or now >= place.until:
            self._pass_on(place, agent, fitness, now, seconds)
        elif place.holder.agent == agent and not self._is_better_there(place, fitness, now):
            place.until = now + seconds
        return self._lease(place, agent, now)

    def holder(self, school: str) -> str | None:
        """Who holds it now."""
        place = self._schools.get(school)
        if place is None or place.holder is None or self._clock() >= place.until:
            return None
        return place.holder.agent if self._may(place.holder.agent) else None

    def kept(self, school: str, holder: Holder) -> None:
        """It is on disk now; until then each push of the holder hands it out to be kept."""
        place = self._schools[school]
        place.kept = place.kept or place.holder == holder

    def _pass_on(
        self, place: _School, agent: str, fitness: Fitness, now: float, seconds: float
    ) -> None:
        """The lease is free; it waits for a better one that is alive."""
        before = place.holder
        if self._is_better_there(place, fitness, now):
            return
        if before is None or before.agent != agent:
            place.holder = Holder(agent, before.epoch + 1 if before else 1, seconds)
            place.kept = False
        place.until = now + seconds

    def _lease(self, place: _School, agent: str, now: float) -> Lease | None:
        holder = place.holder
        if holder is None or holder.agent != agent or now >= place.until:
            return None
        return Lease(holder.epoch, place.until - now, None if place.kept else holder)

    def _is_better_there(self, place: _School, fitness: Fitness, now: float) -> bool:
        """Asked for the holder and for who might be it, not at each push: a school has hundreds."""
        return fitness > min(Fitness) and any(
            other < fitness and until > now and self._may(agent)
            for agent, (other, until) in place.heard.items()
        )
