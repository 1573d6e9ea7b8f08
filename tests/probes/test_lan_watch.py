from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Interface
from typing import Any

import pytest

from probes.instruments.lan_watch import LanWatch, Settings
from probes.lan import watch as looking
from probes.lan.cards import Card
from probes.lan.watch import MOST_A_SECOND
from probes.model import Probe, Reading
from probes.neighbours.model import Router
from tests.lab.school_lan import (
    ATTACKER,
    ATTACKER_MAC,
    GATEWAY,
    GATEWAY_MAC,
    NETWORK,
    SENTINEL,
    SENTINEL_MAC,
    SchoolLan,
    in_lab,
    school_lan,
)
from tests.lab.space import Space
from tests.probes.conftest import Measure
from tests.probes.lan import built
from tests.probes.lan.sent import hearing, once, sending

pytestmark = [pytest.mark.long, pytest.mark.server("arpspoof")]
MULTICAST = bytes.fromhex("01005e7f0102 3c7c3f000066 88b5") + bytes(46)


@pytest.fixture(scope="module")
def lan() -> Iterator[SchoolLan]:
    with school_lan() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(lan: SchoolLan) -> Space:
    return lan.host("gateway", GATEWAY, GATEWAY_MAC)


@pytest.fixture(scope="module")
def attacker(lan: SchoolLan) -> Space:
    return lan.host("attacker", ATTACKER, ATTACKER_MAC)


def watch(seconds: float) -> LanWatch:
    return LanWatch(Settings(networks=(NETWORK,), seconds=seconds))


def rows(readings: list[Reading], kind: str) -> set[tuple[str, str]]:
    return {(r.labels["address"], r.labels["mac"]) for r in readings if r.labels["kind"] == kind}


def values(reading: Reading) -> dict[str, float]:
    return {metric.name: value for metric, value in reading.values.items()}


async def heard_while_sent(
    lan: SchoolLan, measure: Measure, probe: LanWatch, space: Space, frames: Sequence[bytes]
) -> list[Reading]:
    """What is told when these frames are sent once, after it began to listen."""
    watching = asyncio.ensure_future(measure(probe, space=lan.sentinel))
    until = time.monotonic() + 10
    while lan.sentinel.run("cat", "/proc/net/packet").count("\n") < 4:
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    await asyncio.to_thread(once, space, "attacker0", frames)
    return await watching


@in_lab
@pytest.mark.parametrize("victim", [(), ("-t", SENTINEL)], ids=["everybody", "the sentinel"])
async def test_arpspoof_is_seen_beside_the_gateway(
    lan: SchoolLan, gateway: Space, attacker: Space, measure: Measure, victim: tuple[str, ...]
) -> None:
    own = sending(gateway, "gateway0", [built.request(GATEWAY, GATEWAY_MAC, SENTINEL)], every=0.5)
    with own, lan.running(attacker, ["arpspoof", "-i", "attacker0", *victim, GATEWAY], "is-at"):
        readings = await measure(watch(3), space=lan.sentinel)
    assert rows(readings, "arp") == {(GATEWAY, GATEWAY_MAC), (GATEWAY, ATTACKER_MAC)}
    assert all(values(r)["frames_count"] >= 1 for r in readings if r.labels["kind"] == "arp")
    assert all(reading.target == "lan" for reading in readings)


@pytest.fixture
def way_out(lan: SchoolLan) -> Iterator[None]:
    lan.sentinel.ip("route", "add", "default", "via", GATEWAY)
    yield
    lan.sentinel.ip("route", "del", "default")


@in_lab
@pytest.mark.usefixtures("way_out")
async def test_gateway_that_says_nothing_by_itself_is_asked_while_arpspoof_is_at_everybody(
    lan: SchoolLan, gateway: Space, attacker: Space, measure: Measure
) -> None:
    with lan.running(attacker, ["arpspoof", "-i", "attacker0", GATEWAY], "is-at"):
        readings = await measure(watch(4), space=lan.sentinel)
    assert rows(readings, "arp") == {(GATEWAY, GATEWAY_MAC), (GATEWAY, ATTACKER_MAC)}


@in_lab
@pytest.mark.parametrize(("networks", "number"), [([NETWORK], 2), ([], 0)])
def test_gateway_is_asked_for_twice_where_the_network_is_described_and_nothing_else_is_sent(
    lan: SchoolLan,
    gateway: Space,
    monkeypatch: pytest.MonkeyPatch,
    networks: list[str],
    number: int,
) -> None:
    card = Card("sentinel0", SENTINEL_MAC, (IPv4Interface(f"{SENTINEL}/24"),))
    monkeypatch.setattr(looking, "cards", lambda: [card])
    monkeypatch.setattr(looking, "towards", lambda _: [card])  # as if it were a piece of hardware
    monkeypatch.setattr(looking, "routers", lambda: [Router("sentinel0", 1, GATEWAY)])
    with hearing(gateway, "gateway0") as heard:
        lan.sentinel.inside(lambda: looking.watch({"networks": networks, "seconds": 2}))
        sent = [frame for frame in heard() if frame[6:12].hex(":") == SENTINEL_MAC]
    assert sent == [built.request(SENTINEL, SENTINEL_MAC, GATEWAY)] * number


