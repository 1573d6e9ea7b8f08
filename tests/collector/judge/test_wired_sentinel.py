"""What a dedicated sentinel reads over a wire proves of a line, beside the counters of the port
behind which the line is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.judge.judge import Judge, read_policies
from collector.judge.line import LineFinding
from collector.judge.model import Leg, LegName, Verdict
from collector.judge.rows import line_row
from collector.judge.wired import Read, Witness, Worth, weigh
from collector.judge.wired_readings import NO_PORT, NO_RULES
from collector.lan.site import Uplink
from collector.register.model import Link
from collector.store.storehouse import Storehouse
from config.calendar import Calendar
from config.policy import Wired
from probes.model import Role
from tests.collector.judge.campus import CODE, NOW, Campus, lesson, pc
from tests.collector.judge.town import MBIT
from tests.collector.store.stock import stock
from tests.fakes.capacity_probe import capacity_reading

DAYS = (16, 17, 18, 19, 20)
TIMES = tuple(timedelta(minutes=10 * number) for number in range(4))
PORT = "GE0/0/24"
UPLINK = Uplink("core", PORT)
LINE = Link(
    name="主线",
    contract_down_bits_per_second=300 * MBIT,
    contract_up_bits_per_second=50 * MBIT,
)
MET, NOT_MET, UNDETERMINED = Verdict.MET, Verdict.NOT_MET, Verdict.UNDETERMINED
GIGABIT, HUNDRED = 1000.0, 100.0


class Schoolhouse(Campus):
    """Its gateway runs no agent; sentinel `s1` is on a wire, and polls the switch `core`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.uplink = UPLINK
        self.agents = [pc("s1", role=Role.SENTINEL)]
        self.has(links=(LINE,))

    def measure(self, mbit: float, days: Iterable[int] = DAYS, **labels: Any) -> None:
        """Four times on each day."""
        given = {"agent": "s1", "vantage": "wired", **labels}
        for day in days:
            for time in TIMES:
                reading = capacity_reading(CODE, lesson(day) + time, mbit, **given)
                self.store.readings.append(reading)

    def poll(
        self,
        down: float = 20,
        up: float = 2,
        *,
        speed: float | None = GIGABIT,
        days: Iterable[int] = DAYS,
        minutes: Iterable[int] = range(-10, 45),
        device: str = "core",
        interface: str = PORT,
    ) -> None:
        """Each minute of those from the first measurement of a day on."""
        values = {"received_bits_per_second": down * MBIT, "sent_bits_per_second": up * MBIT}
        if speed is not None:
            values["link_speed_bits_per_second"] = speed * MBIT
        for day in days:
            for minute in minutes:
                at = lesson(day) + timedelta(minutes=minute, seconds=17)
                labels = {"interface": interface}
                self.read("snmp_interfaces", "s1", at, values, target=device, labels=labels)

    def line(self, direction: str = "down") -> LineFinding:
        (found,) = (each for each in self.judge().lines if each.direction == direction)
        return found

    def delivered(self) -> Leg:
        legs = self.finding("national.access_100m").legs
        return next(leg for leg in legs if leg.name is LegName.DELIVERED)


@pytest.fixture
def house(calendar: Calendar) -> Schoolhouse:
    return Schoolhouse(calendar)


def test_wired_sentinel_beside_the_counters_of_the_uplink_stands_for_the_line(
    house: Schoolhouse,
) -> None:
    house.measure(290)
    house.poll()
    found = house.line()
    assert (found.verdict, found.median, found.n, found.days) == (MET, 290e6, 20, 5)
    assert found.vantage is not None
    assert found.vantage.en == "wired sentinel, confirmed by the counters of core GE0/0/24"
    leg = house.delivered()
    assert (leg.verdict, leg.evidence.n, leg.evidence.vantage) == (MET, 20, found.vantage)
    assert line_row(found)["vantage"] == {"zh": found.vantage.zh, "en": found.vantage.en}


def test_slow_line_is_below_its_contract_by_a_wired_sentinel_too(house: Schoolhouse) -> None:
    house.measure(150)
    house.poll(down=149)
    found = house.line()
    assert (found.verdict, found.median, found.share) == (NOT_MET, 150e6, 0.5)


def test_line_that_carried_more_than_was_read_is_not_as_slow_as_that(house: Schoolhouse) -> None:
    house.measure(150)
    house.poll(down=20)
    house.poll(down=153.1, minutes=[7])
    found = house.line()
    assert (found.verdict, found.n, found.median) == (UNDETERMINED, 10, 150e6)
    assert "10 are below what the port carried" in found.reason.en
    assert "10 次低于端口当时的流量" in found.reason.zh


def test_use_within_two_percent_of_the_reading_contradicts_nothing(house: Schoolhouse) -> None:
    house.measure(150)
    house.poll(down=152.9)
    assert house.line().n == 20


def test_upstream_is_what_the_port_sends(house: Schoolhouse) -> None:
    house.measure(48, direction="up")
    house.poll(down=290, up=20)
    found = house.line("up")
    assert (found.verdict, found.n) == (MET, 20)
    house.poll(down=1, up=60, days=DAYS[:1])
    assert house.line("up").n == 16


