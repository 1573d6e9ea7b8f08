"""Device states from runs, case by case. A whole day of them is in test_school_day.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from collector.judge.presence.history import history
from collector.judge.presence.model import Cause, DeviceState, History, Run, Span, Stop
from collector.judge.presence.timeline import Said, heeding

EIGHT = datetime(2026, 11, 17, 0, tzinfo=UTC)
GRACE = timedelta(minutes=7)


def after(minutes: float) -> datetime:
    """Eight in the morning and so many minutes."""
    return EIGHT + timedelta(minutes=minutes)


def run(first: float, last: float, **changes: object) -> Run:
    beats: dict[str, object] = {"beats_from": round(first) + 1, "beats_to": round(last) + 1}
    return Run(first=after(first), last=after(last), **{**beats, **changes})  # type: ignore[arg-type]


def goodbye(minutes: float) -> Stop:
    return Stop(after(minutes), machine=True)


def told(runs: list[Run], until: float, *heard: tuple[float, float]) -> list[tuple[float, Cause]]:
    """(begin in minutes, cause) of each stretch since eight."""
    return [
        ((s.since - EIGHT).total_seconds() / 60, s.cause)
        for s in judged(runs, until, *heard).stretches
    ]


def judged(runs: list[Run], until: float, *heard: tuple[float, float]) -> History:
    spans = [Span(after(a), after(b)) for a, b in heard or [(0, until)]]
    return history(runs, spans, EIGHT, after(until), GRACE)


def test_device_that_beats_is_on() -> None:
    assert told([run(0, 100)], 101) == [(0, Cause.BEATS)]


def test_short_silence_means_nothing_yet() -> None:
    assert told([run(0, 100)], 106) == [(0, Cause.BEATS)]


def test_silence_without_a_word_is_suspicious_only_while_the_school_is_heard() -> None:
    assert told([run(0, 60)], 100, (0, 100)) == [(0, Cause.BEATS), (60, Cause.NO_WORD)]
    assert told([run(0, 60)], 100, (0, 62)) == [(0, Cause.BEATS), (60, Cause.SITE_SILENT)]


def test_suspicion_ends_where_the_school_falls_silent() -> None:
    assert told([run(0, 60)], 120, (0, 90)) == [
        (0, Cause.BEATS),
        (60, Cause.NO_WORD),
        (90, Cause.SITE_SILENT),
    ]


def test_device_that_is_off_is_unknown_while_the_school_is_silent() -> None:
    off = run(0, 60, stop=goodbye(60))
    assert told([off], 120, (0, 90)) == [
        (0, Cause.BEATS),
        (60, Cause.GOODBYE),
        (90, Cause.SITE_SILENT),
    ]


def test_stopped_agent_leaves_its_device_unseen_and_not_off() -> None:
    stopped = run(0, 60, stop=Stop(after(60), machine=False))
    assert told([stopped], 120)[-1] == (60, Cause.AGENT_STOPPED)


def test_what_a_device_tells_of_its_past_holds_for_a_silent_school_too() -> None:
    again = run(120, 150, beats_from=62, same_boot=False, booted=after(119), clean=False)
    found = told([run(0, 60), again], 150, (0, 60), (120, 150))
    assert found == [(0, Cause.BEATS), (60, Cause.TOLD_CRASH), (119, Cause.BEATS)]


@pytest.mark.parametrize(
    ("end", "clean", "cause"),
    [
        (goodbye(60), True, Cause.GOODBYE),
        (goodbye(60), None, Cause.GOODBYE),
        (None, True, Cause.TOLD_CLEAN),
        (None, False, Cause.TOLD_CRASH),
        (None, None, Cause.NO_WORD),
        (Stop(EIGHT, machine=False), None, Cause.AGENT_STOPPED),
        (Stop(EIGHT, machine=False), True, Cause.TOLD_CLEAN),
    ],
)
def test_next_boot_tells_how_the_one_before_ended(
    end: Stop | None, clean: bool | None, cause: Cause
) -> None:
    again = run(120, 150, beats_from=62, same_boot=False, booted=after(120), clean=clean)
    assert told([run(0, 60, stop=end), again], 150)[1] == (60, cause)


def test_rolled_back_device_cannot_testify() -> None:
    again = run(120, 150, beats_from=1, same_boot=False, booted=after(120), clean=True)
    found = judged([run(0, 60), again], 150)
    assert found.stretches[1].cause is Cause.RESTORED
    assert (found.rolled_back, found.restore_card) == (1, True)


def test_rolled_back_once_to_another_point_is_no_restore_card() -> None:
    again = run(120, 150, beats_from=20, same_boot=False, booted=after(120))
    found = judged([run(0, 60), again], 150)
    assert (found.rolled_back, found.restore_card) == (1, False)


def test_power_cut_that_cost_a_few_notes_is_no_roll_back() -> None:
    again = run(120, 150, beats_from=57, same_boot=False, booted=after(120), clean=False)
    found = judged([run(0, 60), again], 150)
    assert (found.rolled_back, found.stretches[1].cause) == (0, Cause.TOLD_CRASH)


def test_rolled_back_device_of_a_silent_school_may_have_run_unseen() -> None:
    again = run(120, 150, beats_from=1, same_boot=False, booted=after(120))
    found = told([run(0, 60), again], 150, (0, 62), (120, 150))
    assert found[1] == (60, Cause.SITE_SILENT)


def test_beats_that_never_arrived_leave_a_hole_that_is_named() -> None:
    assert told([run(0, 60), run(120, 150)], 150)[1] == (60, Cause.LOST)


def test_sleep_is_where_the_clocks_put_it() -> None:
    slept = run(0, 60, sleeps=(Span(after(20), after(50)),))
    assert told([slept], 60) == [(0, Cause.BEATS), (20, Cause.SLEPT), (50, Cause.BEATS)]


def test_sleep_between_two_processes_of_one_boot() -> None:
    again = run(60, 90, same_boot=True, sleeps=(Span(after(30), after(60)),))
    found = told([run(0, 20), again], 90)
    assert found == [
        (0, Cause.BEATS),
        (20, Cause.RAN_ON),
        (30, Cause.SLEPT),
        (60, Cause.BEATS),
    ]


def test_device_that_often_sleeps_is_probably_asleep() -> None:
    sleeper = run(0, 60, sleeps=(Span(after(20), after(50)),))
    assert judged([sleeper], 100).stretches[-1].state is DeviceState.ASLEEP


def test_device_was_on_since_its_boot_and_not_since_its_first_beat() -> None:
    begun = run(10, 60, same_boot=False, booted=after(8), clean=True)
    assert told([begun], 60) == [(0, Cause.TOLD_CLEAN), (8, Cause.BEATS)]


def test_device_that_never_beat_is_unknown() -> None:
    assert told([], 60) == [(0, Cause.NO_BEATS)]


def test_two_copies_of_one_identity_make_no_time_twice() -> None:
    found = judged([run(0, 60), run(30, 90, same_boot=False, booted=after(29))], 90)
    assert sum((s.length for s in found.stretches), timedelta()) == timedelta(minutes=90)


@pytest.mark.parametrize("shift", [0, 30, 61, 90])
def test_stretches_leave_no_hole_and_never_overlap(shift: float) -> None:
    runs = [
        run(0, 60, stop=goodbye(60)),
        run(70 + shift, 160 + shift, beats_from=62, same_boot=False, clean=True),
    ]
    whole = judged(runs, 300, (0, 65), (100, 130), (200, 250)).stretches
    assert whole[0].since == EIGHT
    assert whole[-1].until == after(300)
    assert all(a.until == b.since for a, b in pairwise(whole))


def test_push_is_a_sign_of_life_before_its_beats_arrive() -> None:
    (later,) = heeding([run(0, 60)], Said(after(64)))
    assert later.last == after(64)
    (stopping,) = heeding([run(0, 60)], Said(after(64), "machine"))
    assert stopping.stop == goodbye(64)
    assert heeding([run(0, 60)], Said(after(50))) == [run(0, 60)]


def test_same_facts_in_any_order_are_the_same_history() -> None:
    runs = [run(0, 60), run(120, 150, beats_from=62, same_boot=False, clean=False)]
    assert judged(runs, 150) == judged(runs[::-1], 150)
    assert judged(runs, 150) != judged([runs[0], replace(runs[1], clean=True)], 150)


def test_goodbye_of_just_now_holds_though_nobody_was_heard_since() -> None:
    assert told([run(0, 60, stop=goodbye(60))], 61, (0, 60))[-1] == (60, Cause.GOODBYE)
