"""A switch port that stands for the line of a school whose gateway runs no agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collector.judge.egress import NO_TRAFFIC
from collector.judge.model import Evidence, Finding, LegName, Verdict
from collector.lan.site import Uplink
from collector.register.model import Link
from collector.store import Expectation
from config.calendar import Calendar
from probes.model import Role
from tests.collector.judge.campus import CODE, NOW, Campus, lesson, pc
from tests.collector.judge.town import MBIT

POLICY = "dengbao.line_load"
PORT = "GE0/0/24"
UPLINK = Uplink("core", PORT)


@pytest.fixture
def campus(calendar: Calendar) -> Campus:
    one = Campus(calendar, uplink=UPLINK)
    one.has(tags=frozenset({"protection-level-3"}))
    one.agents = [pc("s1", role=Role.SENTINEL)]
    return one


def poll(campus: Campus, mbit: float, *, interface: str = PORT, device: str = "core") -> None:
    """Each minute of the second lesson of a school week."""
    for day in (16, 17, 18, 19, 20):
        for minute in range(30):
            at = lesson(day) + timedelta(minutes=minute - 5)
            values = {"received_bits_per_second": mbit * MBIT, "sent_bits_per_second": MBIT}
            campus.read(
                "snmp_interfaces", "s1", at, values, target=device, labels={"interface": interface}
            )


def expect(campus: Campus, every: float) -> None:
    since = NOW - timedelta(days=30)
    campus.store.set_expectations(
        [Expectation(CODE, "s1", "snmp_interfaces", "local", every, since, None)]
    )


def evidence(found: Finding) -> Evidence:
    return next(leg for leg in found.legs if leg.name is LegName.LOAD).evidence


def test_what_the_port_receives_is_download(campus: Campus) -> None:
    expect(campus, 1800)
    poll(campus, 60)
    poll(campus, 900, interface="GE0/0/1")
    poll(campus, 900, device="edge")
    found = campus.finding(POLICY)
    assert found.verdict is Verdict.MET
    assert [leg.value for leg in found.legs] == [0.6, None]  # no upload is contracted
    assert evidence(found).method == "snmp_interfaces.received_bits_per_second"


def test_a_full_port_is_a_full_line(campus: Campus) -> None:
    expect(campus, 1800)
    poll(campus, 71)
    assert campus.finding(POLICY).verdict is Verdict.NOT_MET


def test_readings_that_were_due_and_did_not_come_leave_it_open(campus: Campus) -> None:
    expect(campus, 60)
    poll(campus, 60)
    found = campus.finding(POLICY)
    assert found.verdict is Verdict.UNDETERMINED
    assert evidence(found).coverage == pytest.approx(150 / (136 * 40), rel=0.05)


def test_without_a_port_that_the_site_names_nothing_is_guessed(campus: Campus) -> None:
    poll(campus, 60)
    campus.uplink = None
    assert campus.finding(POLICY).reason == NO_TRAFFIC


def test_of_two_lines_the_site_has_to_name_one(campus: Campus) -> None:
    expect(campus, 1800)
    poll(campus, 60)
    main, second = (
        Link(name=name, contract_down_bits_per_second=100 * MBIT) for name in ("主线", "二线")
    )
    campus.has(links=(main, second))
    assert "link" in campus.finding(POLICY).reason.en
    campus.uplink = replace(UPLINK, link="主线")
    assert campus.finding(POLICY).verdict is Verdict.MET


def test_a_gateway_that_counts_itself_goes_first(campus: Campus) -> None:
    campus.agents.append(pc("gw", role=Role.GATEWAY))
    poll(campus, 60)
    for day in (16, 17, 18, 19, 20):
        for minute in range(30):
            at = lesson(day) + timedelta(minutes=minute - 5)
            values = {"received_bits_per_second": 90.0 * MBIT, "sent_bits_per_second": 1.0}
            campus.read("interface_rate", "gw", at, values, labels={"interface": "wan"})
    assert campus.finding(POLICY).legs[0].value == 0.9
