"""Against real kernels in namespaces, and the tables of a feigned Windows."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from probes.instruments import gateway_mac
from probes.instruments.gateway_mac import CHANGES, GatewayMac, Settings
from probes.metrics import SEEN
from probes.model import LOCAL, Outcome, ProbeError
from probes.neighbours.model import Neighbour, Router, State
from tests.probes.conftest import Measure

ROUTER4 = Router("eth0", 2, "10.0.0.1")
ROUTER6 = Router("eth0", 2, "fe80::1")
TRUE, FALSE = "02:00:00:00:00:01", "02:66:66:66:66:66"


class Kernel:
    """A kernel that shows one table after the other; the last one stays."""

    def __init__(self, *tables: list[Neighbour], routers: tuple[Router, ...] = (ROUTER4,)) -> None:
        self.tables = list(tables)
        self._routers = routers

    def routers(self) -> tuple[Router, ...]:
        return self._routers

    def neighbours(self) -> list[Neighbour]:
        return self.tables.pop(0) if len(self.tables) > 1 else self.tables[0]


def entry(
    mac: str = TRUE, state: State = State.CONFIRMED, router: Router = ROUTER4
) -> list[Neighbour]:
    return [Neighbour(router.index, router.address, mac, state)]


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[Router]:
    sent: list[Router] = []
    monkeypatch.setattr(gateway_mac, "nudge", sent.append)
    monkeypatch.setattr(gateway_mac, "LOOK_EVERY", 0.01)
    return sent


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, nudged: list[Router]) -> Callable[[Kernel], GatewayMac]:
    def probe(kernel: Kernel) -> GatewayMac:
        monkeypatch.setattr(gateway_mac, "this_system", lambda: kernel)
        return GatewayMac(Settings(wait=0.2))

    return probe


async def test_verified_router_is_seen_and_nothing_is_sent(
    on: Any, measure: Measure, nudged: list[Router]
) -> None:
    kernel = Kernel(entry() + entry(router=ROUTER6), routers=(ROUTER4, ROUTER6))
    readings = await measure(on(kernel))
    assert [r.labels["address"] for r in readings] == ["10.0.0.1", "fe80::1"]
    assert all(r.labels["mac"] == TRUE and r.labels["interface"] == "eth0" for r in readings)
    assert [r.values for r in readings] == [{SEEN: 1}, {SEEN: 1}]  # no changes: no run before
    assert {r.labels["state"] for r in readings} == {"verified"}
    assert nudged == []


async def test_stale_entry_is_seen_only_when_the_kernel_has_verified_it(
    on: Any, measure: Measure, nudged: list[Router]
) -> None:
    stale = entry(state=State.DOUBTED)
    (reading,) = await measure(on(Kernel(stale, stale, entry())))
    assert (reading.outcome, reading.labels["mac"]) == (Outcome.OK, TRUE)
    assert nudged == [ROUTER4]


async def test_entry_that_nobody_verifies_is_who_gets_the_packets_all_the_same(
    on: Any, measure: Measure
) -> None:
    (reading,) = await measure(on(Kernel(entry(state=State.DOUBTED))))
    assert (reading.values[SEEN], reading.labels["mac"]) == (1, TRUE)
    assert reading.labels["state"] == "used"
    (reading,) = await measure(on(Kernel([])))
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "unconfirmed")
    assert reading.labels["mac"] == "-"


async def test_router_that_does_not_answer_has_failed_and_has_no_mac(
    on: Any, measure: Measure
) -> None:
    (reading,) = await measure(on(Kernel(entry(state=State.SILENT))))
    assert (reading.outcome, reading.reason) == (Outcome.FAILED, "no_answer")
    assert (reading.labels["mac"], reading.values) == ("-", {})


async def test_changes_are_counted_since_the_last_run(on: Any, measure: Measure) -> None:
    kernel = Kernel(entry())
    probe = on(kernel)
    await measure(probe)
    (reading,) = await measure(probe)
    assert reading.values == {SEEN: 1, CHANGES: 0}
    kernel.tables = [entry(FALSE)]
    (reading,) = await measure(probe)
    assert (reading.labels["mac"], reading.values[CHANGES]) == (FALSE, 1)
    kernel.tables = [entry(TRUE, State.DOUBTED), entry(FALSE, State.DOUBTED), entry(TRUE)]
    (reading,) = await measure(probe)
    assert (reading.labels["mac"], reading.values[CHANGES]) == (TRUE, 3)


async def test_machine_without_a_router_says_so(on: Any) -> None:
    with pytest.raises(ProbeError) as caught:
        await on(Kernel([], routers=())).measure(LOCAL)
    assert caught.value.reason == "no_router"


async def test_table_that_makes_no_sense_is_not_an_empty_one(
    on: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel([])
    monkeypatch.setattr(kernel, "neighbours", lambda: (_ for _ in ()).throw(ValueError("x")))
    with pytest.raises(ProbeError) as caught:
        await on(kernel).measure(LOCAL)
    assert caught.value.reason == "unreadable"


def test_nudge_is_one_empty_datagram(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(2)
        monkeypatch.setattr(gateway_mac, "_DISCARD", peer.getsockname()[1])
        gateway_mac.nudge(Router("lo", 1, "127.0.0.1"))
        assert peer.recv(10) == b""
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(10)


# A router in a namespace behind a cable, which answers at a MAC that the test knows.
CABLE = """
unshare -n sleep 60 & far=$!
trap "kill $far" EXIT
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
ip link add here type veth peer name there address 02:00:00:00:00:01
ip link set there netns $far
far() { nsenter -t $far -n "$@"; }
sysctl -qw net.ipv6.conf.here.accept_ra=0
for v in 4 6; do
sysctl -qw net.ipv$v.neigh.here.delay_first_probe_time=1 net.ipv$v.neigh.here.retrans_time_ms=100
done
far ip address add 10.9.0.1/24 dev there; far ip -6 address add fe80::99/64 dev there nodad
far ip link set there up; ip link set here up
ip address add 10.9.0.2/24 dev here; ip -6 address add fe80::2/64 dev here nodad
ip route add default via 10.9.0.1; ip -6 route add default via fe80::99 dev here
"""
MEMORY = """
import asyncio, json
from probes.instruments.gateway_mac import *
from probes.model import LOCAL
async def go():
    probe = GatewayMac(Settings())
    for _ in range(2):
        found = await probe.measure(LOCAL)
        print(json.dumps({r.labels["address"]: [r.labels["mac"], r.outcome, r.reason,
              {m.name: v for m, v in r.values.items()}] for r in found}), flush=True)
        input()
