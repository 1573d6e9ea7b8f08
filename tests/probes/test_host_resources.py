from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from probes.instruments.host_resources import (
    CPU_USED_RATIO,
    DISK_FREE_BYTES,
    DISK_USED_RATIO,
    LOAD_COUNT_MEAN,
    MEMORY_AVAILABLE_BYTES,
    MEMORY_USED_RATIO,
    PROCESSES_COUNT,
    SWAP_USED_RATIO,
    TEMPERATURE_CELSIUS_MAX,
    CpuTimes,
    HostResources,
    Settings,
    hottest_or_none,
    used_ratio_or_none,
)
from probes.model import LOCAL, ProbeError
from tests.probes.conftest import Measure

QUICK = Settings(window_seconds=0.1)
FUNCTIONS = (
    "cpu_times",
    "virtual_memory",
    "swap_memory",
    "disk_usage",
    "sensors_temperatures",
    "pids",
)


def replies(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    for name, answer in answers.items():
        monkeypatch.setattr(psutil, name, answer, raising=False)


def fails(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def cpu(*pairs: tuple[float, float]) -> Callable[[], Any]:
    """(busy, idle) seconds, one pair for each look."""
    looks: Iterator[tuple[float, float]] = iter(pairs)

    class Times(tuple[float, ...]):
        idle: float

    def look() -> Any:
        busy, idle = next(looks)
        times = Times((busy, idle))
        times.idle = idle
        return times

    return look


async def test_this_machine_is_read(measure: Measure) -> None:
    (reading,) = await measure(HostResources(QUICK))
    assert {
        MEMORY_USED_RATIO,
        MEMORY_AVAILABLE_BYTES,
        DISK_USED_RATIO,
        DISK_FREE_BYTES,
        LOAD_COUNT_MEAN,
        PROCESSES_COUNT,
    } <= set(reading.values)
    assert reading.values[MEMORY_AVAILABLE_BYTES] > 1e6
    assert reading.values[PROCESSES_COUNT] >= 2


async def test_processor_use_is_the_mean_since_the_previous_run(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    replies(monkeypatch, cpu_times=cpu((10, 90), (11, 90), (14, 99)))
    probe = HostResources(QUICK)
    (first,) = await measure(probe)
    (second,) = await measure(probe)
    assert first.values[CPU_USED_RATIO] == 1
    assert second.values[CPU_USED_RATIO] == pytest.approx(0.25)


async def test_swap_and_temperature_are_read_where_they_are(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    sensors = {"cpu": [SimpleNamespace(current=41.5), SimpleNamespace(current=63.0)]}
    replies(
        monkeypatch,
        swap_memory=lambda: SimpleNamespace(used=1, total=4),
        sensors_temperatures=lambda: sensors,
    )
    (reading,) = await measure(HostResources(QUICK))
    assert reading.values[SWAP_USED_RATIO] == 0.25
    assert reading.values[TEMPERATURE_CELSIUS_MAX] == 63


async def test_machine_without_swap_or_sensor_leaves_them_absent(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    replies(
        monkeypatch,
        swap_memory=lambda: SimpleNamespace(used=0, total=0),
        sensors_temperatures=dict,
    )
    (reading,) = await measure(HostResources(QUICK))
    assert SWAP_USED_RATIO not in reading.values
    assert TEMPERATURE_CELSIUS_MAX not in reading.values


async def test_system_without_the_functions_leaves_their_figures_absent(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    monkeypatch.delattr(psutil, "sensors_temperatures")
    monkeypatch.delattr(os, "getloadavg")
    (reading,) = await measure(HostResources(QUICK))
    assert LOAD_COUNT_MEAN not in reading.values
    assert MEMORY_USED_RATIO in reading.values


async def test_figure_that_cannot_be_read_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    replies(monkeypatch, disk_usage=fails(PermissionError()), pids=fails(psutil.AccessDenied()))
    (reading,) = await measure(HostResources(QUICK))
    assert {DISK_USED_RATIO, PROCESSES_COUNT}.isdisjoint(reading.values)
    assert MEMORY_USED_RATIO in reading.values


async def test_machine_that_tells_nothing_is_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    replies(monkeypatch, **dict.fromkeys(FUNCTIONS[1:], fails(OSError())))
    replies(monkeypatch, cpu_times=cpu((1, 1), (1, 1)))
    monkeypatch.setattr(os, "getloadavg", fails(OSError()))
    with pytest.raises(ProbeError) as caught:
        await HostResources(QUICK).measure(LOCAL)
    assert caught.value.reason == "no_source"


@pytest.mark.parametrize(
    ("after", "used"),
    [
        (CpuTimes(20, 10), 0.0),
        (CpuTimes(20, 0), 1.0),
        (CpuTimes(10, 0), None),
        (CpuTimes(5, 0), None),
        (CpuTimes(20, -1), None),
    ],
)
def test_processor_use_is_absent_when_the_clocks_did_not_run(
    after: CpuTimes, used: float | None
) -> None:
    assert used_ratio_or_none(CpuTimes(10, 0), after) == used


@pytest.mark.parametrize(
    ("sensors", "hottest"),
    [
        ([], None),
        ([0.0], None),
        ([-128.0, 255.0], None),
        ([0.0, 27.8, 255.0], 27.8),
        ([float("nan"), 30.0], 30.0),
        ([-5.0], -5.0),
    ],
)
def test_sensor_that_cannot_be_right_is_not_believed(
    sensors: list[float], hottest: float | None
) -> None:
    assert hottest_or_none(sensors) == hottest


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(HostResources)
