"""A device may send anything under any index: no table may bring down what reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.runner import check_reading
from probes.instruments.printer import PrinterProbe
from probes.instruments.snmp_arp import SnmpArp
from probes.instruments.snmp_fdb import FdbSettings, SnmpFdb
from probes.instruments.snmp_neighbours import SnmpNeighbours
from probes.instruments.snmp_wireless import SnmpWireless
from probes.instruments.ups import UpsProbe
from probes.snmp.answer import Answer, Table
from probes.snmp.device import Device
from probes.snmp.probe import SnmpProbe, SnmpSettings
from tests.probes.conftest import assert_keeps_to_declaration

DEVICE = Device(name="it", host="127.0.0.1", community="school")
PROBES: Sequence[SnmpProbe[Any]] = [
    SnmpFdb(FdbSettings()),
    *(
        probe(SnmpSettings())
        for probe in (SnmpArp, SnmpNeighbours, SnmpWireless, UpsProbe, PrinterProbe)
    ),
]

parts = st.one_of(st.integers(0, 7), st.integers(0, 300), st.integers(0, 2**65))
indices = st.lists(parts, max_size=9).map(tuple)
values = st.one_of(st.integers(-4, 8), st.integers(-(2**70), 2**70), st.binary(max_size=9), indices)


def answers(probe: SnmpProbe[Any]) -> st.SearchStrategy[Answer]:
    def table(columns: Mapping[str, str]) -> st.SearchStrategy[Table]:
        rows = st.dictionaries(
            indices, st.dictionaries(st.sampled_from([*columns]), values), max_size=4
        )
        return rows.map(lambda found: Table(found, dict.fromkeys(found, 0.0)))

    tables = st.fixed_dictionaries({n: table(c) for n, c in probe.wanted.tables.items()})
    names = [*probe.wanted.scalars]
    scalars = st.dictionaries(st.sampled_from(names), values) if names else st.just({})
    return st.builds(lambda t, s: Answer(tables=t, scalars=s), tables, scalars)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.name)
def test_whatever_a_device_sends_becomes_sound_readings(probe: SnmpProbe[Any]) -> None:
    @settings(max_examples=60, deadline=None)
    @given(answers(probe))
    def check(answer: Answer) -> None:
        readings = probe.readings(DEVICE, answer)
        assert readings
        for reading in readings:
            assert_keeps_to_declaration(probe, reading)
            check_reading(type(probe), reading)

    check()
