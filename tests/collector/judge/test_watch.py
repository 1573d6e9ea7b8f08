"""Rounds of judging over a real register: what flips, once, and what a restart or a kill leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.judge.moment import Sources
from collector.judge.standing import CONTACT, REASONS, SITE_SILENT, Standing
from collector.judge.watch import FORGET_AFTER, Watch
from collector.register.model import Agent, Change, Flip, Held, Link, School, State, Watched
from collector.register.register import Register
from collector.store.memory import MemoryStore, StoredReading
from config.calendar import Calendar
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.model import Outcome, Role
from tests.collector.judge.town import agent, school

UP, DEGRADED, DOWN, UNKNOWN = State.UP, State.DEGRADED, State.DOWN, State.UNKNOWN
START = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""A Monday, 08:30 in Shanghai: the middle of the first lesson."""
MINUTE = timedelta(minutes=1)
A, B = "9934000001", "9934000002"
CATALOG = discover()


class Town:
    """Schools with a gateway each, a store, and a collector that judges once a minute."""

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        self.calendar = calendar
        self.schools = [school(A), school(B)]
        self.agents: list[Agent] = [agent("gw-a", A, Role.GATEWAY), agent("gw-b", B, Role.GATEWAY)]
        self.store = MemoryStore(CATALOG)
        self.store.set_periods([])
        self.folder = folder
        self.now = START
        self.register = Register.open(folder / "register.sqlite3", lambda: self.now)
        self.start(START - timedelta(days=1))

    def start(self, at: datetime) -> None:
        """A collector process that listens since `at`."""
        thresholds = load_thresholds(CATALOG)
        rows = {row.id: row for row in thresholds.rows}
        sources = Sources(self.store, CATALOG, self.calendar, rows, at)
        self.watch = Watch(self.register, sources, thresholds.revision, timedelta(days=190))

    def path(
        self, code: str, loss: float, *, at: datetime | None = None, outcome: Outcome = Outcome.OK
    ) -> None:
        values = {"loss_ratio": loss, "reachable": float(loss < 1)}
        if loss < 1:
            values["handshake_seconds_min"] = 0.02
        self._read("tcp_connect", code, f"gw-{'ab'[code == B]}", values, at, "collector")

    def disk(self, code: str, free: float, *, by: str = "", at: datetime | None = None) -> None:
        values = {"disk_free_bytes": free, "memory_used_ratio": 0.4}
        self._read("host_resources", code, by or f"gw-{'ab'[code == B]}", values, at, "local")

    def _read(
        self,
        probe: str,
        code: str,
        by: str,
        values: dict[str, float],
        at: datetime | None,
        target: str,
    ) -> None:
        # A probe runs some seconds before its reading is judged.
        when = (at or self.now) - timedelta(seconds=20)
        reading = StoredReading(
            probe=probe, at=when, school=code, agent=by, values=values, target=target
        )
        self.store.readings.append(reading)

    def judge(self) -> None:
        self.watch.judge(self.schools, self.agents, self.now)

    def minutes(self, number: int, loss: float | None = 0.0, other: float | None = 0.0) -> None:
        """So many rounds; None is a gateway of which nothing is heard. All disks are fine."""
        for _ in range(number):
            self.now += MINUTE
            for code, value in ((A, loss), (B, other)):
                if value is not None:
                    self.path(code, value)
                    self.disk(code, 50e9)
            self.judge()

    def flips(self) -> list[tuple[str, str, State, State]]:
        """School, threshold, before and after; the oldest first."""
        found = reversed(self.register.flips(limit=1000))
        return [(f.watched.school, f.watched.threshold, f.before, f.after) for f in found]

    def standing(self, code: str, threshold: str) -> Standing:
        return next(s for s in self.watch.states.of(code) if s.threshold.id == threshold)

    def state(self, code: str) -> State:
        return self.watch.states.schools[code].state


@pytest.fixture
def town(tmp_path: Path, calendar: Calendar) -> Iterator[Town]:
    made = Town(tmp_path, calendar)
    yield made
    made.register.close()


