"""Each part of a school in a box does what it says: rates, addresses, loss, what is in the way."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from tests.lab import pupils
from tests.lab.access_line import AccessLine, Boost
from tests.lab.network import WORLD, Network, SchoolNet
from tests.lab.space import Space, lab

pytestmark = [
    pytest.mark.long,
    pytest.mark.root,
    pytest.mark.server("ip", "tc", "nft", "iperf3", "curl"),
]
PORT, OTHER_PORT = 5201, 5202
WEB = 8000
NEAR = 0.006
"""Less than what frames are longer than their packets."""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with lab() as (spaces, _):
        made = Network(spaces)
        with pupils.far_end(made.world, PORT), pupils.far_end(made.world, OTHER_PORT):
            yield made


@pytest.fixture
def line(network: Network) -> AccessLine:
    return network.line()


@pytest.fixture
def school(network: Network, line: AccessLine) -> SchoolNet:
    return network.school(line)


@contextmanager
def program(words: list[str]) -> Iterator[None]:
    started = subprocess.Popen(words)
    try:
        yield
    finally:
        started.kill()
        started.wait()


@contextmanager
def web_server(space: Space) -> Iterator[None]:
    with program(space.command("python3", "-m", "http.server", str(WEB), "--directory", "/mnt")):
        wait_for(space, WEB)
        yield


def wait_for(space: Space, port: int) -> None:
    until = time.monotonic() + 10
    while not space.run("ss", "-Hltn", f"sport = :{port}"):
        assert time.monotonic() < until, f"nothing listens on {port}"
        time.sleep(0.05)


def fetch(space: Space, *more: str) -> str:
    """Status and redirect of a page of the world; 000 where no answer came."""
    words = ("--silent", "--max-time", "2", "--output", "/dev/null")
    shown = ("--write-out", "%{http_code} %{redirect_url}", f"http://{WORLD}:{WEB}/")
    command = space.command("curl", *words, *more, *shown)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def arrived(network: Network, sender: Space, packets: int) -> int:
    """How many of so many datagrams reach the world."""

    def taking() -> socket.socket:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind((WORLD, 0))
        return found

    with network.world.inside(taking) as taker:
        sending = sender.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        count = 0
        with sending:
            for number in range(packets):
                sending.sendto(b"x", taker.getsockname())
                if number % 100 == 99 or number == packets - 1:  # before its buffer is full
                    count += waiting(taker)
    return count


def waiting(taker: socket.socket) -> int:
    count = 0
    taker.settimeout(0.05)
    with suppress(TimeoutError):
        while taker.recv(10):
            count += 1
    return count


@pytest.mark.parametrize(("down", "up"), [(10, 8), (50, 20), (100, 100)])
def test_line_carries_the_rate_it_is_set_to_both_ways(
    network: Network, line: AccessLine, school: SchoolNet, down: float, up: float
) -> None:
    line.shape(down, up, buffer_seconds=0.3)
    assert flooded(school, down, down=True) == pytest.approx(down, rel=NEAR)
    assert flooded(school, up, down=False) == pytest.approx(up, rel=NEAR)


def flooded(school: SchoolNet, mbit: float, *, down: bool) -> float:
    """What arrives of more than the line carries. A busy machine can only make it less, so the most
    of several counts."""
    got = 0.0
    for _ in range(5):
        flood = pupils.udp(1.3 * mbit, PORT, 1, down=down)
        got = max(got, pupils.received_mbit(school.pcs[0], flood))
        if got > (1 - NEAR) * mbit:
            break
    return got


def test_greedy_pupils_fill_a_line_and_no_more(line: AccessLine, school: SchoolNet) -> None:
    line.shape(30, 10)
    got = pupils.received_mbit(school.pcs[0], pupils.greedy(PORT, 1.5))
    assert 0.9 * 30 < got < 1.02 * 30


def test_two_schools_on_a_line_share_its_rate(network: Network, line: AccessLine) -> None:
    pcs = [network.school(line).pcs[0] for _ in range(2)]
    line.shape(40, 40)
    with ThreadPoolExecutor(2) as threads:
        jobs = [
            threads.submit(pupils.received_mbit, pc, pupils.udp(35, port, 1.5))
            for pc, port in zip(pcs, (PORT, OTHER_PORT), strict=True)
        ]
        rates = [job.result() for job in jobs]
    assert sum(rates) == pytest.approx(40, rel=0.1)
    assert max(rates) < 35


def test_line_throttled_while_it_is_used_carries_less_at_once(
    line: AccessLine, school: SchoolNet
) -> None:
    line.shape(100, 100)
    pc = school.pcs[0]
    with program(pc.command(*pupils.udp(90, PORT, 8), "--logfile", "/dev/null")):
        time.sleep(0.7)
        before = rate_into(school.gateway)
        line.shape(20, 20)
        time.sleep(0.3)
        after = rate_into(school.gateway)
    assert before == pytest.approx(90, rel=0.1)
    assert after == pytest.approx(20, rel=0.1)


def rate_into(gateway: Space) -> float:
    """Mbit/s of IP by the gateway's own counter, over a moment."""
    counter = ("cat", "/sys/class/net/wan/statistics/rx_bytes")
    started, first = time.monotonic(), int(gateway.run(*counter))
    time.sleep(0.5)
    added, seconds = int(gateway.run(*counter)) - first, time.monotonic() - started
    return added * 8 / seconds / 1e6 * 1500 / 1514


