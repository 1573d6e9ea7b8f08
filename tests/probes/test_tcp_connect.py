from __future__ import annotations

import asyncio
import errno
import json
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from probes.instruments.tcp_connect import (
    HANDSHAKE_SECONDS_MEDIAN,
    HANDSHAKE_SECONDS_MIN,
    Settings,
    TcpConnect,
)
from probes.metrics import LOSS_RATIO, REACHABLE
from probes.model import Outcome, ProbeError, Target
from tests.probes.conftest import Measure


@pytest.fixture(params=["127.0.0.1", "::1"])
def service(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family, backlog=16) as listening:
        yield listening


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def at(listening: socket.socket) -> Target:
    host, port, *_ = listening.getsockname()
    return Target("service", host, port)


async def test_listening_service_is_reachable(service: socket.socket, measure: Measure) -> None:
    (reading,) = await measure(TcpConnect(Settings(handshakes=2)), at(service))
    assert reading.outcome is Outcome.OK
    assert (reading.values[REACHABLE], reading.values[LOSS_RATIO]) == (1, 0)
    assert 0 < reading.values[HANDSHAKE_SECONDS_MIN] <= reading.values[HANDSHAKE_SECONDS_MEDIAN] < 1


async def test_each_handshake_is_a_connection_without_data(
    service: socket.socket, measure: Measure
) -> None:
    await measure(TcpConnect(Settings(handshakes=3)), at(service))
    service.settimeout(1)
    for _ in range(3):
        connection, _ = service.accept()
        with connection:
            connection.settimeout(1)
            assert connection.recv(10) == b""


async def test_port_of_the_target_wins_over_the_setting(
    service: socket.socket, closed_port: int, measure: Measure
) -> None:
    (reading,) = await measure(TcpConnect(Settings(port=closed_port)), at(service))
    assert reading.outcome is Outcome.OK


async def test_port_of_the_setting_serves_a_target_without_one(
    closed_port: int, measure: Measure
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = Settings(port=listening.getsockname()[1])
        (reading,) = await measure(TcpConnect(settings), Target("home", "127.0.0.1"))
    assert reading.outcome is Outcome.OK


async def test_closed_port_has_refused_and_lost_nothing(closed_port: int, measure: Measure) -> None:
    (reading,) = await measure(TcpConnect(Settings()), Target("x", "127.0.0.1", closed_port))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "refused")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 0}


async def test_service_that_does_not_answer_has_no_times(measure: Measure) -> None:
    """A full backlog: the kernel lets further SYNs go unanswered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        settings = Settings(handshakes=2, timeout=0.1)
        (reading,) = await measure(TcpConnect(settings), at(full))
        for one in waiting:
            one.close()
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_answer")
    assert reading.values == {REACHABLE: 0, LOSS_RATIO: 1}


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.EADDRNOTAVAIL, "no_route"), (errno.EPERM, "no_socket")]
)
async def test_our_own_fault_says_nothing_about_the_target(
    number: int, reason: str, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    async def fail(*_: object) -> None:
        raise OSError(number, "words")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", fail)
    with pytest.raises(ProbeError) as caught:
        await TcpConnect(Settings()).measure(Target("x", "127.0.0.1", closed_port))
    assert caught.value.reason == reason


async def test_unresolvable_name_says_nothing_about_the_target() -> None:
    with pytest.raises(ProbeError) as caught:
        await TcpConnect(Settings()).measure(Target("x", "", 80))
    assert caught.value.reason == "unresolved"


async def test_name_lookup_is_outside_of_the_timing(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    def slow(*_: object, **__: object) -> list[object]:
        time.sleep(0.2)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", listening.getsockname())]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        (reading,) = await measure(TcpConnect(Settings()), Target("x", "name.test"))
    assert reading.values[HANDSHAKE_SECONDS_MIN] < 0.2


@pytest.mark.root
def test_network_without_a_way_is_told_apart_from_a_target_that_refuses(
    in_namespace: Callable[[str], str],
) -> None:
    output = in_namespace(
        """
        probe tcp_connect 10.66.0.1:80
        ip link add near type veth peer name far
        ip addr add 10.66.0.2/24 dev near; ip link set near up; ip link set far up
        probe tcp_connect 10.66.0.2:80 --set handshakes=1
        probe tcp_connect 10.66.0.1:80 --set handshakes=1 --set timeout=0.2
        iptables -A INPUT -p tcp -j REJECT --reject-with icmp-host-unreachable
        probe tcp_connect 10.66.0.2:80 --set handshakes=1
        """
    )
    readings = [json.loads(line)[0] for line in output.splitlines()]
    assert [(r["outcome"], r["reason"]) for r in readings] == [
        ("not_run", "no_route"),
        ("failed", "refused"),
        ("failed", "no_answer"),
        ("failed", "unreachable"),
    ]


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(TcpConnect)
