"""Upstream, what others send counts as far as it arrives."""

from __future__ import annotations

import pytest

from probes.measuring.carried import Carried
from probes.measuring.steady import Look

MB = 1e6


def carried(*taken: tuple[float, float, float, float]) -> Carried:
    made = Carried()
    for one in taken:
        made.take(*one)
    return made


def test_without_loss_all_of_it_counts() -> None:
    looks = carried((0, 0, 0, 7 * MB), (1, MB, MB, 8 * MB)).looks()
    assert looks == [Look(0, 7 * MB), Look(1, 9 * MB)]


def test_of_others_the_share_is_left_out_that_is_lost_of_ours() -> None:
    first, last = carried((0, 0, 0, 0), (1, 0.9 * MB, MB, 2 * MB)).looks()
    assert last.count - first.count == pytest.approx(0.9 * MB + 1.8 * MB)


def test_what_is_known_later_holds_for_earlier_looks() -> None:
    taken = [(0.0, 0.0, 0.0, 0.0), (1.0, MB, MB, MB), (2.0, 1.6 * MB, 2 * MB, 2 * MB)]
    assert carried(*taken).looks()[1].count == pytest.approx(MB + 0.8 * MB)


def test_more_never_arrives_than_was_sent() -> None:
    looks = carried((0, 0, 0, 0), (1, 1.2 * MB, MB, MB)).looks()
    assert looks[-1].count == pytest.approx(2.2 * MB)


def test_few_packets_of_ours_say_nothing_of_losses() -> None:
    assert carried((0, 0, 0, 0), (1, 1000, 3000, MB)).looks()[-1].count == pytest.approx(MB + 1000)


def test_after_a_restart_old_losses_are_forgotten() -> None:
    made = carried((0, 0, 0, 0), (1, 0.1 * MB, MB, MB))
    made.restart()
    made.take(2, 0.2 * MB, 1.1 * MB, MB)
    made.take(3, 1.2 * MB, 2.1 * MB, 2 * MB)
    first, last = made.looks()
    assert last.count - first.count == pytest.approx(2 * MB)
