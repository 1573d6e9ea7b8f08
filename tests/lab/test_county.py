"""Real agents behind a line, a gateway and NAT reach a real collector over TLS; its pages are seen
from the machine itself."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from collector.register.model import School
from probes.model import Role
from tests.lab.county import County
from tests.lab.network import Network
from tests.lab.programs import EndedError, Programs
from tests.lab.space import lab

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip", "tc", "nft")]
CODE, NAME = "9934000001", "示范小学"
PATIENCE = 60.0
TASK = '[role.{0}]\npush_every = 1\nseal_every = 1\n[[role.{0}.task]]\nprobe = "{1}"\nevery = 1\n'
AIM = 'target = "collector"\nhost = "collector"\n'
SCHEDULE = TASK.format("gateway", "icmp_echo") + AIM + TASK.format("pc", "tcp_connect") + AIM


@dataclass(frozen=True)
class AtWork:
    county: County
    programs: Programs

    def has_reading(self, metric: str) -> bool:
        found = self.county.ask("/v1/query", metric=metric, statistic="latest")
        return bool(found) and found[0]["school"] == CODE


@pytest.fixture(scope="module")
def at_work() -> Iterator[AtWork]:
    """A school with a gateway, and a PC behind its NAT."""
    with lab() as (spaces, folder):
        programs = Programs(folder)
        network = Network(spaces)
        line = network.line()
        line.shape(50, 20)
        school = network.school(line)
        county = County(network, folder, programs)
        one = School(code=CODE, name=NAME, adcode="340199", classes={"primary": 12})
        county.prepare([one], {"schedule.toml": SCHEDULE}, "judge_every = 1.0\n")
        try:
            county.start_collector()
            county.enrol(CODE, school.gateway)
            county.enrol(CODE, school.pcs[0], Role.PC, "-pc")
            yield AtWork(county, programs)
        finally:
            programs.end_all()


@pytest.mark.parametrize("metric", ["icmp_echo.loss_ratio", "tcp_connect.loss_ratio"])
def test_agents_on_gateway_and_pc_are_heard(at_work: AtWork, metric: str) -> None:
    at_work.programs.wait(lambda: at_work.has_reading(metric), metric, PATIENCE)


def test_pages_are_seen_on_the_machine_s_own_loopback_without_a_login(at_work: AtWork) -> None:
    url = at_work.county.open_window()
    at_work.programs.wait(lambda: _page(url) is not None, "the window answers", PATIENCE)
    assert NAME in str(_page(url))
    assert "stylesheet" in str(_page(url))


def _page(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def test_program_that_ends_is_named_with_its_last_words(at_work: AtWork) -> None:
    at_work.programs.start("speaker", ["sh", "-c", "echo goodbye; exit 3"])
    with pytest.raises(EndedError, match=r"speaker ended \(3\):\ngoodbye"):
        at_work.programs.wait(lambda: False, "nothing", PATIENCE)
