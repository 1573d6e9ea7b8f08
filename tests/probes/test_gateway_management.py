from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from probes.instruments import gateway_management
from probes.instruments.gateway_management import GatewayManagement, Settings
from probes.metrics import REACHABLE
from probes.model import LOCAL, Outcome, ProbeError, SettingError
from probes.neighbours.model import Router
from tests.fakes.raw_server import RawServer
from tests.lab.daemon import free_port
from tests.probes.conftest import Measure


class Routes:
    """A machine with these routers."""

    def __init__(self, *routers: Router) -> None:
        self._routers = routers

    def routers(self) -> tuple[Router, ...]:
        return self._routers


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def have(*routers: Router) -> None:
        monkeypatch.setattr(gateway_management, "this_system", lambda: Routes(*routers))

    return have


LOOPBACK = Router("lo", 1, "127.0.0.1")


async def test_open_port_is_reachable_and_hears_nothing(
    behind: Callable[..., None], measure: Measure
) -> None:
    behind(LOOPBACK, Router("lo", 1, "192.0.2.9"))
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    async with RawServer(listen) as server:
        (reading,) = await measure(GatewayManagement(Settings(ports=(server.port,))))
        async with asyncio.timeout(2):
            while not heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert (reading.outcome, reading.values) == (Outcome.OK, {REACHABLE: 1})
    assert reading.labels == {"port": str(server.port)}
    assert (heard, server.connections) == ([b""], 1)


async def test_closed_port_is_refused(behind: Callable[..., None], measure: Measure) -> None:
    behind(LOOPBACK)
    (reading,) = await measure(GatewayManagement(Settings(ports=(free_port(),))))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "refused")
    assert reading.values == {REACHABLE: 0}


async def test_machine_without_a_gateway_says_so(behind: Callable[..., None]) -> None:
    behind()
    probe = GatewayManagement(Settings())
    with pytest.raises(ProbeError) as caught:
        await probe.measure(LOCAL)
    assert (caught.value.reason, probe.reaches()) == ("no_router", ())


def test_it_says_where_it_sends(behind: Callable[..., None]) -> None:
    behind(Router("eth0", 2, "10.0.0.1"), Router("eth0", 2, "fe80::1"))
    assert GatewayManagement(Settings()).reaches() == ("10.0.0.1",)


@pytest.mark.parametrize("ports", [(), (0,), (65536,), ("22",), (22, 22), tuple(range(1, 26))])
def test_ports_that_are_none_are_refused(ports: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="ports"):
        Settings(ports=ports)


def test_run_of_most_ports_ends_before_the_deadline() -> None:
    slowest = GatewayManagement(Settings(ports=tuple(range(1, 25)), timeout=5))
    assert slowest.longest_seconds() < GatewayManagement.deadline_seconds


def test_gateway_behind_a_cable_shows_open_refusing_and_filtered_ports(
    in_namespace: Callable[[str], str],
) -> None:
    out = in_namespace(
        """
server=; unshare -n sleep 60 & far=$!
trap 'kill $far $server' EXIT
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
ip link add here type veth peer name there
ip link set there netns $far
far() { nsenter -t $far -n "$@"; }
far ip link set lo up; far ip address add 10.9.0.1/24 dev there; far ip link set there up
ip address add 10.9.0.2/24 dev here; ip link set here up; ip route add default via 10.9.0.1
far nft 'add table t; add chain t c { type filter hook input priority 0; }
         add rule t c tcp dport 23 drop
         add rule t c tcp dport 22 reject with icmp admin-prohibited'
nsenter -t $far -n "$PYTHON" -c 'import socket
with socket.create_server(("", 80)) as s:
    while True: s.accept()' & server=$!
until far "$PYTHON" -c 'import socket; socket.create_connection(("127.0.0.1", 80))' 2>/dev/null
do sleep 0.05; done
probe gateway_management --set timeout=0.5
"""
    )
    found = {r["labels"]["port"]: (r["values"]["reachable"], r["reason"]) for r in json.loads(out)}
    assert found["80"] == (1, "")
    assert found["443"] == (0, "refused")
    assert found["23"] == (0, "no_answer")
    assert found["22"] == (0, "unreachable")


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(GatewayManagement)
