from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from probes.instruments.router_adverts import RouterAdverts
from probes.lan.measures import Waiting
from probes.model import Probe, Reading
from tests.lab.school_lan import (
    ATTACKER,
    ATTACKER_MAC,
    GATEWAY,
    GATEWAY_MAC,
    NETWORK,
    SchoolLan,
    in_lab,
    school_lan,
)
from tests.lab.space import Space
from tests.probes.conftest import Measure
from tests.probes.lan.built import advert
from tests.probes.lan.sent import sending

pytestmark = [pytest.mark.long, pytest.mark.server("radvd")]
SETTINGS = Waiting(networks=(NETWORK,), seconds=2)
FOR_ROUTERS = Waiting(networks=(NETWORK,), seconds=5)
"""Longer than these let pass between two advertisements: four seconds (radvd's configuration)."""
OWN, ROGUE = "fe80::8eec:4bff:fe00:1", "fe80::3e7c:3fff:fe00:66"


@pytest.fixture(scope="module")
def lan() -> Iterator[SchoolLan]:
    with school_lan() as made:
        yield made


@pytest.fixture(scope="module")
def gateway(lan: SchoolLan) -> Space:
    return lan.host("gateway", GATEWAY, GATEWAY_MAC, ipv6=True)


@pytest.fixture(scope="module")
def attacker(lan: SchoolLan) -> Space:
    return lan.host("attacker", ATTACKER, ATTACKER_MAC, ipv6=True)


@contextmanager
def advertising(lan: SchoolLan, space: Space, device: str, lines: str) -> Iterator[None]:
    file = lan.folder / f"{device}.conf"
    pace = "AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"
    file.write_text(f"interface {device} {{ {pace} {lines} }};\n")
    words = ["radvd", "--nodaemon", "--config", str(file), "--logmethod", "stderr"]
    words += ["--pidfile", str(file.with_suffix(".pid")), "--username", "root"]
    with lan.running(space, words, "started"):
        yield


def of_routers(readings: list[Reading]) -> set[tuple[str, ...]]:
    return {tuple(r.labels.values()) for r in readings[:-1]}


def of_whole(readings: list[Reading]) -> dict[str, float]:
    whole = readings[-1]
    assert set(whole.labels.values()) == {"all"}
    return {metric.name: value for metric, value in whole.values.items()}


async def until_seen(measure: Measure, lan: SchoolLan, number: int) -> list[Reading]:
    """A router waits up to three seconds between two answers (RFC 4861 section 6.2.6)."""
    for _ in range(4):
        readings = await measure(RouterAdverts(FOR_ROUTERS), space=lan.sentinel)
        if of_whole(readings)["routers_count"] >= number:
            break
    return readings


@in_lab
async def test_rogue_router_is_seen_beside_the_schools_own(
    lan: SchoolLan, gateway: Space, attacker: Space, measure: Measure
) -> None:
    own = "AdvManagedFlag on; prefix 2001:db8:7::/64 {}; prefix fd00:7::/64 {};"
    rogue = "AdvDefaultPreference high; AdvDefaultLifetime 1800; prefix 2001:db8:66::/64 {};"
    with (
        advertising(lan, gateway, "gateway0", own),
        advertising(lan, attacker, "attacker0", rogue),
    ):
        readings = await until_seen(measure, lan, 2)
    assert of_routers(readings) == {
        (OWN, GATEWAY_MAC, "2001:db8:7::/64 fd00:7::/64", "12", "managed"),
        (ROGUE, ATTACKER_MAC, "2001:db8:66::/64", "1800", "high"),
    }
    assert of_whole(readings) == {"routers_count": 2, "malformed_count": 0, "missed_count": 0}
    assert all(reading.target == "lan" for reading in readings)


@in_lab
async def test_withdrawal_in_anothers_name_bears_the_attackers_mac(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    kill = advert(mac=ATTACKER_MAC, source=OWN, lifetime=0)
    with sending(attacker, "attacker0", [kill], every=0.3):
        readings = await measure(RouterAdverts(SETTINGS), space=lan.sentinel)
    assert of_routers(readings) == {(OWN, ATTACKER_MAC, "-", "0", "high")}


@in_lab
async def test_advertisement_that_breaks_the_rules_is_counted_and_not_believed(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    wrong = [
        advert(mac=ATTACKER_MAC, source=ROGUE, hops=64),
        advert(mac=ATTACKER_MAC, source="2001:db8::66"),
        advert(mac=ATTACKER_MAC, source=ROGUE, checksum=0x1234),
    ]
    with sending(attacker, "attacker0", wrong, every=0.3):
        readings = await measure(RouterAdverts(SETTINGS), space=lan.sentinel)
    assert of_routers(readings) == set()
    assert of_whole(readings)["malformed_count"] == 3


@in_lab
async def test_flood_ends_in_time_and_is_told(
    lan: SchoolLan, attacker: Space, measure: Measure
) -> None:
    flood = [
        advert(mac=f"3c:7c:3f:00:{n >> 8:02x}:{n & 255:02x}", source=f"fe80::{n + 1:x}")
        for n in range(700)
    ]
    with sending(attacker, "attacker0", flood, every=0):
        started = time.monotonic()
        readings = await measure(RouterAdverts(SETTINGS), space=lan.sentinel)
        assert time.monotonic() - started < SETTINGS.longest_seconds()
    whole = of_whole(readings)
    assert len(readings) == 33
    assert whole["routers_count"] == 500
    assert whole["missed_count"] > 0


@in_lab
def test_every_metric_was_seen(
    assert_all_metrics_covered: Callable[[type[Probe[Any]]], None],
) -> None:
    assert_all_metrics_covered(RouterAdverts)
