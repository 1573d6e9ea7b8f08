from __future__ import annotations

from random import Random

import pytest

from agent.backoff import LONGEST, Backoff, retry_after_or_none

NOW = 1_760_000_000.0


def test_wait_doubles_up_to_five_minutes_and_keeps_its_jitter() -> None:
    backoff = Backoff(Random(1))
    for cap in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300):
        wait = backoff.failed()
        assert cap / 2 <= wait <= cap


def test_agents_at_the_cap_do_not_wait_alike() -> None:
    waits = {round(Backoff(Random(seed), 8).failed(), 3) for seed in range(50)}
    assert len(waits) > 45
    assert max(waits) - min(waits) > LONGEST / 3


def test_one_success_does_not_forget_a_long_outage() -> None:
    backoff = Backoff(Random(1))
    for _ in range(20):
        backoff.failed()
    backoff.succeeded()
    assert backoff.failures == 7
    for _ in range(20):
        backoff.succeeded()
    assert backoff.failures == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("1000000000", 3600.0),
        ("9" * 6000, 3600.0),
        ("Thu, 09 Oct 2025 08:54:20 GMT", 60.0),
        ("Thu, 09 Oct 2025 08:00:00 GMT", 0.0),
        ("Fri, 10 Oct 2025 08:00:00 GMT", 3600.0),
        ("-1", None),
        ("abc", None),
        ("", None),
        ("１２", None),
        ("5 minutes", None),
        ("Thu, 99 Oct 2025 08:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_with_care(header: str, seconds: float | None) -> None:
    assert retry_after_or_none(header, NOW) == seconds


def test_what_was_asked_is_a_minimum_with_jitter_on_top() -> None:
    waits = [Backoff(Random(seed)).at_least(1.0, 60.0) for seed in range(50)]
    assert all(60 <= wait <= 75 for wait in waits)
    assert len(set(waits)) == 50


def test_asking_for_nothing_is_no_hot_loop() -> None:
    assert Backoff(Random(1)).at_least(1.5, 0.0) >= 1.5
