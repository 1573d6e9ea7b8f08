from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.measure.slots import NoSlotError, Slot, Slots

LIMIT = 1000.0


class Rig:
    def __init__(self) -> None:
        self.now = 50.0
        self.slots = Slots(LIMIT, lambda: self.now)

    def taken(self) -> float:
        return sum(slot.bits_per_second for slot in self.slots.running())


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_two_that_fit_run_at_once_and_a_third_is_told_when_there_is_room(rig: Rig) -> None:
    rig.slots.take("a", "school a", 600, seconds=30)
    rig.now += 10
    rig.slots.take("b", "school b", 400, seconds=30)
    with pytest.raises(NoSlotError) as full:
        rig.slots.take("c", "school c", 500, seconds=30)
    assert full.value.seconds == 20  # when a ends
    rig.now += 20
    rig.slots.take("c", "school c", 500, seconds=30)


def test_what_is_given_back_can_be_lent_at_once(rig: Rig) -> None:
    rig.slots.take("a", "school a", LIMIT, seconds=30)
    rig.slots.give_back("a")
    rig.slots.give_back("a")
    rig.slots.take("b", "school b", LIMIT, seconds=30)


def test_school_has_one_at_a_time_whatever_is_free(rig: Rig) -> None:
    rig.slots.take("a", "school a", 1, seconds=30)
    with pytest.raises(NoSlotError) as full:
        rig.slots.take("b", "school a", 1, seconds=30)
    assert full.value.seconds == 30


def test_what_ran_before_a_restart_still_takes_its_room(rig: Rig) -> None:
    rig.slots.restore(Slot("a", "school a", LIMIT, rig.now + 5))
    with pytest.raises(NoSlotError):
        rig.slots.take("b", "school b", 1, seconds=30)
    rig.now += 5
    rig.slots.take("b", "school b", 1, seconds=30)


Move = Callable[[Rig], None]
SCHOOLS = st.sampled_from([f"school {n}" for n in range(6)])
TAKES = st.tuples(
    SCHOOLS, st.integers(1, int(LIMIT)), st.floats(0.5, 60), st.floats(0, 20), st.booleans()
)


@given(st.lists(TAKES, max_size=60))
def test_what_is_lent_never_exceeds_the_limit_at_any_instant(
    moves: list[tuple[str, int, float, float, bool]],
) -> None:
    rig = Rig()
    held: list[Slot] = []
    waits: list[float] = []
    for number, (school, bits, seconds, wait, gives_back) in enumerate(moves):
        rig.now += wait
        held = [slot for slot in held if slot.until > rig.now]
        if gives_back and held:
            rig.slots.give_back(held.pop(0).id)
        try:
            rig.slots.take(f"{number}", school, bits, seconds)
        except NoSlotError as full:
            waits.append(full.seconds)
            taken = sum(slot.bits_per_second for slot in held)
            assert taken + bits > LIMIT or school in {slot.school for slot in held}
        else:
            held.append(Slot(f"{number}", school, bits, rig.now + seconds))
        assert sum(slot.bits_per_second for slot in held) <= LIMIT
        assert len({slot.school for slot in held}) == len(held)
        assert {slot.id for slot in held} == {slot.id for slot in rig.slots.running()}
    assert all(wait > 0 for wait in waits)


@given(st.lists(TAKES, min_size=1, max_size=12), st.integers(1, int(LIMIT)))
def test_who_waits_as_told_gets_room_if_nobody_comes_between(
    moves: list[tuple[str, int, float, float, bool]], bits: int
) -> None:
    rig = Rig()
    for number, (school, rate, seconds, wait, _) in enumerate(moves):
        rig.now += wait
        try:
            rig.slots.take(f"{number}", school, rate, seconds)
        except NoSlotError:
            continue
    for _ in range(20):
        try:
            rig.slots.take("last", "another", bits, 10)
        except NoSlotError as full:
            rig.now += full.seconds + 1e-9
        else:
            return
    raise AssertionError("never got room")