asyncio.run(go())
"""


def test_router_behind_a_cable_is_verified_by_the_kernel(
    in_namespace: Callable[[str], str],
) -> None:
    """Also for a user who is nobody; a stale entry is verified, a dead router is not seen."""
    out = in_namespace(
        CABLE + 'probe() { setpriv --reuid 65534 --clear-groups "$PYTHON" -m probes run --json'
        ' "$@" || true; }\n'
        "probe gateway_mac\n"
        "ip neigh replace 10.9.0.1 lladdr 02:00:00:00:00:01 nud stale dev here; probe gateway_mac\n"
        "ip neigh flush dev here; far ip link set there down; probe gateway_mac\n"
    )
    fresh, stale, dead = (json.loads(line) for line in out.splitlines())
    for readings in (fresh, stale):
        assert [(r["labels"]["address"], r["labels"]["mac"]) for r in readings] == [
            ("10.9.0.1", "02:00:00:00:00:01"), ("fe80::99", "02:00:00:00:00:01"),
        ]  # fmt: skip
        assert [r["values"] for r in readings] == [{"seen": 1.0}, {"seen": 1.0}]
    assert {(r["labels"]["mac"], r["reason"]) for r in dead} == {("-", "no_answer")}
    assert [r["values"] for r in dead] == [{}, {}]


# A PC on a switch with its router, and a third machine that says it is the router.
SPOOFED = """
unshare -n sleep 60 & router=$!
unshare -n sleep 60 & attacker=$!
spoofer=
trap 'kill $router $attacker $spoofer' EXIT
ip link add lan type bridge; ip link set lan up; ip address add 10.9.0.2/24 dev lan
plug() {
  until [ "$(readlink /proc/$2/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
  ip link add $1 master lan type veth peer name eth address $3; ip link set $1 up
  ip link set eth netns $2; nsenter -t $2 -n ip address add $4/24 dev eth
  nsenter -t $2 -n ip link set eth up
}
plug port1 $router 02:00:00:00:00:01 10.9.0.1; plug port2 $attacker 02:66:66:66:66:66 10.9.0.66
ip route add default via 10.9.0.1
"""


@pytest.mark.server("arpspoof")
def test_arp_spoofing_is_seen_as_another_mac(
    in_namespace: Callable[[str], str], tmp_path: Any
) -> None:
    (tmp_path / "memory.py").write_text(MEMORY)
    out = in_namespace(
        SPOOFED + f"mkfifo '{tmp_path}/in'; \"$PYTHON\" '{tmp_path}/memory.py' <'{tmp_path}/in' "
        f">'{tmp_path}/out' & exec 5>'{tmp_path}/in'\n"
        f"until [ -s '{tmp_path}/out' ]; do sleep 0.05; done\n"
        "nsenter -t $attacker -n arpspoof -i eth -t 10.9.0.2 10.9.0.1 >/dev/null 2>&1 &\n"
        "spoofer=$!\n"
        "until ip neigh show 10.9.0.1 | grep -q 02:66; do sleep 0.05; done\n"
        f"echo >&5; until [ \"$(wc -l <'{tmp_path}/out')\" = 2 ]; do sleep 0.05; done; echo >&5\n"
        f"cat '{tmp_path}/out'\n"
    )
    before, after = (json.loads(line) for line in out.splitlines())
    assert before["10.9.0.1"] == ["02:00:00:00:00:01", "ok", "", {"seen": 1.0}]
    assert after["10.9.0.1"][:2] == ["02:66:66:66:66:66", "ok"]
    assert after["10.9.0.1"][3]["changes_count"] >= 1


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(GatewayMac)