@in_lab
async def test_who_takes_the_sentinels_own_address_is_seen(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    words = ["arpspoof", "-i", "attacker0", "-t", SENTINEL, SENTINEL]
    with lan.running(attacker, words, "is-at"):
        readings = await measure(watch(3), space=lan.sentinel)
    assert rows(readings, "arp") == {(SENTINEL, SENTINEL_MAC), (SENTINEL, ATTACKER_MAC)}


@in_lab
async def test_ordinary_traffic_is_counted_and_nothing_is_told(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    frames = [
        built.request(GATEWAY, GATEWAY_MAC),
        built.reply(GATEWAY, GATEWAY_MAC, SENTINEL, SENTINEL_MAC),
        built.announcement("10.61.7.30", built.ONE),
        built.arp(1, "0.0.0.0", built.OTHER, "10.61.7.30"),  # somebody asks whether it is free
        built.datagram(built.dns_answer("printer.local"), sport=5353),
        *[MULTICAST] * 7,
    ]
    readings = await heard_while_sent(lan, measure, watch(2), attacker, frames)
    (whole,) = readings
    assert values(whole)["broadcast_frames_count"] == 3
    assert values(whole)["multicast_frames_count"] == 7
    assert values(whole)["missed_count"] == 0
    assert 2 <= values(whole)["heard_seconds"] < 4


@in_lab
async def test_routers_dhcp_servers_and_answerers_are_told(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    names = ["one.local", "two.local", "three.local"]
    frames = [
        built.advert(mac=ATTACKER_MAC, source="fe80::66"),
        built.dhcp(5, server=ATTACKER, mac=ATTACKER_MAC),
        *(
            built.datagram(built.dns_answer(n), sport=5353, mac=ATTACKER_MAC, to=built.ALL)
            for n in names
        ),
        built.datagram(built.dns_answer("wpad"), sport=5355, source="10.61.7.67", to=SENTINEL_MAC),
    ]
    readings = await heard_while_sent(lan, measure, watch(2), attacker, frames)
    assert rows(readings, "ra") == {("fe80::66", ATTACKER_MAC)}
    assert rows(readings, "dhcp") == {(ATTACKER, ATTACKER_MAC)}
    assert rows(readings, "name") == {("10.0.0.66", ATTACKER_MAC), ("10.61.7.67", built.OTHER)}
    named = {r.labels["mac"]: values(r) for r in readings if r.labels["kind"] == "name"}
    assert named[ATTACKER_MAC] == {"frames_count": 3, "names_count": 3}


@in_lab
async def test_storm_is_counted_whole_and_costs_little(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    storm = [built.request(f"10.61.7.{n % 250}", built.ONE, SENTINEL) for n in range(2000)] * 10
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    readings = await heard_while_sent(lan, measure, watch(3), attacker, storm)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    told = values(readings[-1])
    print(f"\nstorm of {len(storm)} frames: {cpu:.2f} s of processor with the start of Python")
    assert told["broadcast_frames_count"] == len(storm)
    assert told["missed_count"] > len(storm) / 2
    assert cpu < 3  # reading every frame would take ten times as long


@in_lab
async def test_steady_storm_is_taken_at_a_bounded_pace(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    storm = [built.request(f"10.61.7.{n}", built.ONE, SENTINEL) for n in range(100, 200)]
    with sending(attacker, "attacker0", storm, every=0):
        told = values((await measure(watch(2), space=lan.sentinel))[-1])
    assert told["broadcast_frames_count"] > 4000
    assert told["broadcast_frames_count"] - told["missed_count"] < 2 * MOST_A_SECOND + 1000


@in_lab
async def test_what_the_sentinel_itself_sends_is_not_told(lan: SchoolLan, measure: Measure) -> None:
    own = [built.advert(mac=SENTINEL_MAC), built.dhcp(5, mac=SENTINEL_MAC)]
    with sending(lan.sentinel, "sentinel0", own, every=0.2):
        (whole,) = await measure(watch(1), space=lan.sentinel)
    assert values(whole)["broadcast_frames_count"] == 0


@in_lab
def test_every_metric_was_seen(
    assert_all_metrics_covered: Callable[[type[Probe[Any]]], None],
) -> None:
    assert_all_metrics_covered(LanWatch)
