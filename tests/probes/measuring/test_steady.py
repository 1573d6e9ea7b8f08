from __future__ import annotations

import pytest

from probes.measuring.steady import Look, settled


def looks(*rates: float, step: float = 0.1) -> list[Look]:
    """Looks `step` seconds apart, between which the line carried so many bits/s."""
    found = [Look(100.0, 5000.0)]
    for rate in rates:
        found.append(Look(found[-1].at + step, found[-1].count + rate * step / 8))
    return found


def test_line_that_carries_the_same_for_three_windows_has_settled() -> None:
    found = settled(looks(*[1e6] * 3, *[50e6] * 9))
    assert found is not None
    assert found.rate == pytest.approx(50e6)
    assert found.spread_ratio == pytest.approx(0, abs=1e-9)


def test_line_that_still_grows_has_not_settled() -> None:
    assert settled(looks(*[40e6] * 3, *[45e6] * 3, *[50e6] * 3)) is None


def test_two_windows_are_not_enough() -> None:
    assert settled(looks(*[50e6] * 8)) is None


def test_line_that_carries_nothing_has_not_settled() -> None:
    assert settled(looks(*[0.0] * 12)) is None


def test_counter_that_went_back_settles_nothing() -> None:
    assert settled(looks(*[50e6] * 6, -1e9, *[50e6] * 3)) is None


def test_small_differences_are_told_as_spread() -> None:
    found = settled(looks(*[50e6] * 3, *[51e6] * 3, *[50e6] * 3))
    assert found is not None
    assert found.spread_ratio == pytest.approx(1e6 / found.rate)


def test_looks_that_come_late_are_weighed_by_their_time() -> None:
    late = looks(*[50e6] * 4, step=0.37)
    found = settled(late)
    assert found is not None
    assert found.rate == pytest.approx(50e6)
