from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from probes.instruments.snmp_wireless import ACCESS_POINTS_COUNT, CLIENTS_COUNT, SnmpWireless
from probes.model import Outcome, Reading
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

CAPWAP = "1.3.6.1.2.1.196.1"
HUAWEI = "1.3.6.1.4.1.2011.6.139.12.1.2"
ARUBA = "1.3.6.1.4.1.14823.2.2.1.5.2.1"
RECORDED = {
    "h3c": "network/switch/h3c-comware-lsq1wcmd0-2509p61",
    "idle": "network/switch/h3c-wx6103",
    "aruba": "network/wifi/aruba-7210",
    "ubiquiti": "network/wifi/ubiquiti-m5",
}
HUAWEI_ACU2 = f"{HUAWEI}.1.0|2|1881\n{HUAWEI}.2.0|2|1149\n{HUAWEI}.5.0|2|357\n{HUAWEI}.6.0|2|792\n"
"""As recorded; the recording itself takes seconds to unpack."""


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    keep = ["1.3.6.1.2.1.1", f"{CAPWAP}.1", f"{CAPWAP}.2.2.1.7", "1.2.840.10036", ARUBA]
    made = {"huawei": HUAWEI_ACU2}
    with recorded(tmp_path_factory.mktemp("wireless"), RECORDED, keep, made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, SnmpWireless)

    return run


async def test_controller_with_the_standard_mib(devices: Devices, look: Look) -> None:
    [reading] = await look("h3c")
    told = devices.walk("h3c", f"{CAPWAP}.1")
    assert reading.values == {
        ACCESS_POINTS_COUNT: int(told["1.0"]), CLIENTS_COUNT: int(told["3.0"])
    }  # fmt: skip
    assert (reading.target, reading.labels) == ("h3c", {"source": "CAPWAP-BASE-MIB"})
    sessions = devices.walk("h3c", f"{CAPWAP}.2.2.1.7")
    assert reading.values[ACCESS_POINTS_COUNT] == len(sessions) == 171


async def test_controller_of_aruba_counts_the_access_points_that_are_up(
    devices: Devices, look: Look
) -> None:
    [reading] = await look("aruba")
    states = list(devices.walk("aruba", f"{ARUBA}.4.1.19").values())
    assert reading.values == {ACCESS_POINTS_COUNT: states.count("1"), CLIENTS_COUNT: 67}
    assert reading.labels == {"source": "WLSX-WLAN-MIB"}


async def test_controller_of_huawei_counts_the_clients_of_both_bands(
    devices: Devices, look: Look
) -> None:
    [reading] = await look("huawei")
    bands = devices.walk("huawei", HUAWEI)
    assert reading.values[CLIENTS_COUNT] == int(bands["5.0"]) + int(bands["6.0"])
    assert reading.labels == {"source": "HUAWEI-WLAN-GLOBAL-MIB"}


async def test_controller_without_access_points_counts_none(look: Look) -> None:
    [reading] = await look("idle")
    assert reading.values == {ACCESS_POINTS_COUNT: 0, CLIENTS_COUNT: 0}


async def test_access_point_without_a_controller_is_no_failure(look: Look) -> None:
    [reading] = await look("ubiquiti")
    assert (reading.target, reading.outcome) == ("ubiquiti", Outcome.NOT_RUN)
    assert (reading.reason, reading.labels) == ("no_table", {"source": "all"})


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(SnmpWireless)
