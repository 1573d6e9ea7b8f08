from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.snmp.answer import Answer
from probes.snmp.uptime import WRAP_SECONDS, Clocks, Seen, Uptime, went_on

DAY = 86400.0


def clocks(
    sys: float | None = None,
    host: float | None = None,
    engine: float | None = None,
    boots: int | None = None,
) -> Clocks:
    return Clocks(sys, host, engine, boots)


def test_clocks_are_read_from_an_answer() -> None:
    answer = Answer(scalars={"sys_uptime": 12345, "host_uptime": 20000, "engine_boots": 7})
    assert Clocks.of(answer) == clocks(123.45, 200.0, boots=7)


def test_engine_of_a_v3_message_is_known_without_asking() -> None:
    answer = Answer(boots=3, engine_time=99, scalars={"engine_boots": 1, "engine_time": 5})
    assert Clocks.of(answer) == clocks(engine=99.0, boots=3)


@pytest.mark.parametrize("value", [0, b"12", -5, 2**32, (1, 3)])
def test_clock_that_is_none_is_absent(value: int | bytes | tuple[int, ...]) -> None:
    """0 too: what answers was started before."""
    assert Clocks.of(Answer(scalars={"sys_uptime": value})).uptime() is None


@pytest.mark.parametrize(
    ("said", "days"),
    [
        (clocks(sys=5 * DAY), 5),
        (clocks(sys=5 * DAY, host=9 * DAY), 9),  # only SNMP was restarted
        (clocks(sys=5 * DAY, host=349, engine=5 * DAY), (349 + WRAP_SECONDS) / DAY),
        (clocks(host=9 * DAY), 9),
        (clocks(host=9 * DAY, engine=9 * DAY + WRAP_SECONDS), 9 + WRAP_SECONDS / DAY),
        (clocks(engine=3 * DAY), 3),
        (clocks(sys=5 * DAY, engine=5 * DAY + WRAP_SECONDS + 3), 5 + WRAP_SECONDS / DAY),
        (clocks(sys=5 * DAY, engine=5 * DAY + 3 * WRAP_SECONDS), 5 + 3 * WRAP_SECONDS / DAY),
        (clocks(sys=5 * DAY, engine=700 * DAY), 5),  # it counts something else
        (clocks(sys=5 * DAY, engine=2 * DAY), 5),
    ],
)
def test_uptime_is_what_the_clocks_prove(said: Clocks, days: float) -> None:
    assert said.uptime() == pytest.approx(days * DAY, abs=5)


@pytest.mark.parametrize("engine", [None, 275.0])
def test_clocks_that_contradict_each_other_tell_nothing(engine: float | None) -> None:
    """SNMP cannot have run for longer than the host, unless the host's clock has wrapped."""
    assert clocks(sys=234 * DAY, host=349, engine=engine).uptime() is None


def test_device_without_a_clock_has_no_uptime() -> None:
    assert clocks(boots=3).uptime() is None


def after(before: Clocks, now: Clocks, seconds: float = 60) -> bool | None:
    return went_on(Seen(before, 1000.0), Seen(now, 1000.0 + seconds))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (clocks(sys=100), clocks(sys=160), True),
        (clocks(sys=100), clocks(sys=155), True),
        (clocks(sys=100), clocks(sys=5), False),
        (clocks(sys=30), clocks(sys=40), False),  # restarted, and beyond the old value already
        (clocks(sys=WRAP_SECONDS - 20), clocks(sys=40), True),  # the wrap
        (clocks(sys=WRAP_SECONDS - 20), clocks(sys=2), False),  # a restart at the same time
        (clocks(sys=100, boots=3), clocks(sys=160, boots=4), False),
        (clocks(sys=100, boots=3), clocks(sys=160, boots=3), True),
        (clocks(sys=100), clocks(sys=900), True),  # its clock was late before
        (clocks(engine=100), clocks(engine=160), True),
        (clocks(engine=100), clocks(engine=3), False),
        (clocks(), clocks(sys=5), None),
        (clocks(host=5), clocks(), None),
    ],
)
def test_restart_is_told_from_a_wrap(before: Clocks, now: Clocks, expected: bool | None) -> None:
    assert after(before, now) is expected


@given(st.floats(1, WRAP_SECONDS - 1), st.floats(30, 3600))
def test_device_that_ran_on_is_never_called_restarted(uptime: float, passed: float) -> None:
    now = (uptime + passed) % WRAP_SECONDS
    assert after(clocks(sys=uptime), clocks(sys=max(now, 0.01)), passed) is True


@given(st.floats(200, WRAP_SECONDS - 300), st.floats(30, 200))
def test_restart_within_the_interval_is_always_seen(uptime: float, passed: float) -> None:
    for since in (0.0, passed / 2):
        assert after(clocks(sys=uptime), clocks(sys=since), passed) is False


def test_wrap_before_our_eyes_is_counted() -> None:
    uptime = Uptime()
    assert uptime.now(WRAP_SECONDS - 30, 1000) == WRAP_SECONDS - 30
    assert uptime.now(30, 1060) == WRAP_SECONDS + 30
    assert uptime.now(90, 1120) == WRAP_SECONDS + 90


def test_restart_begins_anew() -> None:
    uptime = Uptime()
    uptime.now(5000, 1000)
    assert uptime.now(20, 1060) == 20
    assert uptime.now(80, 1120) == 80