@pytest.mark.parametrize(
    ("minutes", "counted"),
    [
        (range(-10, 45), 20),
        ([-3, 2, 7, 12, 17, 22, 27, 32, 37], 20),
        (range(-10, 10), 5),
        (range(5), 0),
        ([], 0),
    ],
)
def test_reading_needs_counters_before_it_and_after_it(
    house: Schoolhouse, minutes: Iterable[int], counted: int
) -> None:
    house.measure(290)
    house.poll(minutes=minutes)
    found = house.line()
    assert found.n == counted
    assert (found.verdict is MET) == (counted == 20)
    if counted < 20:
        assert f"{20 - counted} have no counter readings of the port" in found.reason.en


def test_counters_of_another_port_or_device_confirm_nothing(house: Schoolhouse) -> None:
    house.measure(290)
    house.poll(interface="GE0/0/1")
    house.poll(device="edge")
    assert (house.line().n, house.delivered().value) == (0, None)


def test_port_that_the_measurement_did_not_pass_confirms_nothing(house: Schoolhouse) -> None:
    house.measure(290)
    house.poll(down=0.004)
    found = house.line()
    assert found.n == 0
    assert "20 did not pass the port" in found.reason.en


def test_reading_above_the_speed_of_the_port_is_impossible(house: Schoolhouse) -> None:
    house.measure(290)
    house.poll(speed=HUNDRED)
    found = house.line()
    assert (found.verdict, found.n, found.bounds) == (UNDETERMINED, 0, 0)
    assert "20 are above the speed of the port" in found.reason.en


@pytest.mark.parametrize("mbit", [97.4, 95.0, 974.0])
def test_speed_of_a_hop_of_the_lan_is_only_a_lower_bound(house: Schoolhouse, mbit: float) -> None:
    house.has(links=(replace(LINE, contract_down_bits_per_second=2000 * MBIT),))
    house.measure(mbit)
    house.poll()
    found = house.line()
    assert (found.verdict, found.n, found.bounds) == (UNDETERMINED, 0, 20)
    assert "20 wired readings are the speed of an Ethernet hop" in found.reason.en
    assert found.vantage is not None


def test_lower_bound_of_a_hop_proves_a_contract_that_it_reaches(house: Schoolhouse) -> None:
    house.has(links=(replace(LINE, contract_down_bits_per_second=100 * MBIT),))
    house.measure(97.4)
    house.poll(down=120)
    assert (house.line().verdict, house.line().bounds) == (MET, 20)


@pytest.mark.parametrize(
    ("mbit", "speed", "contract", "worth"),
    [
        (97.4, HUNDRED, 100, Worth.VALID),
        (97.4, HUNDRED, None, Worth.VALID),
        (97.4, GIGABIT, 100, Worth.LOWER_BOUND),
        (97.4, HUNDRED, 200, Worth.LOWER_BOUND),
        (97.4, None, 100, Worth.LOWER_BOUND),
        (99.8, GIGABIT, 100, Worth.VALID),
        (93.0, GIGABIT, 100, Worth.VALID),
        (974.0, GIGABIT, 1000, Worth.VALID),
        (974.0, 10_000.0, 1000, Worth.LOWER_BOUND),
        (9.74, GIGABIT, 100, Worth.LOWER_BOUND),
        (100.1, HUNDRED, 100, Worth.ABOVE_PORT),
        (300.0, None, 300, Worth.VALID),
    ],
)
def test_hop_is_told_by_ethernet_and_by_what_is_faster_than_it(
    rules: Wired, mbit: float, speed: float | None, contract: float | None, worth: Worth
) -> None:
    witness = Witness(
        most=[5 * MBIT] * 3,
        speed=None if speed is None else speed * MBIT,
        contract=None if contract is None else contract * MBIT,
    )
    assert weigh(Read(mbit * MBIT, True, 600_000), witness, rules) is worth


def test_lower_bound_holds_also_where_the_port_carried_more(rules: Wired) -> None:
    witness = Witness([200e6, 200e6, 200e6], 1e9, 300e6)
    assert weigh(Read(50e6, False, 600_000), witness, rules) is Worth.LOWER_BOUND
    assert weigh(Read(50e6, True, 600_000), witness, rules) is Worth.CARRIED_MORE


@pytest.fixture(scope="module")
def rules() -> Wired:
    found = read_policies().lines.wired
    assert found is not None
    return found


def test_wired_pc_that_stands_in_as_sentinel_counts_for_nothing(house: Schoolhouse) -> None:
    house.agents.append(pc("pc-1"))
    house.measure(290, agent="pc-1")
    house.poll()
    found = house.line()
    assert (found.n, found.vantage) == (0, None)
    assert found.reason.zh.startswith("只有电脑经有线网的测量（20 次），不能代表学校出口")


