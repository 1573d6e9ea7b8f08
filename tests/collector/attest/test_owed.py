"""What is to be signed by when, as the days go by."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.attest.span import SpanError, read_span, span_of
from config.duty import Period

from .office import PDF, WANG, B, Office


def stand(office: Office, attest: str) -> tuple[str, str]:
    one = office.owed(attest)
    return one.standing.value, str(one.by)


def test_what_was_never_signed_is_owed_by_its_day_or_the_end_of_the_period(
    office: Office,
) -> None:
    assert stand(office, "held") == ("never", "2026-11-30")
    assert stand(office, "plan") == ("never", "2026-12-31")
    assert stand(office, "named") == ("never", "None")
    assert office.owed("named").is_owed


def test_what_an_event_asks_is_not_owed_before_the_event(office: Office) -> None:
    assert stand(office, "leak") == ("on_event", "None")
    assert not office.owed("leak").is_owed


def test_signature_moves_the_day_to_the_next_year(office: Office) -> None:
    made = office.sign("held", document=PDF)
    office.clerk.book.confirm(made.number, WANG, "test")
    # It would hold until 24 November 2027, six days before the next due day.
    assert stand(office, "held") == ("holds", "2027-11-24")


def test_due_day_of_the_next_year_comes_first_if_it_is_earlier(office: Office) -> None:
    office.days(30)  # 23 December: late for 2026
    made = office.sign("held", document=PDF)
    office.clerk.book.confirm(made.number, WANG, "test")
    assert stand(office, "held") == ("holds", "2027-11-30")


def test_waiting_signature_stays_owed_by_the_same_day(office: Office) -> None:
    office.sign("held", document=PDF)
    assert stand(office, "held") == ("waits", "2026-11-30")


def test_day_that_has_passed_is_overdue(office: Office) -> None:
    office.days(10)
    assert office.owed("held").days_left(office.now.date()) == -3


def test_lapsed_signature_is_owed_since_it_ran_out(office: Office) -> None:
    office.sign("plan")
    office.days(93)
    assert stand(office, "plan") == ("lapsed", "2027-02-23")


def test_what_holds_for_good_is_owed_no_more(office: Office) -> None:
    office.sign("named")
    assert stand(office, "named") == ("holds", "None")
    assert not office.owed("named").is_owed


def test_what_the_school_s_level_does_not_ask_is_advice(office: Office) -> None:
    assert not office.owed("named").advice
    assert office.owed("named", B).advice


def test_machine_checked_duties_are_not_in_the_list(office: Office) -> None:
    assert "duty.host_firewall" not in {one.duty.id for one in office.clerk.owed()}


@settings(deadline=None)
@given(st.sampled_from(Period), st.dates(date(1990, 1, 1), date(2999, 12, 30)))
def test_spans_of_a_kind_follow_each_other_without_gaps(period: Period, day: date) -> None:
    span = span_of(period, day)
    assert span.first <= day <= span.last
    assert span_of(period, span.first) == span_of(period, span.last)
    if period is not Period.ONCE:
        assert span_of(period, span.last + timedelta(days=1)).label != span.label
        assert read_span(period, span.label, day) == span


@settings(deadline=None)
@given(st.sampled_from(Period), st.text(max_size=12))
def test_no_text_upsets_reading_a_period(period: Period, text: str) -> None:
    with suppress(SpanError):
        assert read_span(period, text, date(2026, 11, 23)).first <= date(2026, 11, 23)


def test_day_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SpanError, match="2026-02-30"):
        read_span(Period.EVENT, "2026-02-30", date(2026, 11, 23))