def test_boosted_line_is_fast_at_first_and_then_its_own_rate(
    line: AccessLine, school: SchoolNet
) -> None:
    line.shape(10, 10, boost=Boost(1_500_000, 100))
    pc = school.pcs[0]
    with program(pc.command(*pupils.udp(60, PORT, 8), "--logfile", "/dev/null")):
        while (first := rate_into(school.gateway)) < 1:
            pass
        time.sleep(0.5)
        sustained = rate_into(school.gateway)
    assert first > 15
    assert sustained == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("nat", [True, False])
def test_world_sees_the_gateway_of_a_school_with_nat_and_else_its_pc(
    network: Network, line: AccessLine, nat: bool
) -> None:
    school = network.school(line, nat=nat)
    with network.world.inside(lambda: socket.create_server((WORLD, 0))) as listening:
        name = listening.getsockname()
        with school.pcs[0].inside(lambda: socket.create_connection(name, timeout=2)):
            accepted, (seen, _) = listening.accept()
            accepted.close()
    assert seen == (school.address if nat else f"{school.lan}.10")


def test_line_that_loses_a_tenth_loses_a_tenth(
    network: Network, line: AccessLine, school: SchoolNet
) -> None:
    assert arrived(network, school.pcs[0], 50) == 50
    line.lose(100)
    assert arrived(network, school.pcs[0], 2000) == pytest.approx(1800, abs=70)


def test_blocked_udp_is_blocked_and_tcp_is_not(
    network: Network, line: AccessLine, school: SchoolNet
) -> None:
    line.block_udp()
    assert arrived(network, school.pcs[0], 50) == 0
    with web_server(network.world):
        assert fetch(school.pcs[0]) == "200"


def test_portal_redirects_everything_until_it_is_accepted(
    network: Network, line: AccessLine, school: SchoolNet
) -> None:
    with web_server(network.world), program(line.portal()):
        wait_for(line.space, 8080)
        assert fetch(school.pcs[0]) == "302 http://portal.example/welcome"
        assert arrived(network, school.pcs[0], 20) == 0
        school.pcs[0].run("curl", "--silent", "--max-time", "2", f"http://{WORLD}/accept")
        assert fetch(school.pcs[0]) == "200"
        assert arrived(network, school.pcs[0], 20) == 20


def test_blocked_websocket_is_refused_and_a_page_is_not(
    network: Network, line: AccessLine, school: SchoolNet
) -> None:
    with web_server(network.world), program(line.block_websocket(WEB)):
        wait_for(line.space, 8081)
        assert fetch(school.pcs[0], "--header", "Upgrade: websocket") == "403"
        assert fetch(school.pcs[0]) == "200"
