"""The runs of agents, from the store. The names of the probe's metrics stand here and nowhere else
in the judge.

A session is nearly a process, and cheap to ask for: one row each. Not quite, because what a killed
process left unsealed is sealed by the next one; such sessions are looked at beat by beat.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.judge.presence.model import Run, Span, Stop, joined
from collector.store import Key, MetricRef, Statistic, Store, Where

PRESENCE = "presence"
BEATS = MetricRef(PRESENCE, "beat_count_total")
AWAKE = MetricRef(PRESENCE, "awake_seconds")
SLEEP = MetricRef(PRESENCE, "sleep_seconds")
SINCE_BOOT = MetricRef(PRESENCE, "since_boot_seconds")
SAME_BOOT = MetricRef(PRESENCE, "same_boot")
CLEAN = MetricRef(PRESENCE, "previous_stop_clean")
STOPPING = MetricRef(PRESENCE, "machine_stopping")

DEVICE = ("school", "agent")
SESSION = (*DEVICE, "session")
INSTANT = timedelta(seconds=1)
"""A step that leaves every beat by itself."""
_MAX, _MIN = Statistic("max"), Statistic("min")

Runs = Mapping[str, Sequence[Run]]
"""By agent."""
_Moments = Mapping[datetime, float]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Beats of one process, not necessarily all of them."""

    first: datetime
    last: datetime
    beats_from: int
    beats_to: int


def gather(store: Store, since: datetime, until: datetime, where: Where) -> dict[str, Runs]:
    """School -> agent -> its runs that have a beat in [since, until)."""
    asked = _Asked(store, since, until, where)
    moments = {m: asked.moments(m) for m in (SLEEP, SINCE_BOOT, SAME_BOOT, CLEAN, STOPPING)}
    # A system without a boot clock still says whether it is the same boot, unless it has no note.
    begins = {
        key: sorted({*moments[SINCE_BOOT].get(key, {}), *moments[SAME_BOOT].get(key, {})})
        for key in moments[SINCE_BOOT].keys() | moments[SAME_BOOT].keys()
    }
    found: dict[str, dict[str, list[Run]]] = defaultdict(dict)
    for key, pieces in asked.pieces(begins).items():
        mine = {metric: of.get(key, {}) for metric, of in moments.items()}
        school, agent = key
        found[school][agent] = _runs(pieces, begins.get(key, []), mine)
    return dict(found)


def heard(runs: Iterable[Sequence[Run]], grace: timedelta) -> list[Span]:
    """When at least one of the devices beat."""
    return joined([Span(run.first, run.last) for each in runs for run in each], grace)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The store, and what it is asked about."""

    store: Store
    since: datetime
    until: datetime
    where: Where

    def moments(self, metric: MetricRef) -> dict[Key, dict[datetime, float]]:
        """Device -> the beats that bore `metric`, to the second."""
        found: dict[Key, dict[datetime, float]] = defaultdict(dict)
        for point in self.store.series(
            metric, _MAX, DEVICE, INSTANT, self.since, self.until, self.where
        ):
            found[point.key][point.at] = point.value
        return found

    def pieces(self, begins: Mapping[Key, Sequence[datetime]]) -> dict[Key, list[_Piece]]:
        """Device -> its sessions, divided where a process began within one."""
        lowest = self.store.summarise(BEATS, _MIN, SESSION, self.since, self.until, self.where)
        highest = self.store.summarise(BEATS, _MAX, SESSION, self.since, self.until, self.where)
        found: dict[Key, list[_Piece]] = defaultdict(list)
        mixed: list[str] = []
        for key, most in highest.items():
            session, device = key[-1], key[:-1]
            inside = (b for b in begins.get(device, ()) if most.first + INSTANT < b <= most.last)
            if next(inside, None):
                mixed.append(session)
            else:
                least = round(lowest[key].value)
                found[device].append(_Piece(most.first, most.last, least, round(most.value)))
        if mixed:
            for device, beats in self._beats(mixed).items():
                found[device] += beats
        return found

    def _beats(self, sessions: Sequence[str]) -> dict[Key, list[_Piece]]:
        where = {**self.where, "session": sessions}
        found: dict[Key, list[_Piece]] = defaultdict(list)
        for point in self.store.series(BEATS, _MAX, DEVICE, INSTANT, self.since, self.until, where):
            number = round(point.value)
            found[point.key].append(_Piece(point.at, point.at, number, number))
        return found


def _runs(
    pieces: Sequence[_Piece],
    begins: Sequence[datetime],
    moments: Mapping[MetricRef, _Moments],
) -> list[Run]:
    """The pieces put together again by process: from one beginning to the next."""
    by_process: dict[int, list[_Piece]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda p: p.first):
        # The moments are known to the second, the piece more exactly, so it never lies before.
        by_process[bisect_right(begins, piece.first)].append(piece)
    runs = []
    for number, own in sorted(by_process.items()):
        span = Span(own[0].first, max(piece.last for piece in own))
        begun = begins[number - 1] if number else None
        runs.append(_run(own, span, begun, moments))
    return runs


def _run(
    pieces: Sequence[_Piece],
    span: Span,
    begun: datetime | None,
    moments: Mapping[MetricRef, _Moments],
) -> Run:
    begin = {m: moments[m].get(begun) if begun else None for m in (SINCE_BOOT, SAME_BOOT, CLEAN)}
    since_boot, same_boot, clean = begin[SINCE_BOOT], begin[SAME_BOOT], begin[CLEAN]
    stops = [Stop(at, value >= 1) for at, value in moments[STOPPING].items() if _is_in(at, span)]
    return Run(
        first=span.since,
        last=span.until,
        beats_from=min(piece.beats_from for piece in pieces),
        beats_to=max(piece.beats_to for piece in pieces),
        booted=span.since - timedelta(seconds=since_boot) if since_boot is not None else None,
        same_boot=None if same_boot is None else same_boot >= 1,
        clean=None if clean is None else clean >= 1,
        sleeps=tuple(
            Span(at - timedelta(seconds=length), at)
            for at, length in moments[SLEEP].items()
            if _is_in(at, span)
        ),
        stop=stops[-1] if stops else None,
    )


def _is_in(at: datetime, span: Span) -> bool:
    """`at` is cut down to the second."""
    return span.since - INSTANT < at <= span.until
