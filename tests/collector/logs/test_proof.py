from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.logs.proof import Cause, Days, Gap, LogState, prove

TODAY = date(2026, 9, 17)
DAY = timedelta(days=1)


def ago(days: int) -> date:
    return TODAY - days * DAY


def without(*missing: int, since: int) -> Days:
    """Each day from `since` days ago to yesterday but those so many days ago."""
    return Days({ago(n) for n in range(1, since + 1) if n not in missing})


def test_half_a_year_without_a_missing_day_is_proven() -> None:
    proof = prove(without(since=180), TODAY, 180, 1)
    assert (proof.state, proof.days_kept, proof.forecast) == (LogState.PROVEN, 180, None)


def test_a_day_less_is_on_track_and_proven_tomorrow() -> None:
    proof = prove(without(since=179), TODAY, 180, 1)
    assert (proof.state, proof.missing_days) == (LogState.ON_TRACK, 0)
    assert proof.forecast == TODAY + DAY


def test_one_missing_day_begins_the_count_anew() -> None:
    proof = prove(without(10, since=200), TODAY, 180, 1)
    assert proof.state is LogState.GAPS
    assert proof.gaps == (Gap(ago(10), ago(10), Cause.SILENT),)
    assert (proof.days_kept, proof.missing_days) == (9, 1)
    assert proof.forecast == ago(9) + 180 * DAY


def test_gap_older_than_what_is_required_is_shown_and_harms_nothing() -> None:
    proof = prove(without(190, 191, since=200), TODAY, 180, 1)
    assert (proof.state, proof.missing_days) == (LogState.PROVEN, 0)
    assert proof.gaps == (Gap(ago(191), ago(190), Cause.SILENT),)


def test_lines_of_today_do_not_make_a_day() -> None:
    assert prove(Days({TODAY}), TODAY, 180, 1).days_kept == 0
    assert prove(Days({TODAY, ago(1)}), TODAY, 180, 1).days_kept == 1


def test_source_that_never_sent_has_kept_nothing() -> None:
    proof = prove(Days(()), TODAY, 180, 1)
    assert (proof.state, proof.days_kept, proof.first) == (LogState.NEVER, 0, None)
    assert proof.forecast == TODAY + 180 * DAY


def test_source_with_little_to_say_may_be_silent_for_as_long_as_it_was_given() -> None:
    known = without(50, 51, 20, 21, 22, since=200)
    assert prove(known, TODAY, 180, 4).state is LogState.PROVEN
    assert prove(known, TODAY, 180, 3).gaps == (Gap(ago(22), ago(20), Cause.SILENT),)


def test_silence_up_to_yesterday_is_a_gap_that_goes_on() -> None:
    proof = prove(without(1, 2, since=190), TODAY, 180, 1)
    assert (proof.days_kept, proof.forecast) == (0, TODAY + 180 * DAY)


def test_altered_day_is_missing_though_it_has_lines() -> None:
    known = without(since=200)
    proof = prove(Days(known.kept, damaged={ago(3)}), TODAY, 180, 1)
    assert (proof.state, proof.days_kept) == (LogState.DAMAGED, 2)
    assert proof.gaps == (Gap(ago(3), ago(3), Cause.DAMAGED),)


def test_what_was_deleted_in_time_is_no_gap_and_before_its_time_it_is() -> None:
    known = without(since=400)
    old = {ago(n) for n in range(300, 401)}
    assert prove(Days(known.kept, deleted=old), TODAY, 180, 1).gaps == ()
    early = {ago(n) for n in range(100, 401)}
    proof = prove(Days(known.kept, deleted=early), TODAY, 180, 1)
    assert (proof.state, proof.days_kept) == (LogState.GAPS, 99)
    assert proof.gaps == (Gap(ago(180), ago(100), Cause.DELETED),)


DAYS = st.sets(st.integers(0, 40).map(ago), max_size=41)
PAST = st.sets(st.integers(1, 40).map(ago), max_size=8)
"""Only a day that is over is sealed, so only such can be altered or deleted."""


@settings(deadline=None)  # other work on the machine makes no proof wrong
@given(DAYS, PAST, PAST, st.integers(1, 12), st.integers(1, 5))
def test_proof_agrees_with_counting_day_by_day(
    kept: set[date], damaged: set[date], deleted: set[date], required: int, silent: int
) -> None:
    known = Days(kept, damaged, deleted)
    proof = prove(known, TODAY, required, silent)
    missing = naively_missing(known, TODAY, silent)
    assert proof.proven == naively_proven(known, TODAY, required, silent)
    assert proof.missing_days == len([day for day in missing if day >= TODAY - required * DAY])
    shown = {gap.first + n * DAY for gap in proof.gaps for n in range(gap.days)}
    assert shown == {
        day for day in missing if day not in deleted - damaged or day >= TODAY - required * DAY
    }
    assert (proof.forecast or TODAY) == naive_forecast(known, required, silent)


def naively_missing(known: Days, today: date, silent: int) -> set[date]:
    ever = {*known.kept, *known.damaged, *known.deleted}
    lost = {*known.damaged, *known.deleted}
    found = set()
    day = min(ever, default=today)
    while day < today:
        run = 0
        before = day
        while before not in ever and before >= min(ever):
            before -= DAY
            run += 1
        after = day + DAY
        while run and after not in ever and after < today:
            after += DAY
            run += 1
        if day in lost or run >= silent:
            found.add(day)
        day += DAY
    return found


def naively_proven(known: Days, today: date, required: int, silent: int) -> bool:
    ever = {*known.kept, *known.damaged, *known.deleted}
    missing = naively_missing(known, today, silent)
    needed = [today - n * DAY for n in range(1, required + 1)]
    return bool(ever) and all(day >= min(ever) and day not in missing for day in needed)


def naive_forecast(known: Days, required: int, silent: int) -> date:
    """Live on, with lines each day, until it is proven."""
    today, kept = TODAY, set(known.kept)
    while not naively_proven(Days(kept, known.damaged, known.deleted), today, required, silent):
        kept.add(today)
        today += DAY
    return today
