from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runner import check_reading
from probes.instruments.snmp_system import ANSWER_SECONDS, ENGINE_BOOTS, SnmpSystem
from probes.metrics import SEEN, UPTIME_SECONDS
from probes.model import LOCAL, Outcome, ProbeError, Reading
from probes.snmp.answer import Answer
from probes.snmp.device import Device
from probes.snmp.probe import SnmpSettings
from probes.snmp.values import Value
from tests.fakes.snmp_device import V2, SnmpDevice, listening, settings_of
from tests.fakes.snmpsim import copy, served
from tests.probes.conftest import Measure, assert_keeps_to_declaration

ROOT = Path(__file__).parents[2]
RECORDINGS = {
    "dlink": ("network/switch/dlink-des3038", "D-Link"),
    "chinese": ("os/linux/netmanage", "enterprise 233"),
    "hikvision": ("camera/hikvision-network-video-recorder", "Hikvision"),
    "clockless": ("network/wifi/aruba-7010", "Aruba"),
    "odd": ("network/firewall/nsfocus-osms", "-"),
}
KEEP = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.25.1", "1.3.6.1.6.3.10")


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("snmpsim")
    for community, (name, _) in RECORDINGS.items():
        copy(name, folder, KEEP, community)
    with served(folder) as port:
        yield port


def probe_of(*rows: dict[str, object], **more: float) -> SnmpSystem:
    return SnmpSystem(SnmpSettings(devices=rows, **more))  # type: ignore[arg-type]


def recorded(port: int) -> SnmpSystem:
    return probe_of(*(settings_of(name, port, community=name) for name in RECORDINGS))


def by_target(readings: list[Reading]) -> dict[str, Reading]:
    return {reading.target: reading for reading in readings}


async def test_recorded_devices_are_named_with_their_vendor(sim: int, measure: Measure) -> None:
    found = by_target(await measure(recorded(sim)))
    assert {name: reading.labels["vendor"] for name, reading in found.items()} == {
        name: vendor for name, (_, vendor) in RECORDINGS.items()
    }
    assert found["dlink"].labels["description"] == "D-Link DES-3028 Fast Ethernet Switch"
    assert found["dlink"].labels["object_id"] == "1.3.6.1.4.1.171.10.63.6"
    assert "中文" in found["chinese"].labels["description"]
    assert all(reading.values[SEEN] == 1 for reading in found.values())


def net_snmp_ticks(sim: int, community: str) -> int:
    if shutil.which("snmpget") is None:
        pytest.skip("needs snmpget (apt install snmp)")
    done = subprocess.run(
        ["snmpget", "-v2c", "-c", community, "-m", "", "-Ovt", f"127.0.0.1:{sim}",
         "1.3.6.1.2.1.1.3.0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.server
async def test_uptime_is_what_net_snmp_reads(sim: int, measure: Measure) -> None:
    found = by_target(await measure(recorded(sim)))
    for name in ("dlink", "hikvision"):
        assert found[name].values[UPTIME_SECONDS] == net_snmp_ticks(sim, name) / 100
    assert UPTIME_SECONDS not in found["clockless"].values


async def test_starts_of_the_engine_are_counted_where_the_device_tells(measure: Measure) -> None:
    device = SnmpDevice({"1.3.6.1.6.3.10.2.1.2.0": V2.Integer(7)})
    async with listening(device) as port:
        (reading,) = await measure(probe_of(settings_of("sw1", port)))
    assert reading.values[ENGINE_BOOTS] == 7
    assert 0 < reading.values[ANSWER_SECONDS] < 5
    assert set(reading.labels.values()) == {"-"}


async def test_device_of_which_nothing_is_known_was_still_seen(measure: Measure) -> None:
    async with listening(SnmpDevice({"1.3.6.1.4.1.9.1.0": V2.Integer(7)})) as port:
        (reading,) = await measure(probe_of(settings_of("sw1", port)))
    assert reading.outcome is Outcome.OK
    assert UPTIME_SECONDS not in reading.values


async def test_silent_device_is_a_failed_reading_and_others_are_read(measure: Measure) -> None:
    sound = SnmpDevice({"1.3.6.1.2.1.1.5.0": V2.OctetString("core")})
    async with listening(sound) as port, listening(lambda _: []) as silent:
        found = by_target(
            await measure(
                probe_of(settings_of("silent", silent), settings_of("core", port), timeout=0.2)
            )
        )
    assert (found["silent"].outcome, found["silent"].reason) == (Outcome.FAILED, "no_answer")
    assert found["core"].labels["name"] == "core"


async def test_silent_device_is_asked_again_but_not_each_time(measure: Measure) -> None:
    asked: list[bytes] = []

    def silent(data: bytes) -> list[bytes]:
        asked.append(data)
        return []

    async with listening(silent) as port:
        probe = probe_of(settings_of("silent", port), timeout=0.1, tries=1)
        reasons = [(await measure(probe))[0].reason for _ in range(3)]
    assert reasons == ["no_answer", "no_answer", "silent_before"]
    assert len(asked) == 2


async def test_without_devices_it_does_not_run() -> None:
    with pytest.raises(ProbeError) as caught:
        await probe_of().measure(LOCAL)
    assert caught.value.reason == "no_devices"


def test_hosts_of_all_devices_are_reached() -> None:
    rows = [settings_of("a", 161, host="10.1.0.2"), settings_of("b", 161, host="10.1.0.3")]
    assert list(probe_of(*rows).reaches()) == ["10.1.0.2", "10.1.0.3"]


def test_library_is_never_loaded_by_who_asks() -> None:
    """Neither by knowing the instruments nor by a run of them."""
    script = (
        "import asyncio, sys\n"
        "from probes.instruments.snmp_interfaces import SnmpInterfaces\n"
        "from probes.instruments.snmp_system import SnmpSystem\n"
        "from probes.model import LOCAL\n"
        "row = {'name': 'a', 'host': '127.0.0.1', 'port': 9, 'community': 'x'}\n"
        "for probe in SnmpSystem, SnmpInterfaces:\n"
        "    run = probe(probe.Settings(devices=(row,), timeout=0.1, tries=1)).measure(LOCAL)\n"
        "    print(asyncio.run(run)[0].reason)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    *reasons, modules = done.stdout.splitlines()
    assert reasons == ["refused", "refused"]
    assert {"pysnmp", "pyasn1", "cryptography", "scapy"}.isdisjoint(modules.split())


oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=128).map(tuple)
values = st.integers(-(2**31), 2**64 - 1) | st.binary(max_size=300) | oids


@given(st.dictionaries(st.sampled_from(sorted(SnmpSystem.wanted.scalars)), values))
def test_whatever_a_device_says_makes_a_reading_that_can_be_stored(
    said: dict[str, Value],
) -> None:
    probe, device = probe_of(), Device(name="sw1", host="10.1.0.2", community="x")
    kind: Any = SnmpSystem
    for at in (0.0, 60.0):
        (reading,) = probe.readings(device, Answer(scalars=said, at=at))
        assert_keeps_to_declaration(probe, reading)
        check_reading(kind, reading)


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpSystem)
