from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from probes.instruments.ups import (
    ALARMS_COUNT,
    BATTERY_LEFT_SECONDS,
    BATTERY_LOW,
    CHARGE_RATIO,
    ON_BATTERY,
    ON_BATTERY_SECONDS,
    ON_BYPASS,
    OUTPUT_ON,
    UpsProbe,
)
from probes.metrics import SEEN
from probes.model import Outcome, Reading
from tests.fakes.recorded_devices import Devices, Look, recorded
from tests.probes.conftest import Measure

UPS = "1.3.6.1.2.1.33.1"
RECORDED = {
    "eaton": "UPS/eaton-93e-80",
    "eastpower": "UPS/eastpower-istars-swv053",
    "huawei": "UPS/huawei-gse200m",
    "santak": "UPS/ingrasys-power-switch",
    "phoenixtec": "UPS/phoenixtec-power",
    "tripplite": "network/appliance/tripplite-poweralert",
    "apc": "UPS/apc-8932",
}
POWER_CUT = f"""\
{UPS}.1.1.0|4x|e5b1b1e789b9
{UPS}.1.2.0|4|C1KS
{UPS}.2.1.0|2|3
{UPS}.2.2.0|2|640
{UPS}.2.3.0|2|4
{UPS}.2.4.0|2|17
{UPS}.4.1.0|2|5
{UPS}.6.1.0|66|3
{UPS}.6.2.1.2.1|6|{UPS}.6.3.2
{UPS}.6.2.1.2.2|6|{UPS}.6.3.3
{UPS}.6.2.1.2.3|6|1.3.6.1.4.1.935.1.7
"""
LOST = f"""\
{UPS}.2.1.0|2|2
{UPS}.2.4.0|2|100
{UPS}.6.1.0|66|1
{UPS}.6.2.1.2.1|6|{UPS}.6.3.20
"""


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    keep = ["1.3.6.1.2.1.1", UPS]
    made = {"cut": POWER_CUT, "lost": LOST}
    with recorded(tmp_path_factory.mktemp("ups"), RECORDED, keep, made) as running:
        yield running


@pytest.fixture
def look(devices: Devices, measure: Measure) -> Look:
    async def run(name: str) -> list[Reading]:
        return await devices.look(name, measure, UpsProbe)

    return run


def told(reading: Reading) -> dict[str, float]:
    return {metric.name: value for metric, value in reading.values.items()}


async def test_supply_in_a_power_cut_says_so_with_its_alarms(look: Look) -> None:
    whole, *alarms = await look("cut")
    assert whole.values == {
        ON_BATTERY: 1, ON_BYPASS: 0, OUTPUT_ON: 1, BATTERY_LOW: 1, ON_BATTERY_SECONDS: 640,
        BATTERY_LEFT_SECONDS: 240, CHARGE_RATIO: 0.17, ALARMS_COUNT: 3,
    }  # fmt: skip
    assert whole.labels == {"alarm": "all", "model": "山特 C1KS"}
    assert [r.labels["alarm"] for r in alarms] == ["low_battery", "on_battery", "other"]
    assert {r.values[SEEN] for r in alarms} == {1}


@pytest.mark.parametrize("name", ["eaton", "eastpower", "huawei", "santak", "phoenixtec"])
async def test_numbers_are_those_that_net_snmp_reads(
    name: str, devices: Devices, look: Look
) -> None:
    [whole] = await look(name)
    battery, output = devices.walk(name, f"{UPS}.2"), devices.walk(name, f"{UPS}.4")
    assert told(whole)["on_battery"] == (output["1.0"] == "5")
    assert told(whole)["battery_low"] == (battery["1.0"] in ("3", "4"))
    assert told(whole)["on_battery_seconds"] == int(battery["2.0"].split()[0])
    percent = battery["4.0"].split()[0]
    assert told(whole).get("charge_ratio") == (None if percent == "-1" else int(percent) / 100)


async def test_what_a_supply_does_not_measure_is_absent(look: Look) -> None:
    """It sends -1 for charge and time left."""
    [whole] = await look("huawei")
    assert CHARGE_RATIO not in whole.values
    assert BATTERY_LEFT_SECONDS not in whole.values
    assert whole.values[OUTPUT_ON] == 1


async def test_no_time_left_is_no_estimate_while_the_battery_is_full(
    look: Look,
) -> None:
    [whole] = await look("eastpower")
    assert whole.values[CHARGE_RATIO] == 1
    assert BATTERY_LEFT_SECONDS not in whole.values


async def test_card_that_lost_its_supply_gives_no_old_numbers(look: Look) -> None:
    whole, alarm = await look("lost")
    assert told(whole) == {"alarms_count": 1}
    assert alarm.labels == {"alarm": "communications_lost", "model": "-"}


@pytest.mark.parametrize("name", ["tripplite", "apc"])
async def test_device_without_the_mib_is_no_failure(name: str, look: Look) -> None:
    [reading] = await look(name)
    assert (reading.target, reading.outcome) == (name, Outcome.NOT_RUN)
    assert (reading.reason, reading.labels) == ("no_table", {"alarm": "all", "model": "all"})


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(UpsProbe)
