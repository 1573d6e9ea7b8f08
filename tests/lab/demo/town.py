"""The demonstration's schools as they stand: networks, a collector, agents and pupils."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.commands.client import AdminError
from probes.text import Text
from tests.lab import pupils
from tests.lab.county import PORT, County
from tests.lab.demo.plan import DemoSchool
from tests.lab.demo.policies import NOTE, SETTINGS, policies
from tests.lab.demo.seen import Seen
from tests.lab.network import Network, SchoolNet
from tests.lab.programs import Programs
from tests.lab.space import Spaces

FIRST_PUPILS_PORT = 5201
CHINA = timedelta(hours=8)
_NEWEST: Mapping[str, str | list[str]] = {
    "metric": "capacity.capacity_bits_per_second",
    "statistic": "latest",
    "where": ["direction:down", "validity:valid"],
}


class Town:
    """`build` it, and `close` it whatever happens."""

    def __init__(
        self,
        spaces: Spaces,
        folder: Path,
        schools: tuple[DemoSchool, ...],
        say: Callable[[Text], None],
    ) -> None:
        self._schools = schools
        self._say = say
        self._programs = Programs(folder)
        self._network = Network(spaces)
        self._county = County(self._network, folder, self._programs)
        self._nets: dict[str, SchoolNet] = {}

    def build(self) -> None:
        """Until all programs run."""
        say = self._say
        say(Text("[1/4] 搭建网络……", "[1/4] Building the network ..."))
        for school in self._schools:
            line = self._network.line()
            line.shape(school.line_mbit, school.line_mbit)
            self._nets[school.code] = self._network.school(line)
        say(Text("[2/4] 启动采集器……", "[2/4] Starting the collector ..."))
        say(NOTE)
        today = (datetime.now(UTC) + CHINA).date()
        self._county.prepare([s.registered() for s in self._schools], policies(today), SETTINGS)
        self._county.start_collector()
        say(Text("[3/4] 各校网关注册……", "[3/4] Enrolling the schools' gateways ..."))
        for school in self._schools:
            self._county.enrol(school.code, self._nets[school.code].gateway)
        self._let_pupils_in()
        url = self._county.open_window(PORT)
        say(Text(f"[4/4] 测量中。网页：{url}", f"[4/4] Measuring. Pages: {url}"))

    def _let_pupils_in(self) -> None:
        busy = [s for s in self._schools if s.pupils.udp_mbit or s.pupils.flows]
        for port, school in enumerate(busy, FIRST_PUPILS_PORT):
            world = self._network.world
            self._programs.start(f"world-{school.code}", pupils.server(world, port))
            pupils.wait_until_it_listens(world, port)
            client = _client(school, port)
            pc = self._nets[school.code].pcs[0]
            self._programs.start(f"pupils-{school.code}", pc.command(*client, "--interval", "60"))

    def throttle(self, school: DemoSchool, mbit: float) -> None:
        self._nets[school.code].line.shape(mbit, mbit)

    def look(self) -> Seen | None:
        """What is judged now; None before the first judgement. Raises EndedError if a program
        has ended."""
        self._programs.check()
        with suppress(AdminError):
            return Seen.of(
                self._county.ask("/v1/verdicts"), self._county.ask("/v1/query", **_NEWEST)
            )
        return None

    def close(self) -> None:
        self._programs.end_all()


def _client(school: DemoSchool, port: int) -> list[str]:
    if school.pupils.udp_mbit:
        return pupils.udp(school.pupils.udp_mbit, port, pupils.ALL_DAY)
    return pupils.greedy(port, pupils.ALL_DAY, flows=school.pupils.flows)
