"""What the agents of each school said lately about its network: asked for all schools at once.

Each question is one look at the store, whatever the number of schools. Where most schools have
nothing to tell, a look without the agents comes first, and agents are asked for the others alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collector.store import Key, MetricRef, Statistic, Store, Summary
from probes.catalog import Catalog
from probes.posture import NONE

ALL = "all"
"""The label of a reading about the whole."""
_AGENT = ("school", "agent", "target")


Found = Mapping["MetricRef", Sequence["Sighting"]]


@dataclass(frozen=True, slots=True)
class Rough:
    """A first look at whole schools: its statistic hides no agent for which `worth` holds."""

    statistic: str
    worth: Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a metric.

    Attributes:
        labels: readings that agree in these are one sighting.
        where: values that labels must have.
        rough: agents are asked for only where this finds anything; None = everywhere.
        only: of what questions before this one found at a school: whether it is asked there.
        crowd: every PC says it for itself; else one agent at a time says it for the school.
    """

    metric: MetricRef
    statistic: str
    labels: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rough: Rough | None = None
    only: Callable[[Found], bool] | None = None
    crowd: bool = False


def _seen(probe: str, *labels: str, crowd: bool = False) -> Question:
    return Question(MetricRef(probe, "seen"), "count", labels, crowd=crowd)


def _whole(metric: str, statistic: str) -> Question:
    return Question(MetricRef("lan_watch", metric), statistic, (), {"kind": (ALL,)})


OPEN = "open"
"""The category of names that no content filter blocks."""
A_LOT = 100
"""Broadcasts a second on one port; nobody would call less a storm."""
FRAMES = MetricRef("lan_watch", "frames_count")
BROADCASTS = MetricRef("lan_watch", "broadcast_frames_count")
HEARD = MetricRef("lan_watch", "heard_seconds")
PORT_BROADCASTS = MetricRef("snmp_interfaces", "received_broadcasts_count_per_second")
CHANGES = MetricRef("gateway_mac", "changes_count")
ANSWERS = MetricRef("resolver_truth", "answers_count")
BLOCKED = MetricRef("content_filter", "blocked")
REACHABLE = MetricRef("gateway_management", "reachable")
OWN = MetricRef("own_addresses", "seen")
LEARNED = MetricRef("snmp_fdb", "seen")


def _is_noisy(found: Found) -> bool:
    heard = any(s.value >= A_LOT for s in found.get(BROADCASTS, ()))
    return heard or bool(found.get(PORT_BROADCASTS))


def _has_claims(found: Found) -> bool:
    return any(s["kind"] == "arp" for s in found.get(FRAMES, ()))


QUESTIONS: tuple[Question, ...] = (
    _seen("dhcp_offers", "server", "mac", "router", "resolvers"),
    _seen("dhcp_lease", "server", "router", "resolvers", crowd=True),
    _seen("gateway_mac", "interface", "address", "mac", "state", crowd=True),
    Question(CHANGES, "sum", ("address",), rough=Rough("max", lambda n: n >= 1), crowd=True),
    _seen("router_adverts", "address", "mac", "lifetime"),
    _seen("name_poisoning", "protocol", "address", "mac"),
    Question(FRAMES, "sum", ("kind", "address", "mac"), {"kind": ("arp", "ra", "dhcp")}),
    # Of the smallest number in the longest stretch follows a rate that every run has reached.
    _whole("broadcast_frames_count", "min"),
    _whole("heard_seconds", "max"),
    Question(
        PORT_BROADCASTS, "min", ("interface",), rough=Rough("max", lambda rate: rate >= A_LOT)
    ),
    Question(OWN, "count", ("mac",), only=_has_claims, crowd=True),
    Question(LEARNED, "count", ("interface", "mac"), only=_is_noisy),
    Question(ANSWERS, "min", ("name", "answer"), crowd=True),
    # The largest of blocked is 0 where no run was blocked; the smallest of reachable is 1 where
    # every run got there.
    Question(BLOCKED, "max", ("category", "name"), rough=Rough("min", lambda b: b < 1), crowd=True),
    Question(REACHABLE, "min", ("port",), rough=Rough("max", lambda r: r >= 1), crowd=True),
)
CROWD = frozenset(question.metric.probe for question in QUESTIONS if question.crowd)
"""Probes that every PC runs for itself; the others are one agent's at a time."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one agent said with the same labels, within the window of its probe.

    `first` and `last` are when the first and the last of the `n` readings were taken.
    """

    probe: str
    agent: str
    target: str
    labels: Mapping[str, str]
    value: float
    n: int
    first: datetime
    last: datetime

    def __getitem__(self, label: str) -> str:
        """Empty where the probe says that it does not know."""
        value = self.labels.get(label, "")
        return "" if value == NONE else value


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one school; what nobody said lately is absent."""

    sightings: Mapping[MetricRef, Sequence[Sighting]] = field(default_factory=dict)

    def of(self, probe: str, metric: str = "seen") -> Sequence[Sighting]:
        return self.sightings.get(MetricRef(probe, metric), ())

    def that(self, metric: MetricRef, **labels: str) -> list[Sighting]:
        """Those with these labels."""
        found = self.sightings.get(metric, ())
        return [s for s in found if all(s[name] == value for name, value in labels.items())]


NO_FACTS = Facts()


def gather(
    store: Store, catalog: Catalog, windows: Mapping[str, timedelta], now: datetime
) -> dict[str, Facts]:
    """By school. Probes that this program does not have were run by nobody."""
    found: dict[str, dict[MetricRef, list[Sighting]]] = defaultdict(lambda: defaultdict(list))
    for question in QUESTIONS:
        metric = question.metric
        if metric.probe not in catalog or metric.metric not in _metrics(catalog, metric.probe):
            continue
        span = now - windows[metric.probe], now
        said: dict[Key, dict[str, str]] = {}  # few, of very many machines
        for key, summary in _answers(store, question, span, found).items():
            school, agent, target, *values = key
            labels = said.setdefault(tuple(values), _labels(question, values))
            sighting = Sighting(
                metric.probe, agent, target, labels, summary.value, summary.n, summary.first,
                summary.last,
            )  # fmt: skip
            found[school][metric].append(sighting)
    return {school: Facts(dict(of)) for school, of in found.items()}


def _metrics(catalog: Catalog, probe: str) -> Collection[str]:
    return {metric.name for metric in catalog[probe].measures}


def _labels(question: Question, values: Iterable[str]) -> dict[str, str]:
    return dict(zip(question.labels, values, strict=True))


def _answers(
    store: Store,
    question: Question,
    span: tuple[datetime, datetime],
    before: Mapping[str, Found],
) -> Mapping[Key, Summary]:
    where: dict[str, Sequence[str]] = dict(question.where)
    if question.only is not None:
        where["school"] = sorted(code for code, found in before.items() if question.only(found))
        if not where["school"]:
            return {}
    metric, statistic = question.metric, Statistic(question.statistic)
    if question.rough is not None:
        # Grouped by what agents say and not by who says it: few rows for many machines.
        by, rough = ("school", *question.labels), question.rough
        found = store.summarise(metric, Statistic(rough.statistic), by, *span, where)
        schools = {key[0] for key, summary in found.items() if rough.worth(summary.value)}
        if not schools:
            return {}
        where["school"] = sorted(schools)
    return store.summarise(metric, statistic, (*_AGENT, *question.labels), *span, where)
