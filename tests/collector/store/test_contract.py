"""What every store answers, whatever it is made of and whatever state it is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store import (
    Expectation,
    MetricRef,
    PeriodKind,
    QueryError,
    SchoolPeriod,
    Statistic,
)
from collector.store.memory import MemoryStore, StoredReading
from collector.store.storehouse import Storehouse
from tests.collector.store.conftest import NOW, Fill
from tests.collector.store.stock import stock
from tests.collector.store.vocabulary import CATALOG

T0 = datetime(2025, 11, 10, 0, 0, tzinfo=UTC)
LOSS = MetricRef("echo", "loss_ratio")
RATE = MetricRef("rate", "received_bits_per_second")
DAY = timedelta(days=1)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def echo(
    minutes: float, loss: float | None, school: str = "s1", agent: str = "a1", known: bool = True
) -> StoredReading:
    values = {"rtt_seconds": 0.1} if loss is None else {"loss_ratio": loss, "rtt_seconds": 0.1}
    return StoredReading(
        probe="echo", at=at(minutes), school=school, agent=agent, values=values, known=known
    )


def rate(minutes: float, interface: str, value: float, agent: str = "a1") -> StoredReading:
    return StoredReading(
        probe="rate",
        at=at(minutes),
        school="s1",
        agent=agent,
        labels={"interface": interface},
        values={"received_bits_per_second": value},
    )


def test_percentile_is_pooled_over_raw_readings_of_all_agents(fill: Fill) -> None:
    store = fill([echo(i, i / 10, agent=f"a{i % 3}") for i in range(10)])
    (summary,) = store.summarise(LOSS, Statistic("p95"), ["school"], T0, T0 + DAY, {}).values()
    assert summary.value == pytest.approx(0.855)
    assert summary.n == 10


def test_absent_value_is_not_counted_as_zero(fill: Fill) -> None:
    store = fill([echo(0, 0.5), echo(1, None), echo(2, 0.7)])
    (summary,) = store.summarise(LOSS, Statistic("mean"), [], T0, T0 + DAY, {}).values()
    assert summary.value == pytest.approx(0.6)
    assert summary.n == 2


def test_until_is_exclusive_and_since_inclusive(fill: Fill) -> None:
    store = fill([echo(0, 0.1), echo(1, 0.2), echo(2, 0.3)])
    (summary,) = store.summarise(LOSS, Statistic("sum"), [], at(0), at(2), {}).values()
    assert summary.value == pytest.approx(0.3)
    assert (summary.first, summary.last) == (at(0), at(1))


def test_reading_of_unknown_instant_is_left_out(fill: Fill) -> None:
    store = fill([echo(0, 0.2), echo(5, 0.9, agent="a2", known=False)])
    assert set(store.summarise(LOSS, Statistic("max"), ["agent"], T0, T0 + DAY, {})) == {("a1",)}
    assert set(store.latest(LOSS, ["agent"], {})) == {("a1",)}


def test_latest_is_the_newest_reading_even_when_an_older_one_arrives_later(fill: Fill) -> None:
    store = fill([echo(10, 0.2), echo(11, 0.3), echo(2, 0.9)])
    latest = store.latest(LOSS, ["school", "agent"], {})[("s1", "a1")]
    assert (latest.at, latest.value) == (at(11), 0.3)


def test_latest_of_a_group_is_the_newest_of_its_series(fill: Fill) -> None:
    store = fill([rate(0, "eth0", 5.0), rate(2, "eth1", 7.0), rate(1, "eth1", 9.0, agent="a2")])
    by_agent = store.latest(RATE, ["agent"], {})
    assert {key: (newest.at, newest.value) for key, newest in by_agent.items()} == {
        ("a1",): (at(2), 7.0),
        ("a2",): (at(1), 9.0),
    }
    (whole,) = store.latest(RATE, [], {"interface": ["eth0", "eth9"]}).values()
    assert whole.value == 5.0


def test_latest_by_session_is_refused_because_a_series_outlives_sessions(fill: Fill) -> None:
    store = fill([echo(0, 0.1)])
    with pytest.raises(QueryError, match="session"):
        store.latest(LOSS, ["session"], {})


def test_nothing_chosen_is_no_group_even_without_by(fill: Fill) -> None:
    store = fill([echo(0, 0.1), rate(0, "eth0", 5.0)])
    nobody = {"agent": "a9"}
    assert store.latest(LOSS, [], nobody) == {}
    assert store.summarise(LOSS, Statistic("mean"), [], T0, T0 + DAY, nobody) == {}
    assert store.summarise(RATE, Statistic("mean"), [], T0, T0 + DAY, nobody) == {}
    assert store.series(LOSS, Statistic("mean"), [], DAY, T0, T0 + DAY, nobody) == []


def test_where_chooses_schools_and_labels(fill: Fill) -> None:
    store = fill([rate(0, "eth0", 5.0), rate(0, "eth1", 7.0), rate(1, "eth2", 9.0)])
    found = store.summarise(
        RATE, Statistic("sum"), ["interface"], T0, T0 + DAY, {"interface": ["eth0", "eth1"]}
    )
    assert {key: s.value for key, s in found.items()} == {("eth0",): 5.0, ("eth1",): 7.0}


def test_labels_of_one_run_count_as_one_run(fill: Fill) -> None:
    store = fill([rate(i, name, 1.0) for i in range(4) for name in ("eth0", "eth1")])
    (summary,) = store.summarise(RATE, Statistic("mean"), ["school"], T0, T0 + DAY, {}).values()
    assert (summary.n, summary.runs) == (8, 4)


def test_coverage_divides_by_what_was_asked_not_by_what_arrived(fill: Fill) -> None:
    store = fill([echo(i, 0.0) for i in range(30)])
    store.set_expectations([Expectation("s1", "a1", "echo", "local", 60.0, T0, None)])
    (summary,) = store.summarise(LOSS, Statistic("mean"), ["school"], T0, at(60), {}).values()
    assert summary.expected == pytest.approx(60)
    assert summary.coverage == pytest.approx(0.5)


def test_coverage_counts_a_silent_agent_of_the_school(fill: Fill) -> None:
    store = fill([echo(i, 0.0) for i in range(60)])
    store.set_expectations(
        [Expectation("s1", a, "echo", "local", 60.0, T0, None) for a in ("a1", "a2")]
    )
    (summary,) = store.summarise(LOSS, Statistic("mean"), ["school"], T0, at(60), {}).values()
    assert summary.coverage == pytest.approx(0.5)


def test_nothing_expected_means_coverage_is_not_known(fill: Fill) -> None:
    store = fill([echo(0, 0.0)])
    (summary,) = store.summarise(LOSS, Statistic("mean"), [], T0, T0 + DAY, {}).values()
    assert summary.coverage is None


def test_lesson_figures_take_lessons_only_and_off_takes_the_rest(fill: Fill) -> None:
    store = fill([echo(i, 1.0 if 10 <= i < 20 else 0.0) for i in range(60)])
    store.set_periods([SchoolPeriod("s1", at(10), at(20), "lesson")])
    store.set_expectations([Expectation("s1", "a1", "echo", "local", 60.0, T0, None)])
    (lesson,) = store.summarise(
        LOSS, Statistic("mean"), [], T0, at(60), {}, period="lesson"
    ).values()
    (off,) = store.summarise(LOSS, Statistic("mean"), [], T0, at(60), {}, period="off").values()
    assert (lesson.value, lesson.n, round(lesson.expected or 0)) == (1.0, 10, 10)
    assert (off.value, off.n, round(off.expected or 0)) == (0.0, 50, 50)


def test_corrected_timetable_changes_past_figures_and_no_reading(fill: Fill) -> None:
    store = fill([echo(i, 1.0 if i < 20 else 0.0) for i in range(60)])
    store.set_periods([SchoolPeriod("s1", at(0), at(20), "lesson")])
    (before,) = store.summarise(
        LOSS, Statistic("mean"), [], T0, at(60), {}, period="lesson"
    ).values()
    store.set_periods([SchoolPeriod("s1", at(10), at(30), "lesson")])
    (after,) = store.summarise(
        LOSS, Statistic("mean"), [], T0, at(60), {}, period="lesson"
    ).values()
    (raw,) = store.summarise(LOSS, Statistic("mean"), [], T0, at(60), {}).values()
    assert (before.value, after.value) == (1.0, 0.5)
    assert raw.n == 60


def test_series_leaves_out_steps_without_readings(fill: Fill) -> None:
    store = fill([echo(0, 0.1), echo(4, 0.3), echo(16, 0.5)])
    points = store.series(LOSS, Statistic("mean"), [], timedelta(minutes=5), T0, at(20), {})
    assert [(p.at, round(p.value, 9), p.n) for p in points] == [(at(0), 0.2, 2), (at(15), 0.5, 1)]


@pytest.mark.parametrize(
    ("metric", "by", "named"),
    [
        (MetricRef("echo", "speed"), [], "speed"),
        (MetricRef("sonar", "loss_ratio"), [], "sonar"),
        (LOSS, ["interface"], "interface"),
    ],
)
def test_unknown_name_is_refused_by_name(
    fill: Fill, metric: MetricRef, by: list[str], named: str
) -> None:
    store = fill([echo(0, 0.1)])
    with pytest.raises(QueryError, match=named):
        store.summarise(metric, Statistic("mean"), by, T0, T0 + DAY, {})


_READINGS = st.lists(
    st.builds(
        echo,
        minutes=st.integers(0, 2000),
        loss=st.none() | st.integers(0, 1000).map(lambda n: n / 1000),
        school=st.sampled_from(["s1", "s2"]),
        agent=st.sampled_from(["a1", "a2", "a3"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    readings=_READINGS,
    statistic=st.sampled_from(["mean", "p05", "p50", "p99", "max", "count", "time_share(>=0.5)"]),
    period=st.sampled_from([None, "lesson", "off"]),
)
@pytest.mark.long
def test_embedded_store_agrees_with_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    readings: list[StoredReading],
    statistic: str,
    period: PeriodKind | None,
) -> None:
    memory = MemoryStore(CATALOG, readings)
    house = Storehouse(tmp_path_factory.mktemp("house"), CATALOG, lambda: NOW)
    try:
        stock(house, readings)
        house.seal()
        answers = []
        for store in (memory, house.store):
            store.set_periods([SchoolPeriod("s1", at(60), at(700), "lesson")])
            store.set_expectations([Expectation("s1", "a1", "echo", "local", 60.0, T0, None)])
            found = store.summarise(
                LOSS, Statistic.parse(statistic), ["school", "agent"], T0, at(1500), {}, period
            )
            answers.append(
                {k: (round(s.value, 9), s.n, s.runs, s.first, s.last) for k, s in found.items()}
            )
    finally:
        house.close()
    one, other = answers
    assert _without_runs(one) == _without_runs(other)


def _without_runs(answer: dict) -> dict:  # type: ignore[type-arg]
    # Two readings of one agent in one minute are one run to the one store and two to the other.
    return {key: (v, n, first, last) for key, (v, n, _, first, last) in answer.items()}
