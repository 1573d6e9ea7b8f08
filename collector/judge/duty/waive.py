"""What a waiver does to the state of a part: it shows that somebody decided, and no more.

A waived part is never fulfilled, stays in the denominator of the score, and keeps its true state
beside it. What is fulfilled or does not apply needs no waiver, and none changes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from collector.judge.duty.facts import state_of
from collector.judge.model import DutyState, Finding, Machine, MachineState, PartStatus
from collector.register.waiver import Waiver
from config.duty import FactCheck
from probes.text import Text

_WAIVABLE = (DutyState.FAIL, DutyState.ERROR, DutyState.UNKNOWN)
_OWING = (MachineState.NOT_MET, MachineState.ERROR, MachineState.UNKNOWN)


def waive(part: PartStatus, waived: Sequence[Waiver]) -> PartStatus:
    """`part` under the waivers in force for it."""
    if not waived:
        return part
    part = replace(part, waived=tuple(waived))
    if part.state not in _WAIVABLE:
        return part
    of_all = next((w for w in waived if not w.agent), None)
    if of_all is not None:
        return _as_waived(part, of_all)
    return _without_machines(part, {w.agent: w for w in waived})


def _without_machines(part: PartStatus, waived: Mapping[str, Waiver]) -> PartStatus:
    """Some machines are waived: the others decide, and if they suffice the part is waived."""
    check = part.part
    machines = tuple(_mark(machine, waived) for machine in part.machines)
    used = [machine.waived for machine in machines if machine.waived]
    if not used or not isinstance(check, FactCheck):
        return part
    part = replace(part, machines=machines)
    state = state_of([_counted(machine) for machine in machines], check)
    if state is DutyState.PASS:
        return _as_waived(part, used[0])
    finding = part.finding
    words = Text(
        f"{finding.reason.zh}其中 {len(used)} 台已豁免。",
        f"{finding.reason.en} Of them waived: {len(used)}.",
    )
    return replace(part, state=state, finding=Finding(finding.verdict, words, finding.legs))


def _mark(machine: Machine, waived: Mapping[str, Waiver]) -> Machine:
    if machine.state in _OWING and machine.agent in waived:
        return replace(machine, waived=waived[machine.agent])
    return machine


def _counted(machine: Machine) -> Machine:
    return replace(machine, state=MachineState.MET) if machine.waived else machine


def _as_waived(part: PartStatus, by: Waiver) -> PartStatus:
    finding = part.finding
    until = by.until.date()
    zh, en = by.reason.rstrip("。."), by.reason.rstrip("。.")
    words = Text(
        f"豁免至 {until}（{by.actor}：{zh}）。实际：{finding.reason.zh}",
        f"Waived until {until} ({by.actor}: {en}). In truth: {finding.reason.en}",
    )
    return replace(
        part, state=DutyState.WAIVED, finding=Finding(finding.verdict, words, finding.legs)
    )
