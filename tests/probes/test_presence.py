from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from probes.instruments.presence import (
    AWAKE_SECONDS,
    BEAT_COUNT_TOTAL,
    MACHINE_STOPPING,
    PREVIOUS_STOP_CLEAN,
    SAME_BOOT,
    SINCE_BOOT_SECONDS,
    SLEEP_SECONDS,
    Presence,
)
from probes.life import Clocks, Life, Note, Stopping
from probes.model import NoSettings
from tests.probes.conftest import Measure

NOTE = Note("boot-1", 7, Clocks(100.0, 100.0))


async def test_first_beat_by_hand_has_the_time_since_boot(measure: Measure) -> None:
    (reading,) = await measure(Presence(NoSettings()))
    assert reading.values[SINCE_BOOT_SECONDS] == pytest.approx(
        time.clock_gettime(time.CLOCK_BOOTTIME), abs=5
    )
    assert set(reading.values) == {SINCE_BOOT_SECONDS, BEAT_COUNT_TOTAL}


async def test_later_beat_has_the_real_time_awake_and_no_invented_sleep(measure: Measure) -> None:
    probe = Presence(NoSettings())
    await measure(probe)
    (reading,) = await measure(probe)
    assert set(reading.values) == {AWAKE_SECONDS, BEAT_COUNT_TOTAL}
    assert 0 <= reading.values[AWAKE_SECONDS] < 5


async def test_beat_after_a_crash_and_a_sleep_says_so(measure: Measure) -> None:
    clocks = [Clocks(20.0, 20.0), Clocks(20.0, 20.0), Clocks(80.0, 680.0)]
    life = Life("boot-2", NOTE, clocks=lambda: clocks.pop(0), clean_boot=lambda: False)
    probe = Presence(NoSettings(), life)
    (first,) = await measure(probe)
    assert (first.values[SAME_BOOT], first.values[PREVIOUS_STOP_CLEAN]) == (0, 0)
    (woken,) = await measure(probe)
    assert woken.values[SLEEP_SECONDS] == pytest.approx(600)


@pytest.mark.parametrize(("stopping", "value"), [(Stopping.MACHINE, 1), (Stopping.AGENT, 0)])
async def test_last_beat_says_what_goes_down(
    measure: Measure, stopping: Stopping, value: float
) -> None:
    life = Life("boot-1", NOTE)
    life.stopping = stopping
    (reading,) = await measure(Presence(NoSettings(), life))
    assert reading.values[MACHINE_STOPPING] == value


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(Presence)
