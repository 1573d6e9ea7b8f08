from __future__ import annotations

import pytest

from collector.measure.ndt7.admission import Admission, Limits, RefusedError, network


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(admission: Admission, address: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        admission.enter(address)
    return caught.value


def test_so_many_at_once_and_no_more() -> None:
    admission = Admission(Limits(tests=2), Clock())
    first = admission.enter("192.0.2.1")
    admission.enter("192.0.2.2")
    assert refused(admission, "192.0.2.3").status == 503
    admission.leave(first)
    admission.enter("192.0.2.3")


def test_tests_that_take_the_line_leave_no_room_for_another() -> None:
    admission = Admission(Limits(bits_per_second=1e9, assumed_bits_per_second=2e8), Clock())
    busy = admission.enter("192.0.2.1")
    busy.show(0.5, 10**9)  # too early to tell
    admission.leave(admission.enter("192.0.2.2"))
    busy.show(2.0, 225_000_000)  # 900 Mbit/s
    assert refused(admission, "192.0.2.2").status == 503
    busy.show(4.0, 225_000_000)  # 450 Mbit/s
    admission.enter("192.0.2.2")


def test_first_test_begins_even_where_less_is_lent_than_it_is_thought_to_take() -> None:
    admission = Admission(Limits(bits_per_second=1e6), Clock())
    admission.enter("192.0.2.1")
    assert refused(admission, "192.0.2.2").status == 503


def test_address_has_only_so_many_at_once() -> None:
    admission = Admission(Limits(address_tests=1), Clock())
    admission.enter("2001:db8::1")
    assert refused(admission, "2001:db8::2").status == 429
    admission.enter("2001:db8:0:1::1")


def test_address_has_only_so_many_an_hour() -> None:
    clock = Clock()
    admission = Admission(Limits(address_tests_per_hour=3), clock)
    for _ in range(3):
        admission.leave(admission.enter("192.0.2.1"))
    refusal = refused(admission, "192.0.2.1")
    assert (refusal.status, refusal.retry_seconds) == (429, 1200)
    clock.now += refusal.retry_seconds
    admission.leave(admission.enter("192.0.2.1"))


def test_refusal_takes_nothing_of_the_share() -> None:
    admission = Admission(Limits(tests=1, address_tests_per_hour=2), Clock())
    slot = admission.enter("192.0.2.1")
    for _ in range(5):
        assert refused(admission, "192.0.2.1").status == 503
    admission.leave(slot)
    admission.enter("192.0.2.1")


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_what_counts_as_one_address(address: str, home: str) -> None:
    assert network(address) == home