def test_healthy_schools_are_up_and_nothing_flips(town: Town) -> None:
    town.minutes(30)
    assert (town.state(A), town.state(B)) == (UP, UP)
    assert town.flips() == []


def test_bad_line_flips_after_its_hold_with_value_bound_and_revision(town: Town) -> None:
    town.minutes(10)
    began = town.now
    town.minutes(10, loss=0.4)
    (flip,) = town.register.flips()
    assert (flip.before, flip.after) == (UP, DEGRADED)
    assert flip.value is not None
    assert flip.value >= 0.1
    assert (flip.bound, flip.unit, flip.n) == (0.1, "ratio", 5)
    assert flip.revision == town.standing(A, "gateway_path_loss").threshold.revision
    assert began < flip.since < flip.at
    assert flip.at - flip.since == 3 * MINUTE
    assert (town.state(A), town.state(B)) == (DEGRADED, UP)
    assert "网关到采集器的连接丢失" in town.watch.states.schools[A].reason.zh


def test_silent_school_is_unknown_once_and_not_down(town: Town) -> None:
    town.minutes(10)
    town.minutes(60, loss=None)
    assert town.flips() == [(A, CONTACT.id, UP, UNKNOWN)]
    assert (town.state(A), town.state(B)) == (UNKNOWN, UP)
    assert town.watch.states.schools[A].reason.zh.startswith("全校没有消息")
    assert {s.state for s in town.watch.states.of(A)} == {UNKNOWN}
    town.minutes(10)
    assert town.flips()[1:] == [(A, CONTACT.id, UNKNOWN, UP)]
    assert town.state(A) is UP


def test_probes_that_fall_silent_at_different_seconds_are_still_one_cause(town: Town) -> None:
    town.minutes(10)
    town.disk(A, 50e9, at=town.now + timedelta(seconds=59))
    town.minutes(30, loss=None)
    assert town.flips() == [(A, CONTACT.id, UP, UNKNOWN)]


def test_probe_that_alone_gives_nothing_is_unknown_with_its_reason(town: Town) -> None:
    town.minutes(10)
    for _ in range(8):
        town.now += MINUTE
        town.disk(A, 50e9)
        town.judge()
    town.store.readings.append(
        StoredReading(
            probe="tcp_connect", at=town.now, school=A, agent="gw-a", values={},
            target="collector", outcome=Outcome.NOT_RUN, reason="no_route",
        )
    )  # fmt: skip
    town.judge()
    found = town.standing(A, "gateway_path_loss")
    assert (found.state, found.value) == (UNKNOWN, None)
    assert found.reason is not None
    assert "没有到目标的路由" in found.reason.zh
    assert town.flips()[0] == (A, "gateway_path_latency", UP, UNKNOWN)
    assert town.state(A) is UNKNOWN


def test_late_readings_of_an_outage_change_no_state_and_page_nobody(town: Town) -> None:
    town.minutes(10)
    cut = town.now
    town.minutes(30, loss=None)
    for minute in range(1, 25):  # what the gateway could not send while it was cut off
        town.path(A, 1.0, at=cut + minute * MINUTE)
    town.minutes(10)
    assert town.flips() == [(A, CONTACT.id, UP, UNKNOWN), (A, CONTACT.id, UNKNOWN, UP)]


def test_last_readings_of_an_outage_are_fresh_and_decide_nothing(town: Town) -> None:
    town.minutes(10)
    town.minutes(30, loss=None)
    for minute in range(6):  # taken within the window, heard when the line is back
        town.path(A, 1.0, at=town.now - minute * MINUTE)
    town.minutes(20)
    assert town.flips() == [(A, CONTACT.id, UP, UNKNOWN), (A, CONTACT.id, UNKNOWN, UP)]
    town.minutes(10, loss=0.4)  # from now on the line is judged again
    assert town.flips()[2:] == [(A, "gateway_path_loss", UP, DEGRADED)]