def test_wired_pc_changes_nothing_beside_the_sentinel(house: Schoolhouse) -> None:
    house.agents.append(pc("pc-1"))
    house.measure(290)
    house.poll()
    alone = house.line()
    house.measure(95, agent="pc-1")
    assert house.line() == alone


@pytest.mark.parametrize("labels", [{"vantage": "wifi"}, {"layer": "transport"}])
def test_sentinel_on_wifi_or_at_another_layer_counts_for_nothing(
    house: Schoolhouse, labels: dict[str, Any]
) -> None:
    house.measure(290, **labels)
    house.poll()
    assert house.line().n == 0


def test_sentinel_that_is_revoked_counts_for_nothing(house: Schoolhouse) -> None:
    house.agents = [replace(house.agents[0], revoked=True)]
    house.measure(290)
    house.poll()
    assert house.line().n == 0


@pytest.mark.parametrize("validity", ["valid", "inconclusive"])
def test_where_a_gateway_measures_wired_readings_never_count(
    house: Schoolhouse, validity: str
) -> None:
    house.agents.append(pc("gw", role=Role.GATEWAY))
    house.measure(290)
    house.poll()
    rate = 150 if validity == "valid" else None
    house.measure(rate, vantage="gateway", agent="gw", validity=validity, why="mixed")  # type: ignore[arg-type]
    found = house.line()
    assert (found.n, found.median) == ((20, 150e6) if rate else (0, None))
    assert (found.vantage.en if found.vantage else None) == ("gateway" if rate else None)


def test_without_an_uplink_in_the_site_file_the_dash_says_so(house: Schoolhouse) -> None:
    house.uplink = None
    house.measure(290)
    house.poll()
    assert (house.line().n, house.line().reason) == (0, NO_PORT)


def test_uplink_that_stands_for_no_single_line_confirms_nothing(house: Schoolhouse) -> None:
    house.uplink = replace(UPLINK, link="二线")
    house.measure(290)
    house.poll()
    found = house.line()
    assert found.n == 0
    assert "`link`" in found.reason.en


def test_education_network_is_not_behind_the_uplink(house: Schoolhouse) -> None:
    house.has(links=(LINE, replace(LINE, name="教育网", role="edu_net")))
    house.measure(290, target="education_network")
    house.poll()
    found = [each for each in house.judge().lines if each.link.role == "edu_net"]
    assert [each.n for each in found] == [0, 0]


def test_blocked_measurements_of_the_sentinel_are_blocked_and_not_slow(house: Schoolhouse) -> None:
    for day in DAYS:
        for time in TIMES:
            house.store.readings.append(
                capacity_reading(
                    CODE,
                    lesson(day) + time,
                    agent="s1",
                    vantage="wired",
                    validity="blocked",
                    why="nothing_arrived",
                )
            )
    house.poll()
    assert house.line().reason.zh.startswith("20 次测量被阻断")


def test_reading_waits_until_its_counters_can_have_come(house: Schoolhouse) -> None:
    house.store.readings.append(
        capacity_reading(CODE, NOW - timedelta(minutes=4), 290, agent="s1", vantage="wired")
    )
    found = house.line()
    assert found.n == 0
    assert "not confirmed" not in found.reason.en


def test_lessons_covered_by_a_wired_sentinel_are_covered(house: Schoolhouse) -> None:
    house.measure(290)
    house.poll()
    figure = house.figure("capacity_coverage_ratio_in_lessons")
    assert figure.n == 20
    assert figure.value is not None
    assert figure.value > 0


def test_county_whose_own_policy_says_nothing_of_wires_counts_none(
    house: Schoolhouse, calendar: Calendar
) -> None:
    house.measure(290)
    house.poll()
    policies = read_policies()
    bare = replace(policies, lines=replace(policies.lines, wired=None))
    found = Judge(house.catalog, bare, calendar).lines(
        [house.school], house.store, NOW.date(), NOW, house.agents
    )
    assert found[0].reason == NO_RULES


def test_month_that_is_over_is_judged_alike(house: Schoolhouse) -> None:
    house.measure(290)
    house.poll()
    now = NOW + timedelta(days=20)
    house.now = now
    premises = house.premises()
    judge = Judge(house.catalog, read_policies(), house.calendar)
    month = lesson(30).date()
    found = judge.lines([house.school], house.store, month, now, house.agents, premises)
    assert (found[0].verdict, found[0].n) == (MET, 20)


def test_readings_and_counters_that_went_through_journal_and_archive_confirm_alike(
    house: Schoolhouse, tmp_path: Path
) -> None:
    house.measure(290)
    house.poll()
    house.poll(down=400, minutes=[7], days=DAYS[:1])
    kept = Storehouse(tmp_path, house.catalog, lambda: round(NOW.timestamp() * 1000))
    try:
        stock(kept, house.store.readings)
        kept.seal()
        judge = Judge(house.catalog, read_policies(), house.calendar)
        found = judge.lines(
            [house.school], kept.store, NOW.date(), NOW, house.agents, house.premises()
        )
    finally:
        kept.close()
    assert (found[0].n, found[0].median) == (house.line().n, house.line().median) == (18, 290e6)
