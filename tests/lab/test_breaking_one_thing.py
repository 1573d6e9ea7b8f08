"""A real PC with a real agent: one thing is broken, and exactly the duties that rest on it flip."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.register.model import School
from probes.catalog import discover
from probes.model import Role
from probes.posture import PRIVILEGE, SOURCE
from tests.lab.county import County
from tests.lab.network import Network
from tests.lab.programs import Programs
from tests.lab.space import Space, lab

pytestmark = [pytest.mark.long, pytest.mark.root, pytest.mark.server("ip", "tc", "nft")]
CODE, NAME = "9934000001", "示范小学"
PATIENCE = 60.0
DAY = 86400.0
Key = tuple[str, str]
"""(duty, part)."""

TASK = '[[role.pc.task]]\nprobe = "{0}"\nevery = 1\n'
PROBES = ("posture_firewall", "posture_antivirus", "posture_updates", "open_ports")
SCHEDULE = "[role.pc]\npush_every = 1\nseal_every = 1\n" + "".join(map(TASK.format, PROBES))

FIREWALL = 'fact = "posture_firewall.firewall_active"\nholds = true\n'
PORTS = 'fact = "open_ports.unexpected_ports_count"\noperator = "<="\nvalue = 0\nunit = "count"\n'
ANTIVIRUS = (
    'fact = "posture_antivirus.signature_age_seconds"\noperator = "<="\nvalue = 7\nunit = "d"\n'
)
UPDATES = (
    (
        'fact = "posture_updates.last_upgrade_age_seconds"\nwhere = {{ part = "history" }}\n'
        'operator = "<="\nvalue = 30\nunit = "d"\n'
    )
    .replace("{{", "{")
    .replace("}}", "}")
)
HEADING = """
id = "{0}"
kind = "plan"
title = {{ zh = "{0}", en = "{0}" }}
levels = [2, 3]
role = {{ zh = "网管", en = "technician" }}
cadence = {{ zh = "持续", en = "always" }}
why = {{ zh = "试验", en = "a trial" }}
remedy = {{ zh = "修好", en = "mend it" }}
[applies]
adcodes = []
include_teaching_points = true
[[citation]]
document = "试验"
article = "一"
levels = [2, 3]
verified = "memory"
"""
CHECK = '[[check]]\nid = "{0}"\ntitle = {{ zh = "{0}", en = "{0}" }}\nvalue_origin = "default"\n{1}'


def duty(id: str, **checks: str) -> str:
    return HEADING.format(id) + "".join(CHECK.format(*check) for check in checks.items())


DUTIES = {
    "duties/lab-firewall.toml": duty("lab.firewall", on=FIREWALL),
    "duties/lab-ports.toml": duty("lab.ports", closed=PORTS),
    "duties/lab-edge.toml": duty("lab.edge", on=FIREWALL, closed=PORTS),
    "duties/lab-antivirus.toml": duty("lab.antivirus", fresh=ANTIVIRUS),
    "duties/lab-updates.toml": duty("lab.updates", lately=UPDATES),
}
RULES = (
    "table inet guard {\n chain in {\n  type filter hook input priority 0; policy drop;\n"
    "  ct state established,related accept\n  iif lo accept\n }\n}\n"
)


class Machine:
    """The files of a PC, of which it has been well looked after."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._write("var/lib/dpkg/status", "Package: clamav\nStatus: install ok installed\n")
        self._write("proc/1/comm", "systemd\n")
        self._write("proc/77/comm", "clamd\n")
        self.signatures(1)
        self.upgraded(1)

    def signatures(self, days: float) -> None:
        """ClamAV's newest database was made so long ago."""
        made = int(time.time() - days * DAY)
        header = f"ClamAV-VDB:23 Nov 2026 00-00 +0000:27000:1:90:X:X:builder:{made}"
        self._write("var/lib/clamav/daily.cvd", header.ljust(512))

    def upgraded(self, days: float) -> None:
        """apt's newest upgrade was so long ago."""
        at = time.strftime("%Y-%m-%d  %H:%M:%S", time.localtime(time.time() - days * DAY))
        run = f"Start-Date: {at}\nUpgrade: bash:amd64 (5.1, 5.2)\nEnd-Date: {at}\n"
        self._write("var/log/apt/history.log", run)

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text, "utf-8")
        new.rename(path)


@dataclass(frozen=True)
class AtWork:
    county: County
    programs: Programs
    pc: Space
    machine: Machine

    def parts(self) -> dict[Key, str]:
        """The state of each part of each duty now."""
        answer = self.county.ask("/v1/duties", school=CODE) or {"duties": []}
        return {
            (row["duty"], part["part"]): part["state"]
            for row in answer["duties"]
            for part in row["parts"]
        }

    def facts(self) -> list[dict[str, Any]]:
        answer = self.county.ask("/v1/posture", school=CODE)
        return list(answer["facts"])

    def resting_on(self, probe: str) -> set[Key]:
        """What the posture table says that the facts of `probe` support."""
        return {
            (told["duty"], told["part"])
            for row in self.facts()
            if row["probe"] == probe
            for told in row["supports"]
        }

    def wait(self, key: Key, state: str) -> None:
        self.programs.wait(lambda: self.parts().get(key) == state, f"{key} {state}", PATIENCE)

    def all_well(self) -> None:
        """All duties of this lab are fulfilled, and have stayed so."""
        self.programs.wait(
            lambda: own(self.parts()) != {} and set(own(self.parts()).values()) == {"pass"},
            "all well",
            PATIENCE,
        )


