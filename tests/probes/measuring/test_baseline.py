from __future__ import annotations

from dataclasses import replace

import pytest

from probes.measuring.baseline import Baseline
from tests.probes.measuring.story import Story, always, learn, quiet

IDLE = Story(seconds=2.0)
BUSY = replace(IDLE, queue_down=always(0.04))


def at(seconds: float) -> int:
    return round(seconds * 1e9)


def drifting(begins: float, ppm: float, offset: float = 5.0) -> Story:
    return replace(IDLE, begins=begins, offset=offset + begins * ppm * 1e-6)


def test_nothing_is_known_before_the_first_packet() -> None:
    baseline = Baseline()
    baseline.learn([])
    assert (baseline.rtt, baseline.expect(0)) == (None, None)


def test_delays_are_those_of_packets_that_met_no_queue() -> None:
    baseline = Baseline()
    learn(baseline, replace(IDLE, offset=7.0, queue_up=lambda t: 0.05 if 0.5 < t < 1.5 else 0))
    empty = baseline.expect(at(2.0))
    assert empty is not None
    assert baseline.rtt == pytest.approx(0.008)
    assert empty.up == pytest.approx(7.004)
    assert empty.down == pytest.approx(-6.996)
    assert empty.doubt < 1e-4


def test_doubt_grows_with_age_until_nothing_is_known() -> None:
    baseline = quiet(IDLE, before=0)
    found = [baseline.expect(at(seconds)) for seconds in (2, 202, 782, 902)]
    assert [None if f is None else round(f.doubt * 1e3) for f in found] == [0, 10, 39, None]


def test_one_freak_of_a_packet_is_not_the_least_round_trip() -> None:
    beats = IDLE.beats()
    trips = [beat.trip for beat in beats if beat.trip]
    trips[5] = replace(trips[5], arrived=trips[5].sent + 1_000_000)
    baseline = Baseline()
    baseline.learn(trips)
    assert baseline.rtt == pytest.approx(0.008)


def test_busy_watch_teaches_nothing_when_a_quiet_one_came_before() -> None:
    baseline = quiet(IDLE, before=60)
    learn(baseline, BUSY)
    empty = baseline.expect(at(2.0))
    assert empty is not None
    assert empty.down == pytest.approx(-1000 + 0.004)
    assert empty.doubt == pytest.approx(50e-6 * 60, abs=2e-4)


def test_first_quiet_watch_replaces_what_a_busy_one_taught() -> None:
    baseline = Baseline()
    learn(baseline, BUSY)
    learn(baseline, replace(IDLE, begins=60.0))
    empty = baseline.expect(at(60))
    assert baseline.rtt == pytest.approx(0.008)
    assert empty is not None
    assert empty.down == pytest.approx(-1000 + 0.004)


def test_longer_way_is_learnt_when_the_old_one_is_long_gone() -> None:
    """A new route; for a quarter of an hour nobody knows whether it is a queue."""
    baseline = quiet(IDLE, before=0)
    for minute in range(1, 20):
        learn(baseline, replace(BUSY, begins=60.0 * minute))
    assert baseline.rtt == pytest.approx(0.048)


def test_steady_drift_is_measured_and_makes_a_baseline_last() -> None:
    baseline = Baseline()
    for minute in range(21):
        learn(baseline, drifting(60.0 * minute, ppm=30))
    later = 60 * 50
    empty = baseline.expect(at(later))
    assert empty is not None
    assert empty.up == pytest.approx(5.004 + later * 30e-6, abs=1e-4)
    assert empty.down == pytest.approx(0.004 - 5 - later * 30e-6, abs=1e-4)
    assert empty.doubt == pytest.approx(13.3e-6 * 30 * 60, rel=0.03)


def test_drift_is_not_trusted_while_a_clock_is_set_right() -> None:
    baseline = Baseline()
    for minute in range(21):
        learn(baseline, drifting(60.0 * minute, ppm=0, offset=5 + (0.005 if minute > 10 else 0)))
    empty = baseline.expect(at(60 * 30))
    assert empty is not None
    assert empty.doubt == pytest.approx(50e-6 * 600, rel=0.01)