def test_states_survive_a_restart_and_nothing_flips_anew(town: Town) -> None:
    town.minutes(10)
    town.minutes(10, loss=0.4)
    before = town.flips()
    town.now += timedelta(hours=2)  # the collector was off
    town.start(town.now)
    town.judge()
    found = town.standing(A, "gateway_path_loss")
    assert (found.state, found.value) == (DEGRADED, None)
    assert found.reason is not None
    assert "刚刚启动" in found.reason.zh
    town.minutes(3, loss=0.4)
    assert (town.state(A), town.flips()) == (DEGRADED, before)


def test_nothing_of_a_silent_school_is_up_because_the_collector_has_just_started(
    town: Town,
) -> None:
    town.minutes(10)
    town.start(town.now)
    for _ in range(8):
        town.now += MINUTE
        town.path(B, 0.0)
        town.judge()
    found = town.standing(A, "disk_free")  # whose window is longer than that of contact
    assert town.state(A) is UNKNOWN
    assert (found.state, found.reason) == (UNKNOWN, REASONS[SITE_SILENT])


def test_readings_taken_while_the_collector_was_off_are_not_held_against_the_line(
    town: Town,
) -> None:
    town.minutes(10)
    for _ in range(10):  # nobody listened, so every connection failed
        town.now += MINUTE
        town.path(A, 1.0)
        town.path(B, 1.0)
    town.start(town.now)
    town.minutes(10)
    assert town.flips() == []


def test_probe_that_has_not_come_round_since_a_restart_is_not_missed_yet(town: Town) -> None:
    town.minutes(10)
    town.start(town.now)
    town.now += MINUTE
    town.disk(A, 50e9)
    town.judge()
    assert town.standing(A, "gateway_path_loss").state is UP
    assert town.flips() == []


def test_round_told_twice_stores_nothing_more(town: Town) -> None:
    town.minutes(10)
    town.minutes(10, loss=0.4)
    before = town.flips()
    town.judge()
    assert town.flips() == before