def own(parts: dict[Key, str]) -> dict[Key, str]:
    return {key: state for key, state in parts.items() if key[0].startswith("lab.")}


@pytest.fixture(scope="module")
def at_work() -> Iterator[AtWork]:
    with lab() as (spaces, folder):
        programs = Programs(folder)
        network = Network(spaces)
        line = network.line()
        school = network.school(line)
        county = County(network, folder, programs)
        one = School(code=CODE, name=NAME, adcode="340199", classes={"primary": 12})
        settings = "judge_every = 1.0\n"
        county.prepare([one], {"schedule.toml": SCHEDULE, **DUTIES}, settings)
        machine, pc = Machine(folder / "root"), school.pcs[0]
        pc.rules(RULES)
        try:
            county.start_collector()
            feigned = ("tests.lab.feigned_agent", str(machine.root))
            county.enrol(CODE, pc, Role.PC, program=feigned)
            made = AtWork(county, programs, pc, machine)
            made.all_well()
            yield made
        finally:
            programs.end_all()


def test_posture_table_has_source_and_privilege_of_every_fact_that_declares_them(
    at_work: AtWork,
) -> None:
    catalog, rows = discover(), at_work.facts()
    assert {row["probe"] for row in rows} >= set(PROBES)
    for row in rows:
        labels = catalog[row["probe"]].labels
        if row["value"] is not None:
            assert row["source"] or SOURCE not in labels, row
            assert row["privilege"] in ("user", "admin") or PRIVILEGE not in labels, row
        else:
            assert row["reason"]["zh"], row
    (active,) = [row for row in rows if row["metric"] == "firewall_active"]
    assert (active["value"], active["age_seconds"] < PATIENCE) == (1.0, True)
    assert {told["duty"] for told in active["supports"]} >= {"lab.firewall", "lab.edge"}


def test_command_line_prints_the_table_and_the_duties(at_work: AtWork) -> None:
    table = at_work.county.tell("posture", CODE)
    assert re.search(r"防火墙有效 posture_firewall\.firewall_active .* 是 ", table)
    assert "lab.firewall/on: 符合" in table
    (first, *_) = at_work.county.tell("duties", "--school", CODE).splitlines()
    assert first.startswith(f"{NAME} {CODE}: ")
    assert json.loads(at_work.county.tell("duties", "--json"))["score"]["counts"]["fail"] == 0


BREAKS = {
    "posture_firewall": {("lab.firewall", "on"), ("lab.edge", "on")},
    "open_ports": {("lab.ports", "closed"), ("lab.edge", "closed")},
    "posture_antivirus": {("lab.antivirus", "fresh")},
    "posture_updates": {("lab.updates", "lately")},
}


@pytest.mark.parametrize("probe", list(BREAKS))
def test_one_broken_thing_flips_exactly_the_duties_it_supports(at_work: AtWork, probe: str) -> None:
    at_work.all_well()
    before, resting = at_work.parts(), at_work.resting_on(probe)
    assert BREAKS[probe] <= resting
    _break(at_work, probe)
    try:
        for key in BREAKS[probe]:
            at_work.wait(key, "fail")
        after = at_work.parts()
        flipped = {key for key in before if before[key] != after[key]}
        assert {key for key in flipped if key in own(before)} == BREAKS[probe]
        assert flipped <= resting
        items = json.loads(at_work.county.tell("duties", "rectify", "list", "--json"))
        opened = {(item["duty"], item["part"]) for item in items}
        assert opened & set(own(before)) == BREAKS[probe]
    finally:
        _mend(at_work, probe)
    at_work.all_well()
    closed = json.loads(at_work.county.tell("duties", "rectify", "list", "--all", "--json"))
    states = {(item["duty"], item["part"]): item["state"] for item in closed}
    assert {states[key] for key in BREAKS[probe]} == {"closed"}


def _break(at_work: AtWork, probe: str) -> None:
    if probe == "posture_firewall":
        at_work.pc.run("nft", "flush", "ruleset")
    elif probe == "open_ports":
        listen = "import socket, time; s = socket.create_server(('', 23)); time.sleep(600)"
        at_work.programs.start("telnet", at_work.pc.command(sys.executable, "-c", listen))
    elif probe == "posture_antivirus":
        at_work.machine.signatures(40)
    else:
        at_work.machine.upgraded(90)


def _mend(at_work: AtWork, probe: str) -> None:
    if probe == "posture_firewall":
        at_work.pc.rules(RULES)
    elif probe == "open_ports":
        at_work.programs.end("telnet")
    elif probe == "posture_antivirus":
        at_work.machine.signatures(1)
    else:
        at_work.machine.upgraded(1)
