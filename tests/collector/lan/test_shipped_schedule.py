"""What the program ships of tasks about schools' networks."""

from __future__ import annotations

import dataclasses

from collector.fleet.schedule import load_schedule
from collector.lan.schedule import DEVICES, PROJECTORS, SWEEP, load_lan_tasks
from probes.catalog import discover
from probes.model import Role

ROWS = {row.task.probe: row for row in load_lan_tasks(discover())}


def test_every_task_waits_for_what_the_site_says() -> None:
    facts = {name: row.blanks.facts for name, row in ROWS.items()}
    assert {name for name in facts if name.startswith("snmp_")} <= {
        name for name, wanted in facts.items() if wanted == {DEVICES}
    }
    assert facts["pjlink"] == {PROJECTORS}
    assert facts["arp_sweep"] == {SWEEP}
    assert all(facts.values())


def test_attacks_are_looked_for_at_least_each_five_minutes() -> None:
    watching = ("dhcp_offers", "router_adverts", "lan_watch", "name_poisoning")
    assert max(ROWS[name].task.every for name in watching) <= 300


def test_pc_runs_nothing_that_takes_a_secret() -> None:
    catalog = discover()
    for task in load_schedule(catalog)[Role.PC].tasks:
        fields = dataclasses.fields(catalog[task.probe].Settings)
        assert not [field.name for field in fields if field.metadata.get("secret")], task.probe
        assert task.probe not in ROWS
