"""What a county learns of lines of known rates: one that is clear, and one on which UDP is blocked.

Only trains are allowed here, as in lessons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from collector.register.model import School
from config.policy_folder import POLICY_FOLDER
from probes.model import Role
from tests.lab.access_line import AccessLine
from tests.lab.county import County
from tests.lab.network import Network
from tests.lab.programs import Programs
from tests.lab.space import lab

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip", "tc", "nft")]
CLEAR, BLOCKED = "9934000001", "9934000002"
MBIT = 40
PATIENCE = 60.0
EVERY, PUSH_EVERY = 5, 10  # seconds, of the task and of a gateway
MEASURE_PORT = 8423
TASK = """
[role.{0}]
push_every = {2}
seal_every = 1
[[role.{0}.task]]
probe = "capacity"
every = {3}
target = "line"
host = "collector"
[role.{0}.task.settings]
is_gateway = {1}
active_seconds = 5
watch_seconds = 4
reflector_port = "$reflector_port"
reflector_key = "$reflector_key"
"""
SETTINGS = f"judge_every = 2.0\nreflector_port = 8422\nmeasure_port = {MEASURE_PORT}\n"
CAPACITY, SPENT = "capacity.capacity_bits_per_second", "capacity.spent_bytes"


def policies() -> dict[str, str]:
    measuring = (POLICY_FOLDER / "measuring.toml").read_text("utf-8")
    for period in ("break", "school_day", "off"):
        measuring = measuring.replace(f'{period} = "t2"', f'{period} = "t1"')
    # Two intervals of a gateway are its lease: a busy machine must not keep it silent for as long.
    gateway = TASK.format("gateway", "true", PUSH_EVERY, EVERY)
    pc = TASK.format("pc", "false", 1, EVERY)
    return {"schedule.toml": gateway + pc, "measuring.toml": measuring}


@dataclass(frozen=True)
class AtWork:
    county: County
    programs: Programs

    def newest(self, metric: str, school: str, *where: str) -> list[float]:
        asked = [f"school:{school}", *where]
        found = self.county.ask("/v1/query", metric=metric, statistic="latest", where=asked)
        return [row["value"] for row in found or []]

    def wait_for(self, metric: str, school: str, *where: str) -> float:
        what = f"{metric} of {school} {where}"
        self.programs.wait(lambda: bool(self.newest(metric, school, *where)), what, PATIENCE)
        return self.newest(metric, school, *where)[0]

    def wait_for_turns(self, school: str, role: Role) -> None:
        """Until its agent was heard and has since outlived a gateway's lease by two tasks."""
        who = f"the {role.value} of {school}"
        self.programs.wait(lambda: bool(self._heard(school, role)), f"{who} is heard", PATIENCE)
        until = self._heard(school, role)[0] + timedelta(seconds=2 * PUSH_EVERY + 2 * EVERY)
        self.programs.wait(
            lambda: self._heard(school, role)[0] > until, f"{who} had its turns", PATIENCE
        )

    def _heard(self, school: str, role: Role) -> list[datetime]:
        agents = self.county.ask("/v1/agents") or []
        ours = [a["heard_at"] for a in agents if (a["school"], a["role"]) == (school, role.value)]
        return [datetime.fromisoformat(at) for at in ours if at]


def _line(network: Network, code: str) -> AccessLine:
    line = network.line()
    line.shape(MBIT, MBIT)
    if code == BLOCKED:
        line.block_udp()
    return line


@pytest.fixture(scope="module")
def at_work() -> Iterator[AtWork]:
    with lab() as (spaces, folder):
        programs = Programs(folder)
        network = Network(spaces)
        county = County(network, folder, programs)
        codes = (CLEAR, BLOCKED)
        schools = [School(code=c, name=c, adcode="340199", classes={"primary": 6}) for c in codes]
        county.prepare(schools, policies(), SETTINGS)
        try:
            county.start_collector()
            schools_at = {code: network.school(_line(network, code)) for code in codes}
            for code in codes:
                county.enrol(code, schools_at[code].gateway)
            at_work = AtWork(county, programs)
            for code in codes:  # a PC that were heard first would be right to measure
                at_work.wait_for(SPENT, code, "vantage:gateway")
                county.enrol(code, schools_at[code].pcs[0], Role.PC, "-pc")
            yield at_work
        finally:
            programs.end_all()


@pytest.mark.parametrize("direction", ["down", "up"])
def test_clear_line_reads_its_rate(at_work: AtWork, direction: str) -> None:
    got = at_work.wait_for(
        CAPACITY, CLEAR, f"direction:{direction}", "validity:valid", "vantage:gateway"
    )
    assert got == pytest.approx(MBIT * 1e6, rel=0.02)


def test_blocked_udp_reads_blocked_and_not_slow(at_work: AtWork) -> None:
    at_work.wait_for(SPENT, BLOCKED, "validity:blocked")
    assert at_work.newest(CAPACITY, BLOCKED) == []


def test_pc_of_a_school_with_a_gateway_measures_nothing(at_work: AtWork) -> None:
    at_work.wait_for_turns(CLEAR, Role.PC)
    for vantage in ("wired", "wifi"):
        assert at_work.newest(SPENT, CLEAR, f"vantage:{vantage}") == []
