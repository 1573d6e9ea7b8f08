from __future__ import annotations

from datetime import datetime

import pytest

from agent.thrift import BULK_EVERY, QUIET, Ration, Thrift
from config.agent_settings import LinkSettings, Metered
from tests.fakes.clock import FakeClock

DAILY = 10_000_000


def thrift(clock: FakeClock, *, kept: str | None = None, daily: int = DAILY) -> Thrift:
    noon = datetime.fromtimestamp(clock.wall() / 1000).replace(hour=12, minute=0)
    clock.set_wall(int(noon.timestamp() * 1000))
    return Thrift(LinkSettings(Metered.NO, daily), clock.wall, kept)


def test_without_a_budget_everything_goes(clock: FakeClock) -> None:
    free = thrift(clock, daily=0)
    free.carried(10**12)
    assert (free.ration(), free.daily_bytes) == (Ration.ALL, None)


def test_rations_shrink_as_the_day_is_used_up(clock: FakeClock) -> None:
    spent = thrift(clock)
    spent.carried(DAILY * 8 // 10 - 1)
    assert spent.ration() is Ration.ALL
    spent.carried(1)
    assert spent.ration() is Ration.ESSENTIALS
    spent.carried(DAILY)
    assert spent.ration() is Ration.STATE


def test_spent_budget_leaves_one_sign_of_life_an_hour(clock: FakeClock) -> None:
    spent = thrift(clock)
    spent.carried(DAILY)
    spent.pushed(bulk=False)
    clock.advance(QUIET - 1)
    assert spent.ration() is Ration.NOTHING
    assert spent.ration(urgent=True) is Ration.STATE
    clock.advance(1)
    assert spent.ration() is Ration.STATE


def test_next_day_begins_anew(clock: FakeClock) -> None:
    spent = thrift(clock)
    spent.carried(DAILY)
    clock.advance(12 * 3600)
    assert (spent.ration(), spent.today_bytes) == (Ration.ALL, 0)


def test_count_outlives_the_process(clock: FakeClock) -> None:
    before = thrift(clock)
    before.carried(DAILY)
    before.pushed(bulk=True)
    after = thrift(clock, kept=before.note())
    assert (after.today_bytes, after.ration()) == (DAILY, Ration.NOTHING)


def test_clock_that_was_wrong_at_start_does_not_lose_the_count(clock: FakeClock) -> None:
    counting = thrift(clock)
    counting.carried(DAILY)
    right = clock.wall()
    clock.set_wall(0)
    counting.carried(1)
    clock.set_wall(right)
    assert counting.today_bytes == DAILY


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"bytes": 3}', '{"bytes": {"x": "y"}}'])
def test_damaged_note_is_a_new_beginning(clock: FakeClock, kept: str) -> None:
    assert thrift(clock, kept=kept).ration() is Ration.ALL


def test_bulk_is_rare_on_a_metered_link(clock: FakeClock) -> None:
    sparing = thrift(clock, daily=0)
    sparing.metered = True
    assert sparing.ration() is Ration.ALL
    sparing.pushed(bulk=True)
    assert sparing.ration() is Ration.ESSENTIALS
    clock.advance(BULK_EVERY)
    sparing.pushed(bulk=False)
    assert sparing.ration() is Ration.ALL


def test_clock_set_back_does_not_hold_bulk_for_ever(clock: FakeClock) -> None:
    sparing = thrift(clock, daily=0)
    sparing.metered = True
    sparing.pushed(bulk=True)
    clock.set_wall(1000)
    assert sparing.ration() is Ration.ALL


@pytest.mark.parametrize(
    ("setting", "known"), [(Metered.AUTO, None), (Metered.YES, True), (Metered.NO, False)]
)
def test_what_the_person_in_charge_says_is_believed(
    clock: FakeClock, setting: Metered, known: bool | None
) -> None:
    assert Thrift(LinkSettings(setting), clock.wall).metered is known
