from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.snmp.counters import Counter, Span, growth

OCTETS = frozenset({"in_octets", "out_octets"})
MEGABIT = 1e6


def narrow(**values: int) -> dict[str, Counter]:
    return {name: Counter(value, wide=False) for name, value in values.items()}


def wide(**values: int) -> dict[str, Counter]:
    return {name: Counter(value, wide=True) for name, value in values.items()}


def span(
    seconds: float = 60,
    speed: float | None = 100 * MEGABIT,
    went_on: bool | None = True,
    is_physical: bool = True,
) -> Span:
    return Span(seconds, speed, went_on, is_physical)


def grown(
    before: Mapping[str, Counter], after: Mapping[str, Counter], during: Span
) -> dict[str, int]:
    return growth(before, after, during, OCTETS)


def test_growth_is_the_difference() -> None:
    assert grown(wide(in_octets=10), wide(in_octets=1010), span()) == {"in_octets": 1000}
    assert grown(narrow(in_octets=10), narrow(in_octets=1010), span()) == {"in_octets": 1000}


def test_narrow_counter_that_wrapped_goes_on() -> None:
    before = narrow(in_octets=2**32 - 1000, out_octets=5000)
    after = narrow(in_octets=500, out_octets=6000)
    assert grown(before, after, span()) == {"in_octets": 1500, "out_octets": 1000}


def test_narrow_counter_of_a_fast_line_says_nothing() -> None:
    """At 1 Gbit/s it wraps in 34 s: after a minute every value could be right."""
    before, after = narrow(in_octets=10, in_errors=1), narrow(in_octets=1010, in_errors=3)
    assert grown(before, after, span(speed=1e9)) == {"in_errors": 2}
    assert grown(before, after, span(seconds=10, speed=1e9)) == {"in_octets": 1000, "in_errors": 2}


def test_narrow_counter_of_a_line_without_speed_says_nothing() -> None:
    assert grown(narrow(in_octets=10), narrow(in_octets=20), span(speed=None)) == {}


@pytest.mark.parametrize("went_on", [False, None])
def test_counter_that_went_back_is_no_wrap_unless_the_device_ran_on(went_on: bool | None) -> None:
    before = narrow(in_octets=2**32 - 1000, out_octets=5000)
    after = narrow(in_octets=500, out_octets=6000)
    assert grown(before, after, span(went_on=went_on)) == {}


def test_restart_of_the_device_leaves_nothing() -> None:
    assert grown(wide(in_octets=10), wide(in_octets=20), span(went_on=False)) == {}


def test_wide_counter_that_went_back_leaves_nothing_of_the_interface() -> None:
    before, after = wide(in_octets=10**12, out_octets=5), wide(in_octets=7, out_octets=9)
    assert grown(before, after, span()) == {}


def test_counters_that_were_cleared_are_no_wraps() -> None:
    before = narrow(in_octets=2**32 - 1000, out_octets=2**32 - 2000)
    assert grown(before, narrow(in_octets=50, out_octets=70), span()) == {}


def test_two_counters_that_went_back_at_once_are_no_wraps_even_with_a_witness() -> None:
    before = narrow(in_octets=2**32 - 1000, out_octets=2**32 - 2000, in_errors=5)
    assert grown(before, narrow(in_octets=50, out_octets=70, in_errors=5), span()) == {}


def test_counter_that_went_back_alone_is_not_believed_without_a_witness() -> None:
    """All others stood at 0: they may have been cleared with it."""
    before = narrow(in_octets=2**32 - 1000, out_octets=0)
    assert grown(before, narrow(in_octets=50, out_octets=70), span()) == {}


def test_narrow_counter_cleared_below_the_wrap_is_not_believed() -> None:
    before = narrow(in_octets=2 * 10**9, out_octets=5000)
    assert grown(before, narrow(in_octets=50, out_octets=6000), span()) == {}


def test_more_than_the_line_can_carry_is_not_believed() -> None:
    before, after = wide(in_octets=0, out_octets=5), wide(in_octets=10**12, out_octets=9)
    assert grown(before, after, span()) == {"out_octets": 4}


def test_speed_of_what_is_no_line_is_no_limit() -> None:
    before, after = wide(in_octets=0), wide(in_octets=10**10)
    assert grown(before, after, span(is_physical=False)) == {"in_octets": 10**10}


def test_counter_that_changed_its_width_says_nothing() -> None:
    assert grown(narrow(in_octets=10), wide(in_octets=20), span()) == {}


def test_counter_that_is_new_says_nothing() -> None:
    assert grown({}, wide(in_octets=20), span()) == {}


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_no_time_no_growth(seconds: float) -> None:
    assert grown(wide(in_octets=10), wide(in_octets=20), span(seconds=seconds)) == {}


counters = st.dictionaries(
    st.sampled_from(["in_octets", "out_octets", "in_errors"]),
    st.one_of(
        st.builds(Counter, st.integers(0, 2**32 - 1), st.just(False)),
        st.builds(Counter, st.integers(0, 2**64 - 1), st.just(True)),
    ),
)


@given(counters, counters, st.floats(0.1, 1000), st.sampled_from([1e7, 1e8, 1e9, 1e10]))
def test_growth_is_never_negative_and_never_beyond_the_line(
    before: dict[str, Counter], after: dict[str, Counter], seconds: float, speed: float
) -> None:
    for name, added in grown(before, after, span(seconds, speed)).items():
        bits = 8 if name in OCTETS else 512
        assert 0 <= added * bits <= 2 * speed * seconds * 1.001


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 10**8),
    st.integers(1, 10**6),
    st.sampled_from([1e7, 1e8]),
)
def test_true_traffic_is_measured_across_the_wrap(
    start: int, octets: int, other: int, speed: float
) -> None:
    """A counter of 32 bits that really counted so many octets, within what the line carries."""
    octets = min(octets, int(speed * 60 / 8))
    before = narrow(in_octets=start, out_octets=other)
    after = narrow(in_octets=(start + octets) % 2**32, out_octets=other + 10)
    assert grown(before, after, span(speed=speed)) == {"in_octets": octets, "out_octets": 10}
