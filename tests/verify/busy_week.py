"""A busy week of lessons, each hour of which is a minute: in how many is the capacity known?

Schools of known lines hold forty lesson hours between them, with pages, films, meetings, downloads
and uploads as chance has it; streams may not start, as in any lesson. An agent looks and measures
as often in such a minute as it measures in an hour. An hour is covered in a direction when a valid
capacity was read in it. Needs root and iproute2.
"""

from __future__ import annotations

import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collector.register.model import School
from tests.lab import lesson
from tests.lab.county import County
from tests.lab.network import WORLD, Network, SchoolNet
from tests.lab.programs import Programs
from tests.lab.space import Space, Spaces, lab

HOURS, HOUR_SECONDS = 40, 60.0
LINES = (50, 100)
"""Mbit/s of the schools' lines."""
EVERY, WATCH, ACTIVE = 10, 6, 10
"""Seconds: six runs an hour, each of which watches and asks for leave to load the line."""
SEED = 20261123
ENOUGH = 0.95
CAPACITY = "capacity.capacity_bits_per_second"
WAYS = ("down", "up")
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """`down` comes from the world to a PC, `up` goes the other way; words for tests.lab.crowd."""

    name: str
    down: tuple[Words, ...] = ()
    up: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """Of an hour and a direction: valid readings, and their least and highest error."""

    n: int
    low: float = 0.0
    high: float = 0.0

    def __str__(self) -> str:
        return f"{self.n} ({self.low:+.1%} .. {self.high:+.1%})" if self.n else "none"


def week(mbit: int, chance: random.Random) -> Iterator[Hour]:
    """Hours of a school, without end."""
    while True:
        held = [kind for kind, often in _KINDS.items() if chance.random() < often]
        made = [_hour(kind, mbit, chance) for kind in held]
        yield Hour(
            "+".join(held) or "quiet",
            tuple(words for one in made for words in one.down),
            tuple(words for one in made for words in one.up),
        )


_KINDS = {"pages": 0.8, "films": 0.6, "meeting": 0.5, "downloads": 0.4, "uploads": 0.2}
"""What is going on, and in which share of the hours."""


def _hour(kind: str, mbit: int, chance: random.Random) -> Hour:
    """Films and pages come in pieces; how much together is in the line's own measure."""
    share = chance.uniform(0.1, 0.4) * mbit * 125_000
    match kind:
        case "pages":
            return Hour(kind, (("bursts", str(int(share / 4)), "1"),) * 4)
        case "films":
            return Hour(kind, (("bursts", str(int(share)), "4"),) * 4)
        case "meeting":
            steady = (("steady", f"{chance.uniform(0.05, 0.3) * mbit:.1f}"),)
            return Hour(kind, steady, steady)
        case "downloads":
            return Hour(kind, (("greedy", str(chance.randint(1, 8))),))
        case _:
            return Hour(kind, (), (("greedy", str(chance.randint(1, 4))),))


class Week:
    """The county and its schools; `close` it whatever happens."""

    def __init__(self, spaces: Spaces, folder: Path) -> None:
        self._programs = Programs(folder)
        self._network = Network(spaces)
        self._county = County(self._network, folder, self._programs)
        self._nets: dict[str, SchoolNet] = {}

    def build(self) -> None:
        now = datetime.now(UTC)
        zone = lesson.zone_of_noon(now)
        codes = {f"99340000{n:02}": mbit for n, mbit in enumerate(LINES, 1)}
        schools = [School(code=c, name=c, adcode="340199", time_zone=zone) for c in codes]
        often = lesson.policies(now.date(), every=EVERY, active=ACTIVE, watch=WATCH)
        self._county.prepare(schools, often, lesson.SETTINGS)
        self._county.start_collector()
        self._sink("world", self._network.world, WORLD)
        for code, mbit in codes.items():
            line = self._network.line()
            line.shape(mbit, mbit)
            net = self._nets[code] = self._network.school(line, nat=False)
            self._sink(code, net.pcs[0], f"{net.lan}.10")
            self._county.enrol(code, net.gateway)
        time.sleep(2 * EVERY)

    def _sink(self, name: str, space: Space, address: str) -> None:
        self._start(f"sink-{name}", space, ("sink", address))

    def _start(self, name: str, space: Space, words: Words) -> None:
        self._programs.start(name, space.command(sys.executable, "-m", "tests.lab.crowd", *words))

    def hold(self, hours: Sequence[Hour]) -> list[dict[str, Read]]:
        """One hour at each school, all at once; what was read in it."""
        running = [
            name
            for hour, (code, net) in zip(hours, self._nets.items(), strict=True)
            for name in self._let_in(hour, code, net)
        ]
        since = datetime.now(UTC)
        time.sleep(HOUR_SECONDS)
        until = datetime.now(UTC)
        self._programs.check()
        for name in running:
            self._programs.end(name)
        time.sleep(3)  # for what was read last to arrive; and queues empty
        return [
            self._read(code, mbit, since, until)
            for code, mbit in zip(self._nets, LINES, strict=True)
        ]

    def _let_in(self, hour: Hour, code: str, net: SchoolNet) -> Iterator[str]:
        pc = net.pcs[0]
        for way, space, to in (("down", self._network.world, f"{net.lan}.10"), ("up", pc, WORLD)):
            for number, (kind, *rest) in enumerate(getattr(hour, way)):
                name = f"{code}-{way}-{number}"
                self._start(name, space, (kind, to, *rest))
                yield name

    def _read(self, code: str, mbit: int, since: datetime, until: datetime) -> dict[str, Read]:
        found = {way: Read(0) for way in WAYS}
        for way in WAYS:
            told = {
                statistic: self._county.ask(
                    "/v1/query", metric=CAPACITY, statistic=statistic, since=since.isoformat(),
                    until=until.isoformat(),
                    where=[f"school:{code}", f"direction:{way}", "validity:valid"],
                )
                for statistic in ("count", "min", "max")
            }  # fmt: skip
            if told["count"]:
                low, high = (told[s][0]["value"] / mbit / 1e6 - 1 for s in ("min", "max"))
                found[way] = Read(int(told["count"][0]["value"]), low, high)
        return found

    def close(self) -> None:
        self._programs.end_all()


@contextmanager
def held() -> Iterator[Week]:
    with lab() as (spaces, folder):
        made = Week(spaces, folder)
        try:
            made.build()
            yield made
        finally:
            made.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if enough hours are covered, in each direction."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=HOURS, help="of all schools together")
    args = parser.parse_args(arguments)
    chance = random.Random(SEED)
    weeks = [week(mbit, chance) for mbit in LINES]
    rows: list[dict[str, Read]] = []
    with held() as county:
        while len(rows) < args.hours:
            hours = [next(one) for one in weeks]
            for mbit, hour, row in zip(LINES, hours, county.hold(hours), strict=True):
                rows.append(row)
                print(f"[{len(rows)}/{args.hours}] {mbit:>4} Mbit/s {hour.name:34} "
                      + "  ".join(f"{way} {row[way]}" for way in WAYS), flush=True)  # fmt: skip
    return _summary(rows)


def _summary(rows: Sequence[dict[str, Read]]) -> int:
    enough = True
    for way in WAYS:
        covered = sum(row[way].n > 0 for row in rows)
        worst = max((max(abs(r[way].low), abs(r[way].high)) for r in rows if r[way].n), default=0.0)
        print(f"{way}: {covered} of {len(rows)} lesson hours have a valid capacity "
              f"({covered / len(rows):.1%}); the worst reading is {worst:.1%} off")  # fmt: skip
        enough = enough and covered >= ENOUGH * len(rows)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