def test_round_killed_in_the_transaction_leaves_nothing_and_is_made_up_for(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector.register import states

    town.minutes(10)
    real = states._flip_values

    def dies(flip: Flip) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(states, "_flip_values", dies)
    with pytest.raises(KeyboardInterrupt):
        town.minutes(10, loss=0.4)
    assert town.flips() == []
    assert {held.state for held in town.register.states().values()} == {UP}
    monkeypatch.setattr(states, "_flip_values", real)
    town.start(START)  # after the kill
    town.minutes(6, loss=0.4)
    assert town.flips() == [(A, "gateway_path_loss", UP, DEGRADED)]


def test_two_collectors_on_one_register_store_a_flip_once(town: Town) -> None:
    town.minutes(10)
    other = town.watch
    town.start(START)
    for _ in range(10):
        town.minutes(1, loss=0.4)
        other.judge(town.schools, town.agents, town.now + timedelta(seconds=1))
    assert town.flips() == [(A, "gateway_path_loss", UP, DEGRADED)]
    assert other.states.schools[A].state is DEGRADED


def test_pc_that_is_switched_off_does_not_make_its_school_unknown(town: Town) -> None:
    town.agents.append(agent("pc-1", A, Role.PC))
    for minute in range(60):
        if minute < 20 and minute % 5 == 0:
            town.disk(A, 50e9, by="pc-1")
        town.minutes(1)
    off = next(s for s in town.watch.states.of(A) if s.watched.agent == "pc-1")
    assert (off.state, off.counts) == (UNKNOWN, False)
    assert town.state(A) is UP
    assert town.flips() == []


def test_full_disk_of_a_pc_is_shown_at_its_school(town: Town) -> None:
    town.agents.append(agent("pc-1", A, Role.PC))
    for _ in range(20):
        town.disk(A, 100e6, by="pc-1")
        town.minutes(1)
    assert (town.state(A), town.standing(A, "disk_free").watched.agent) == (DOWN, "pc-1")


def test_school_without_an_agent_or_a_word_is_unknown_and_says_why(town: Town) -> None:
    town.agents.pop(0)
    town.minutes(10, other=None)
    reasons = {code: s.reason.zh for code, s in town.watch.states.schools.items()}
    assert {s.state for s in town.watch.states.schools.values()} == {UNKNOWN}
    assert reasons[A].startswith("没有接入任何设备")
    assert reasons[B].startswith("还没有收到过读数")


def test_revoked_agent_is_watched_no_more_and_its_flips_stay(town: Town) -> None:
    town.minutes(10)
    town.minutes(10, loss=0.4)
    town.agents.pop(0)
    town.minutes(1)
    assert town.watch.states.of(A) == []
    assert not [w for w in town.register.states() if w.agent == "gw-a"]
    assert len(town.flips()) == 1


def test_target_that_is_asked_for_no_more_is_forgotten(town: Town) -> None:
    town.minutes(10)
    for _ in range(8):
        town.now += MINUTE
        town.disk(A, 50e9)
        town.judge()
    town.now += FORGET_AFTER
    town.disk(A, 50e9)
    town.judge()
    assert {s.threshold.id for s in town.watch.states.of(A)} == {"disk_free", "memory_used"}


def test_old_flips_are_dropped(town: Town) -> None:
    town.minutes(10)
    town.minutes(10, loss=0.4)
    assert len(town.flips()) == 1
    town.now += timedelta(days=200)
    town.judge()
    assert (A, "gateway_path_loss", UP, DEGRADED) not in town.flips()


def busy(town: Town, mbits: dict[str, float]) -> None:
    for interface, mbit in mbits.items():
        town.store.readings.append(
            StoredReading(
                probe="interface_rate", at=town.now, school=A, agent="gw-a",
                values={"received_bits_per_second": mbit * 1e6}, labels={"interface": interface},
            )
        )  # fmt: skip


def in_lessons(town: Town) -> None:
    from collector.judge.periods import school_periods

    day = timedelta(days=1)
    periods = school_periods(town.calendar, town.schools, START - day, START + day)
    town.store.set_periods(periods)


def test_line_at_its_contract_is_degraded_in_lessons_only(town: Town) -> None:
    in_lessons(town)
    for _ in range(20):
        busy(town, {"eth0": 96})
        town.minutes(1)
    found = town.standing(A, "line_busy")
    assert found.state is DEGRADED
    assert found.value == pytest.approx(0.96)
    town.minutes(15)  # the break has begun
    found = town.standing(A, "line_busy")
    assert found.reason is not None
    assert "不在适用时段" in found.reason.zh
    assert (found.counts, town.state(A)) == (False, UP)


@pytest.mark.parametrize(
    ("one", "mbits"),
    [
        (school(A), {"eth0": 96.0, "eth1": 90.0}),
        (school(A, contract=None), {"eth0": 96.0}),
    ],
    ids=["two interfaces", "no contract"],
)
def test_line_whose_way_out_or_contract_is_not_known_has_no_state(
    town: Town, one: School, mbits: dict[str, float]
) -> None:
    town.schools[0] = one
    in_lessons(town)
    for _ in range(20):
        busy(town, mbits)
        town.minutes(1)
    assert "line_busy" not in {s.threshold.id for s in town.watch.states.of(A)}


def test_line_named_after_an_interface_is_that_interface(town: Town) -> None:
    from dataclasses import replace

    line = Link(name="eth1", contract_down_bits_per_second=100_000_000)
    town.schools[0] = replace(town.schools[0], links=(line,))
    in_lessons(town)
    busy(town, {"eth0": 10, "eth1": 96})
    town.minutes(1)
    assert town.standing(A, "line_busy").value == pytest.approx(0.96)


def test_what_was_found_on_a_network_is_left_alone(town: Town) -> None:
    found = Watched(A, "", "10.1.0.66", "rogue_dhcp")
    held = Held(DOWN, DOWN, START, START)
    town.register.take_states([Change(found, None, held, None)])
    town.start(START - timedelta(days=1))
    town.minutes(3)
    assert town.register.states()[found] == held
    assert all(s.watched != found for s in town.watch.states.standings)
