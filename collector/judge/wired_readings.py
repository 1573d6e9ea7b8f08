"""The wired readings of dedicated sentinels, where no gateway measures: asked of the store together
with the counters that have to confirm them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from collector.judge.capacity import (
    CAPACITY,
    DIRECTION,
    IP,
    LAYER,
    LOWER_BOUND,
    SPENT,
    VALID,
    VALIDITY,
    VANTAGE,
    WIRED,
    Direction,
    Line,
)
from collector.judge.egress import INTERFACE
from collector.judge.uplink_port import METRICS, SPEED, TARGET, line_behind, port_of
from collector.judge.wired import (
    COUNTING,
    Read,
    Witness,
    Worth,
    hop_words,
    unconfirmed,
    vantage_of,
    weigh,
)
from collector.lan.site import Uplink
from collector.register.model import Link, School
from collector.store import Point, Statistic, Store, Where
from config.policy import Wired
from probes.model import Role
from probes.text import Text

if TYPE_CHECKING:
    from collector.judge.scene import Scene

NO_PORT = Text(
    "该校的专用哨兵有线测量了，但站点文件没有用 uplink 指明上联口，测量无从确认，不计入。",
    "The school's dedicated sentinel measured over a wire, but its site file names no port with "
    "`uplink`, so nothing confirms the readings and none counts.",
)
NO_RULES = Text(
    "策略 lines.toml 没有 [wired]，哨兵的有线测量不计入。",
    "The policy lines.toml has no [wired], so wired readings of a sentinel do not count.",
)
_SENTINELS = frozenset({Role.SENTINEL})
_SECOND = timedelta(seconds=1)
_BY = ("school", VALIDITY)


@dataclass(frozen=True, slots=True)
class Post:
    """Who measures over a wire for a school, and the port that has to confirm it."""

    agents: tuple[str, ...]
    port: Uplink
    link: Link

    def contract(self, direction: Direction) -> int | None:
        down, up = self.link.contract_down_bits_per_second, self.link.contract_up_bits_per_second
        return down if direction == "down" else up


def sentinels_of(school: School, scene: Scene) -> tuple[str, ...]:
    """Its dedicated ones: nothing that a PC reads stands for the line, also while it stands in."""
    return tuple(sorted(agent.id for agent in scene.agents(school, _SENTINELS)))


def post_of(school: School, scene: Scene) -> Post | Text:
    """Or why wired readings of the school cannot be confirmed."""
    if scene.lines.wired is None:
        return NO_RULES
    port = port_of(school, scene)
    if port is None:
        return NO_PORT
    behind = line_behind(school, port)
    if isinstance(behind, Text):
        return behind
    return Post(sentinels_of(school, scene), port, behind[port.interface])


class WiredReadings:
    """Reads for `capacity.gather`, and keeps what became of the readings of each school.

    What a measurement sent is taken to be the least that any of the school's did: the question is
    whether the port was there at all.
    """

    def __init__(
        self, posts: Mapping[str, Post | Text], rules: Wired | None, now: datetime
    ) -> None:
        self._posts = {code: post for code, post in posts.items() if isinstance(post, Post)}
        self._without = {code: why for code, why in posts.items() if isinstance(why, Text)}
        self._rules = rules
        self._now = now
        self._worth: dict[str, Counter[Worth]] = defaultdict(Counter)
        self._of_hops: Counter[str] = Counter()

    def vantage(self, school: str) -> Text:
        return vantage_of(self._posts[school].port)

    def words(self, school: str) -> Text | None:
        """What does not count in full, and why; None where all does."""
        if school in self._without:
            return self._without[school]
        lost = unconfirmed(self._worth[school], self._posts[school].port)
        if lost is None and (n := self._of_hops[school]):
            return hop_words(n)
        return lost

    def __call__(
        self, store: Store, codes: Sequence[str], direction: Direction, line: Line,
        since: datetime, until: datetime,
    ) -> list[Point]:  # fmt: skip
        """By (school, validity): those that count. The last minutes wait for their counters."""
        codes, rules = [code for code in codes if code in self._posts], self._rules
        agents = [agent for code in codes for agent in self._posts[code].agents]
        where = {
            LAYER: IP,
            VANTAGE: WIRED,
            "school": codes,
            "agent": agents,
            "target": line,
            DIRECTION: direction,
            VALIDITY: (VALID, LOWER_BOUND),
        }
        if rules is None or not codes:
            return []
        until = max(since, min(until, self._now - 2 * rules.stretch))
        rates = store.series(CAPACITY, Statistic("p50"), _BY, _SECOND, since, until, where)
        if not rates:
            return []
        spent = store.summarise(SPENT, Statistic("min"), ("school",), since, until, where)
        least = {school: summary.value for (school,), summary in spent.items()}
        seen = _Counters(store, self._posts, codes, direction, since, until, rules)
        return [
            counted
            for point in rates
            if (counted := self._weighed(point, least.get(point.key[0], 0.0), seen, rules))
        ]

    def _weighed(self, point: Point, spent: float, seen: _Counters, rules: Wired) -> Point | None:
        school, validity = point.key
        read = Read(point.value, validity == VALID, spent)
        worth = weigh(read, seen.around(school, point.at), rules)
        self._worth[school][worth] += point.n
        self._of_hops[school] += point.n * (read.is_valid and worth is Worth.LOWER_BOUND)
        if worth not in COUNTING:
            return None
        return Point((school, worth.value), point.at, point.value, point.n)


class _Counters:
    """What the schools' ports carried one way, by stretch of time."""

    def __init__(
        self, store: Store, posts: Mapping[str, Post], codes: Sequence[str], direction: Direction,
        since: datetime, until: datetime, rules: Wired,
    ) -> None:  # fmt: skip
        self._store = store
        self._posts = posts
        self._direction = direction
        self._step = rules.stretch
        self._since, self._until = since - self._step, until + 2 * self._step
        self._most: dict[str, dict[int, float]] = defaultdict(dict)
        self._speed: dict[str, float] = {}
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for code in codes:
            alike[posts[code].port.device, posts[code].port.interface].append(code)
        for (device, interface), of in alike.items():
            self._ask({"school": of, TARGET: device, INTERFACE: interface})

    def _ask(self, where: Where) -> None:
        """Of schools whose ports bear one name: other ports are many, and nobody asks for them."""
        metric, by = METRICS[self._direction == "up"], ("school",)
        span = self._since, self._until, where
        for point in self._store.series(metric, Statistic("max"), by, self._step, *span):
            self._most[point.key[0]][self._number(point.at)] = point.value
        speeds = self._store.summarise(SPEED, Statistic("max"), by, *span)
        self._speed |= {school: summary.value for (school,), summary in speeds.items()}

    def _number(self, at: datetime) -> int:
        return (at - self._since) // self._step

    def around(self, school: str, at: datetime) -> Witness:
        most, here = self._most.get(school, {}), self._number(at)
        return Witness(
            most=(most.get(here - 1), most.get(here), most.get(here + 1)),
            speed=self._speed.get(school),
            contract=self._posts[school].contract(self._direction),
        )
