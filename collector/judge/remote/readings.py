"""The readings of remote lessons, minute by minute; all schools with a lesson at one time at once.

The names of the probes stand here and nowhere else in the judging of remote lessons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from collector.judge.capacity import CAPACITY, DIRECTION, LOWER_BOUND, VALID, VALIDITY, is_measured
from collector.judge.remote.lesson import Observed
from collector.judge.remote.minute import Minute, Spare
from collector.remote.occasions import Occasion
from collector.remote.tasks import MEETING, WAY
from collector.store import Key, MetricRef, Statistic, Store
from config.remote_class import RemoteClass
from probes.catalog import Catalog

LOSS = MetricRef(WAY, "loss_ratio")
RTT = MetricRef(WAY, "rtt_seconds_p95")
JITTERS = (
    MetricRef(WAY, "jitter_up_seconds_mean"),
    MetricRef(WAY, "jitter_down_seconds_mean"),
)
RECEIVED = MetricRef(WAY, "received_bits_per_second_mean")
SENT = MetricRef(WAY, "sent_bits_per_second_mean")
REACHED = MetricRef(MEETING, "reachable")
HANDSHAKE = MetricRef(MEETING, "handshake_seconds_min")
LINE = "line"
"""The target of the capacity of a school's primary line."""
ONLY = {"vantage": "gateway", "layer": "ip"}
"""Capacity readings that count, by those of these labels that the probe has."""
MINUTE = timedelta(minutes=1)
MIDDLE = timedelta(seconds=30)
"""A reading bears the instant at which its run of most of a minute ended."""

_Minutes = dict[int, float]
"""Number of the minute from the beginning of the lesson -> value; those before are negative."""
_NOTHING: _Minutes = {}


def observe(
    store: Store, catalog: Catalog, rules: RemoteClass, occasions: Sequence[Occasion]
) -> dict[Occasion, Observed]:
    """What was read in each of `occasions`. Blocks on the store."""
    spans: dict[tuple[datetime, datetime], list[Occasion]] = defaultdict(list)
    for occasion in occasions:
        spans[occasion.since, occasion.until].append(occasion)
    found: dict[Occasion, Observed] = {}
    for (since, until), together in spans.items():
        schools = sorted({occasion.lesson.school for occasion in together})
        at_once = _Span(store, catalog, rules, since, until, schools)
        found |= {occasion: at_once.observed(occasion) for occasion in together}
    return found


class _Span:
    """The readings of some schools over one span of time, each metric asked once."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        rules: RemoteClass,
        since: datetime,
        until: datetime,
        schools: Sequence[str],
    ) -> None:
        self._store, self._catalog, self._rules = store, catalog, rules
        self._since, self._until, self._schools = since, until, schools
        self._way = {
            metric: self._ask(metric, where={"target": "collector"})
            for metric in (LOSS, RTT, *JITTERS, RECEIVED)
        }
        before = rules.held.before_minutes
        self._way[SENT] = self._ask(SENT, before=before, where={"target": "collector"})
        self._capacity = self._ask_capacity()
        self._reached = self._ask(REACHED, "min", by=("target",))
        self._handshakes = self._ask(HANDSHAKE, by=("target",))

    def _ask(
        self,
        metric: MetricRef,
        statistic: str = "max",
        *,
        by: Sequence[str] = (),
        where: Mapping[str, str | Sequence[str]] | None = None,
        before: int = 0,
    ) -> dict[Key, _Minutes]:
        """(school, *by) -> minutes. Of two readings in one minute the worse stands for it."""
        found: dict[Key, _Minutes] = defaultdict(dict)
        since, until = self._since + MIDDLE, self._until + MIDDLE
        points = self._store.series(
            metric,
            Statistic(statistic),
            ("school", *by),
            MINUTE,
            since - before * MINUTE,
            until,
            {"school": self._schools, **(where or {})},
        )
        for point in points:
            found[point.key][(point.at - since) // MINUTE] = point.value
        return found

    def _ask_capacity(self) -> dict[Key, _Minutes]:
        """(school, direction, validity) -> minutes; nothing where no probe measures it."""
        if not is_measured(self._catalog):
            return {}
        labels = self._catalog[CAPACITY.probe].labels
        only = {label: value for label, value in ONLY.items() if label in labels}
        return self._ask(
            CAPACITY,
            "p50",
            by=(DIRECTION, VALIDITY),
            where={"target": LINE, VALIDITY: [VALID, LOWER_BOUND], **only},
            before=self._rules.lesson.capacity_minutes,
        )

    def observed(self, occasion: Occasion) -> Observed:
        sent = self._of(SENT, occasion)
        length = (self._until - self._since) // MINUTE
        return Observed(
            minutes=tuple(self._minute(occasion, number) for number in range(length)),
            before=tuple(rate for number, rate in sent.items() if number < 0),
        )

    def _minute(self, occasion: Occasion, number: int) -> Minute:
        school = occasion.lesson.school
        at = {metric: self._of(metric, occasion).get(number) for metric in self._way}
        jitters = [value for metric in JITTERS if (value := at[metric]) is not None]
        point = occasion.lesson.meeting
        key = (school, point.target if point else "")
        reached = self._reached.get(key, _NOTHING).get(number)
        return Minute(
            loss=at[LOSS],
            rtt=at[RTT],
            jitter=max(jitters) if len(jitters) == len(JITTERS) else None,
            up=self._spare(school, "up", number, at[SENT]),
            down=self._spare(school, "down", number, at[RECEIVED]),
            meeting=None if reached is None else reached > 0,
            meeting_rtt=self._handshakes.get(key, _NOTHING).get(number),
            sent=at[SENT],
            received=at[RECEIVED],
        )

    def _of(self, metric: MetricRef, occasion: Occasion) -> _Minutes:
        return self._way[metric].get((occasion.lesson.school,), _NOTHING)

    def _spare(self, school: str, direction: str, number: int, used: float | None) -> Spare | None:
        """From the newest capacity that is not too old, and what was used in that minute."""
        valid = self._newest((school, direction, VALID), number)
        capacity = valid
        if capacity is None:
            capacity = self._newest((school, direction, LOWER_BOUND), number)
        if capacity is None:
            return None
        least = 0.0 if used is None else max(0.0, capacity - used)
        return Spare(least, valid)

    def _newest(self, key: Key, number: int) -> float | None:
        read = self._capacity.get(key, _NOTHING)
        oldest = number - self._rules.lesson.capacity_minutes
        newest = max((n for n in read if oldest < n <= number), default=None)
        return None if newest is None else read[newest]
