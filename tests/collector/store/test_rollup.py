"""Hourly roll-ups answer what the readings would have answered, and only while they may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store import MetricRef, PeriodKind, SchoolPeriod, Statistic, Store
from collector.store.memory import MemoryStore, StoredReading
from collector.store.storehouse import Storehouse
from tests.collector.store.conftest import NOW
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

T0 = datetime(2025, 11, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = date(2026, 1, 1)
LOSS = MetricRef("echo", "loss_ratio")
RATE = MetricRef("rate", "received_bits_per_second")
MEAN = Statistic("mean")


def echo(minutes: int, loss: float | None, school: str = "s1", agent: str = "a1") -> StoredReading:
    values = {"rtt_seconds": 0.1} if loss is None else {"loss_ratio": loss, "rtt_seconds": 0.1}
    at = T0 + timedelta(minutes=minutes)
    return StoredReading(probe="echo", at=at, school=school, agent=agent, values=values)


def rate(minutes: int, interface: str, value: float, agent: str) -> StoredReading:
    return StoredReading(
        probe="rate",
        at=T0 + timedelta(minutes=minutes),
        school="s1",
        agent=agent,
        labels={"interface": interface},
        values={"received_bits_per_second": value},
    )


def lesson(since: int, until: int) -> SchoolPeriod:
    return SchoolPeriod(
        "s1", T0 + timedelta(minutes=since), T0 + timedelta(minutes=until), "lesson"
    )


def lesson_mean(store: Store) -> float:
    (found,) = store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}, "lesson").values()
    return found.value


def merged(house: Storehouse, readings: Sequence[StoredReading]) -> None:
    stock(house, readings)
    house.seal()
    house.merge(LATER, retention_days=10_000)


def kinds(house: Storehouse) -> list[str]:
    return sorted(f.kind for f in house.journal.files())


def lose_readings(folder: Path) -> None:
    """What is left can only answer from roll-ups."""
    for path in folder.glob("data/archive/*/*-day-*.parquet"):
        path.unlink()


def test_whole_hours_are_answered_without_the_readings(house: Storehouse, tmp_path: Path) -> None:
    house.store.set_periods([lesson(480, 525)])
    merged(house, [echo(m, 0.5 if m < 500 else 0.1) for m in range(0, 1440, 10)])
    lose_readings(tmp_path)
    (whole,) = house.store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}).values()
    assert (whole.n, whole.runs, whole.last) == (144, 144, T0 + timedelta(minutes=1430))
    assert lesson_mean(house.store) == pytest.approx((2 * 0.5 + 3 * 0.1) / 5)
    points = house.store.series(LOSS, Statistic("max"), ["agent"], 6 * HOUR, T0, T0 + DAY, {})
    assert [p.value for p in points] == [0.5, 0.5, 0.1, 0.1]


def test_part_of_an_hour_and_percentiles_come_from_the_readings(house: Storehouse) -> None:
    house.store.set_periods([])
    merged(house, [echo(m, m / 100) for m in range(0, 60, 10)])
    half = T0 + HOUR / 2
    (early,) = house.store.summarise(LOSS, MEAN, [], T0, half, {}).values()
    (p50,) = house.store.summarise(LOSS, Statistic("p50"), [], T0, T0 + DAY, {}).values()
    points = house.store.series(LOSS, MEAN, [], HOUR / 2, T0, T0 + DAY, {})
    assert early.value == pytest.approx(0.1)
    assert p50.value == pytest.approx(0.25)
    assert [p.n for p in points] == [3, 3]


def test_corrected_timetable_holds_at_once_and_the_next_merge_rolls_up_again(
    house: Storehouse, tmp_path: Path
) -> None:
    house.store.set_periods([lesson(0, 20)])
    merged(house, [echo(m, 1.0 if m < 20 else 0.0) for m in range(60)])
    before = lesson_mean(house.store)
    house.store.set_periods([lesson(10, 30)])
    at_once = lesson_mean(house.store)
    house.merge(LATER, retention_days=10_000)
    lose_readings(tmp_path)
    assert (before, at_once, lesson_mean(house.store)) == (1.0, 0.5, 0.5)
    assert kinds(house) == ["day", "hour"]


def test_timetable_of_another_day_leaves_a_rollup_as_it_is(house: Storehouse) -> None:
    house.store.set_periods([lesson(0, 20)])
    merged(house, [echo(m, 0.0) for m in range(60)])
    before = house.journal.files()
    house.store.set_periods([lesson(0, 20), lesson(1440, 1460)])
    house.merge(LATER, retention_days=10_000)
    assert house.journal.files() == before


def test_late_reading_counts_before_and_after_the_next_merge(house: Storehouse) -> None:
    house.store.set_periods([])
    merged(house, [echo(0, 0.0)])
    stock(house, [echo(1, 1.0, agent="a2")])
    house.seal()
    (late,) = house.store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}).values()
    house.merge(LATER, retention_days=10_000)
    (after,) = house.store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}).values()
    assert (late.value, late.n) == (after.value, after.n) == (0.5, 2)
    assert kinds(house) == ["day", "hour"]


def test_nothing_is_rolled_up_before_the_timetable_is_known(house: Storehouse) -> None:
    merged(house, [echo(0, 0.0)])
    assert kinds(house) == ["day"]


def test_day_of_unknown_instants_only_has_an_empty_rollup(house: Storehouse) -> None:
    house.store.set_periods([])
    lost = echo(0, 0.5)
    merged(house, [StoredReading(probe="echo", at=lost.at, school="s1", agent="a1",
                                 values=lost.values, known=False)])  # fmt: skip
    assert house.store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}) == {}
    assert kinds(house) == ["day", "hour"]


def test_rollup_goes_with_its_day(house: Storehouse, tmp_path: Path) -> None:
    house.store.set_periods([])
    merged(house, [echo(0, 0.0)])
    stock(house, [echo(5 * 24 * 60, 0.0)])  # days later: only against it is the first day old
    (kept,) = house.seal()
    house.merge(LATER, retention_days=1)
    assert {f.day for f in house.journal.files()} == {kept.day}
    assert not list(tmp_path.glob(f"data/archive/*/{T0:%Y-%m-%d}*"))


def test_restart_keeps_what_was_rolled_up(tmp_path: Path) -> None:
    house = Storehouse(tmp_path / "data", CATALOG, lambda: NOW)
    house.store.set_periods([])
    merged(house, [echo(0, 0.25)])
    house.close()
    lose_readings(tmp_path)
    house = Storehouse(tmp_path / "data", CATALOG, lambda: NOW)
    try:
        (found,) = house.store.summarise(LOSS, MEAN, [], T0, T0 + DAY, {}).values()
        assert found.value == 0.25
    finally:
        house.close()


_MINUTES = st.integers(0, 2 * 1440 - 1)
_ECHOES = st.lists(
    st.builds(
        echo,
        minutes=_MINUTES,
        loss=st.none() | st.integers(0, 1000).map(lambda n: n / 1000),
        school=st.sampled_from(["s1", "s2"]),
        agent=st.sampled_from(["a1", "a2"]),
    ),
    max_size=30,
    unique_by=lambda r: (r.school, r.agent, r.at),
)
_RATES = st.lists(
    st.tuples(
        _MINUTES,
        st.sampled_from(["a1", "a2"]),
        st.integers(0, 10**9).map(float),
        st.integers(0, 10**9).map(float),
    ),
    max_size=10,
    unique_by=lambda run: run[:2],
).map(
    lambda runs: [
        reading
        for minutes, agent, one, other in runs
        for reading in (rate(minutes, "eth0", one, agent), rate(minutes, "eth1", other, agent))
    ]
)
_PERIODS = st.lists(st.integers(0, 2 * 1440), max_size=6, unique=True).map(
    lambda ends: [lesson(a, b) for a, b in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False)]
)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    echoes=_ECHOES,
    rates=_RATES,
    late=st.integers(0, 5),
    periods=_PERIODS,
    statistic=st.sampled_from(["mean", "min", "max", "sum", "count"]),
    period=st.sampled_from([None, "lesson", "off"]),
    hours=st.tuples(st.integers(0, 20), st.integers(21, 48)),
    step=st.sampled_from([1, 5]),
    where=st.sampled_from([{}, {"agent": "a1"}]),
)
def test_rolled_up_answers_equal_those_from_readings(
    tmp_path_factory: pytest.TempPathFactory,
    echoes: list[StoredReading],
    rates: list[StoredReading],
    late: int,
    periods: list[SchoolPeriod],
    statistic: str,
    period: PeriodKind | None,
    hours: tuple[int, int],
    step: int,
    where: dict[str, str],
) -> None:
    readings = echoes + rates
    memory = MemoryStore(CATALOG, readings)
    house = Storehouse(tmp_path_factory.mktemp("house"), CATALOG, lambda: NOW)
    since, until = (T0 + h * HOUR for h in hours)
    try:
        house.store.set_periods(periods)
        memory.set_periods(periods)
        merged(house, readings[late:])
        stock(house, readings[:late])
        for metric, by in ((LOSS, ["school"]), (RATE, ["interface"])):
            asked = (metric, Statistic(statistic), by)
            answers, points = [], []
            for store in (house.store, memory):
                answers.append(_rounded(store.summarise(*asked, since, until, where, period)))
                steps = store.series(*asked, step * HOUR, since, until, where, period)
                points.append([(p.key, p.at, round(p.value, 9), p.n) for p in steps])
            assert answers[0] == answers[1]
            assert points[0] == points[1]
    finally:
        house.close()


def _rounded(answer: dict) -> dict:  # type: ignore[type-arg]
    return {k: (round(s.value, 9), s.n, s.runs, s.first, s.last) for k, s in answer.items()}
