from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from probes.instruments import uptime
from probes.instruments.uptime import LAST_STOP_CLEAN, Uptime
from probes.metrics import UPTIME_SECONDS
from probes.model import NoSettings
from tests.probes.conftest import Measure


async def test_uptime_is_that_of_the_kernel(measure: Measure) -> None:
    (reading,) = await measure(Uptime(NoSettings()))
    boot_clock = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert reading.values[UPTIME_SECONDS] == pytest.approx(boot_clock, abs=1)


@pytest.mark.parametrize("clean", [True, False])
async def test_last_stop_is_told_where_there_is_a_diary(
    clean: bool, monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    monkeypatch.setattr(uptime, "last_stop_clean", lambda: clean)
    (reading,) = await measure(Uptime(NoSettings()))
    assert reading.values[LAST_STOP_CLEAN] == clean


async def test_last_stop_is_absent_without_a_diary(
    monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    monkeypatch.setattr(uptime, "last_stop_clean", lambda: None)
    (reading,) = await measure(Uptime(NoSettings()))
    assert set(reading.values) == {UPTIME_SECONDS}


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(Uptime)
