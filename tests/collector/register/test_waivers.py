"""Waivers in the register: who, why, until when, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.register.register import Register
from collector.register.waiver import LONGEST, Waiver, WaiverError

from .conftest import Clock

WHY = "旧录播主机下月更换"


def waive(register: Register, clock: Clock, **given: object) -> Waiver:
    about = {"part": "", "agent": "", "until": clock.now + timedelta(days=30), "reason": WHY}
    return register.duties.waive("9934000001", "duty.a", actor="cli:li", **{**about, **given})  # type: ignore[arg-type]


def test_waiver_is_in_force_until_its_end_and_no_longer(register: Register, clock: Clock) -> None:
    made = waive(register, clock)
    assert [w.id for w in register.duties.waivers_at(clock.now)] == [made.id]
    clock.forward(days=30)
    assert register.duties.waivers_at(clock.now) == []
    assert [w.id for w in register.duties.waivers("9934000001")] == [made.id]


def test_waiver_and_its_end_are_in_the_audit_trail(register: Register, clock: Clock) -> None:
    made = waive(register, clock)
    register.duties.end_waiver(made.id, "已经换了新机", "cli:wang")
    ended, begun = register.audit_entries(2)
    assert (begun.actor, begun.action, begun.detail["reason"]) == ("cli:li", "duty.waive", WHY)
    assert (ended.actor, ended.action) == ("cli:wang", "duty.waive.end")
    assert register.duties.waivers_at(clock.now) == []


@pytest.mark.parametrize("reason", ["", "   ", "同意", "ok", "aaaaaaaaa"])
def test_reason_that_says_nothing_is_refused(register: Register, clock: Clock, reason: str) -> None:
    with pytest.raises(WaiverError, match="says too little"):
        waive(register, clock, reason=reason)
    assert register.duties.waivers() == []


def test_waiver_for_ever_or_for_a_time_gone_by_is_refused(register: Register, clock: Clock) -> None:
    with pytest.raises(WaiverError, match="more than a year"):
        waive(register, clock, until=clock.now + LONGEST + timedelta(seconds=1))
    with pytest.raises(WaiverError, match="is over"):
        waive(register, clock, until=clock.now)
    assert waive(register, clock, until=clock.now + LONGEST).holds(clock.now)


def test_second_waiver_for_the_same_names_the_first(register: Register, clock: Clock) -> None:
    made = waive(register, clock)
    with pytest.raises(WaiverError, match=f"Waiver {made.id} is in force"):
        waive(register, clock)
    assert waive(register, clock, part="other").id != made.id
    clock.forward(days=31)
    assert waive(register, clock).id != made.id


def test_waiver_that_is_over_cannot_be_taken_back(register: Register, clock: Clock) -> None:
    made = waive(register, clock)
    clock.forward(days=31)
    for id in (made.id, 77):
        with pytest.raises(WaiverError, match=f"No waiver {id} is in force"):
            register.duties.end_waiver(id, "已经不需要了", "cli:li")


def test_running_collector_notices_a_waiver(register: Register, clock: Clock) -> None:
    before = register.change_count()
    made = waive(register, clock)
    register.duties.end_waiver(made.id, "已经不需要了", "cli:li")
    assert register.change_count() == before + 2
