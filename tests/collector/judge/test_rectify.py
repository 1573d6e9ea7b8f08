"""What has to be put right: opened by judging, closed by measuring again, and by nobody's hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector.judge.duty.desk import DutyDesk
from collector.judge.duty.papers import Says, Signed
from collector.judge.duty.rectify import plan
from collector.register.rectification import Item, ItemState, RectificationError
from collector.register.register import Register
from collector.register.waiver import Waiver
from tests.collector.judge.owed import HOUR, NOW, Town, attest, duty, fact, signed, waived

MONTH = timedelta(days=30)


class Follow:
    """A town that is judged again and again, on a real register."""

    def __init__(self, path: Path) -> None:
        self.now = NOW
        self.town = Town([duty([fact()], [attest()])])
        self.register = Register.open(path, lambda: self.now)
        self.desk = DutyDesk(self.register.duties, MONTH)

    def judge(self, signed: tuple[Signed, ...] = (), waived: tuple[Waiver, ...] = ()) -> list[Item]:
        self.desk.follow(self.town.judge(signed, waived, self.now))
        return self.register.duties.items()

    def later(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Follow]:
    made = Follow(tmp_path / "register.sqlite3")
    made.town.store.say("a1", NOW - HOUR, locked=0)
    yield made
    made.register.close()


def test_part_that_fails_opens_an_item_with_a_date_and_the_duty_s_role(follow: Follow) -> None:
    (item,) = follow.judge()
    assert (item.duty, item.part, item.state) == ("duty.locks", "locked", ItemState.OPEN)
    assert item.due.isoformat() == "2026-12-23"
    assert item.owner == ""
    assert follow.register.audit_entries(1)[0].action == "duty.rectify"


def test_part_that_is_unknown_opens_nothing(follow: Follow) -> None:
    follow.town.store.readings.clear()
    assert follow.judge() == []


def test_judging_the_same_again_changes_nothing(follow: Follow) -> None:
    first = follow.judge()
    entries = len(follow.register.audit_entries())
    assert follow.judge() == first
    follow.desk = DutyDesk(follow.register.duties, MONTH)  # as after a restart
    assert follow.judge() == first
    assert len(follow.register.audit_entries()) == entries


def test_item_closes_only_on_evidence_that_is_newer_than_its_failing(follow: Follow) -> None:
    follow.judge()
    follow.later(hours=2)
    follow.town.store.readings.clear()
    follow.town.store.say("a1", NOW - 2 * HOUR, locked=1)  # an older reading that came late
    assert follow.judge()[0].is_open
    follow.town.store.say("a1", NOW + HOUR, locked=1)
    (item,) = follow.judge()
    assert (item.state, item.ended_at) == (ItemState.CLOSED, follow.now)


def test_silence_age_and_errors_close_nothing(follow: Follow) -> None:
    follow.judge()
    follow.town.store.fail("a1", "no_privilege", NOW)
    assert follow.judge()[0].is_open
    follow.later(days=20)
    assert follow.judge()[0].is_open
    follow.town.store.readings.clear()
    follow.town.store.runs.clear()
    assert follow.judge()[0].is_open


def test_signature_closes_no_item_of_a_fact(follow: Follow) -> None:
    follow.judge()
    exempt = signed(Says.NOT_APPLICABLE, "locked", reason="没有这样的门")
    assert follow.judge(signed=(signed(), exempt))[0].is_open


def test_item_opens_again_when_the_part_fails_again(follow: Follow) -> None:
    follow.judge()
    follow.town.store.say("a1", follow.later(hours=1), locked=1)
    follow.later(minutes=1)
    assert not follow.judge()[0].is_open
    follow.town.store.say("a1", follow.later(days=1), locked=0)
    follow.later(minutes=1)
    (item,) = follow.judge()
    assert (item.is_open, item.times, item.opened_at) == (True, 2, follow.now)
    assert item.due.isoformat() == "2026-12-24"


def test_declared_failure_is_closed_by_a_later_signature(follow: Follow) -> None:
    no = signed(Says.NOT_FULFILLED, reason="没有经费")
    (_, item) = sorted(follow.judge(signed=(no,)), key=lambda i: i.part)
    assert item.part == "trained"
    exempt = signed(Says.NOT_APPLICABLE, at=NOW, reason="不想做")
    assert all(i.is_open for i in follow.judge(signed=(exempt,)))
    done = signed(at=NOW)
    states = {i.part: i.state for i in follow.judge(signed=(done,))}
    assert states == {"locked": ItemState.OPEN, "trained": ItemState.CLOSED}


def test_waived_failure_still_has_its_item(follow: Follow) -> None:
    (item,) = follow.judge(waived=(waived(),))
    assert item.is_open


def test_what_is_not_asked_any_more_lapses_and_is_not_called_put_right(follow: Follow) -> None:
    follow.judge()
    follow.town.duties = [duty([], [attest()])]
    assert follow.judge()[0].state is ItemState.LAPSED


def test_machine_that_cannot_have_the_thing_lets_the_item_lapse(follow: Follow) -> None:
    follow.judge()
    follow.town.store.fail("a1", "not_here", follow.later(hours=1))
    assert follow.judge()[0].state is ItemState.LAPSED


def test_advice_is_not_to_be_put_right(follow: Follow) -> None:
    follow.town.duties = [duty([fact()], levels=frozenset({3}))]
    assert follow.judge() == []


def test_person_may_assign_date_and_note_and_never_close(follow: Follow) -> None:
    (item,) = follow.judge()
    book = follow.register.duties
    book.assign(item.id, "李老师", "cli:wang")
    book.note(item.id, "周五到货", "cli:wang")
    book.set_due(item.id, NOW.date(), "cli:wang")
    (item,) = follow.judge()
    assert (item.owner, item.note, item.is_open) == ("李老师", "周五到货", True)
    assert item.is_overdue(NOW.date() + timedelta(days=1))
    assert not item.is_overdue(NOW.date())
    assert not any(name in vars(type(book)) for name in ("close_item", "close"))


def test_item_that_is_over_cannot_be_changed(follow: Follow) -> None:
    (item,) = follow.judge()
    follow.town.store.say("a1", follow.later(hours=1), locked=1)
    follow.judge()
    with pytest.raises(RectificationError, match="cannot be changed"):
        follow.register.duties.note(item.id, "晚了", "cli:li")
    with pytest.raises(RectificationError, match="no item 99"):
        follow.register.duties.assign(99, "李老师", "cli:li")


def test_round_that_dies_leaves_nothing_behind(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow.town.duties = [duty([fact()]), duty([fact()], id="duty.other")]
    stored: list[object] = []

    def dies(*given: object) -> None:
        stored.append(given)
        if len(stored) > 1:
            raise OSError("the disk is full")
        real(*given)  # type: ignore[arg-type]

    from collector.register import duties

    real = duties._store
    monkeypatch.setattr(duties, "_store", dies)
    with pytest.raises(OSError, match="full"):
        follow.judge()
    monkeypatch.undo()
    assert follow.register.duties.items() == []
    assert len(follow.judge()) == 2


def test_plan_is_empty_once_it_was_stored(follow: Follow) -> None:
    held = follow.judge()
    assert plan(follow.town.judge(now=follow.now), held, MONTH) == []
