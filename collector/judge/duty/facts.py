"""A check of machines: so many of a school's must show a fact, in their newest answer.

A machine that never answered, could not look, or answered too long ago is unknown. One whose system
cannot have the thing at all says so (`not_here`) and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from collector.judge.duty.machines import NO_ANSWER
from collector.judge.model import (
    DutyState,
    Evidence,
    Finding,
    Leg,
    LegName,
    Machine,
    MachineState,
    Verdict,
)
from collector.judge.share import judge_share
from config.duty import FactCheck
from config.policy import Operator
from probes.model import Role, Unit
from probes.text import Text

_ROLES = {
    Role.GATEWAY: Text("网关", "gateway"),
    Role.PC: Text("电脑", "PC"),
    Role.SENTINEL: Text("哨兵", "sentinel"),
}
_COUNTED = (
    (MachineState.MET, Text("台符合", "as it should be")),
    (MachineState.NOT_MET, Text("台不符合", "not so")),
    (MachineState.NOT_HERE, Text("台的系统没有这一项", "whose system has no such thing")),
)
_STALE = Text("台的结果已过期", "with an answer too old")
_SILENT = Text("台尚无结果", "without any answer")
STATES = {
    Verdict.MET: DutyState.PASS,
    Verdict.NOT_MET: DutyState.FAIL,
    Verdict.UNDETERMINED: DutyState.UNKNOWN,
    Verdict.NOT_APPLICABLE: DutyState.NOT_APPLICABLE,
}


def verdict_of(machines: Iterable[Machine], check: FactCheck) -> Verdict:
    """Met when the share holds whatever the machines are of which nothing is known."""
    counts = Counter(machine.state for machine in machines)
    if not counts:
        return Verdict.UNDETERMINED
    unknown = counts[MachineState.UNKNOWN] + counts[MachineState.ERROR]
    met, not_met = counts[MachineState.MET], counts[MachineState.NOT_MET]
    return judge_share(met, not_met, unknown, check.share, Operator.AT_LEAST)


def state_of(machines: Sequence[Machine], check: FactCheck) -> DutyState:
    """As the verdict; an error among the unknown is said, since it can be mended."""
    state = STATES[verdict_of(machines, check)]
    failed = any(machine.state is MachineState.ERROR for machine in machines)
    return DutyState.ERROR if state is DutyState.UNKNOWN and failed else state


def finding_of(machines: Sequence[Machine], check: FactCheck) -> Finding:
    verdict = verdict_of(machines, check)
    if not machines:
        return Finding(verdict, _none_of(check.roles))
    reason = _reason(machines)
    return Finding(verdict, reason, (_leg(check, machines, verdict, reason),))


def _none_of(roles: frozenset[Role]) -> Text:
    """Of the machines that the check looks at: a school with a gateway may have no PC."""
    asked = [words for role, words in _ROLES.items() if role in roles]
    zh, en = "、".join(words.zh for words in asked), " or ".join(words.en for words in asked)
    return Text(
        f"该校没有接入这一项要查的设备（{zh}），无从得知。",
        f"The school has no {en} with an agent; nothing is known.",
    )


def _leg(check: FactCheck, machines: Sequence[Machine], verdict: Verdict, reason: Text) -> Leg:
    counts = Counter(machine.state for machine in machines)
    met = counts[MachineState.MET]
    asked = len(machines) - counts[MachineState.NOT_HERE]
    known = met + counts[MachineState.NOT_MET]
    return Leg(
        name=LegName.DEVICES,
        verdict=verdict,
        value=met / asked if known else None,
        required=float(check.share),
        unit=Unit.RATIO,
        reason=reason,
        evidence=Evidence(
            layer="device",
            method=check.fact,
            n=known,
            coverage=known / asked if asked else None,
            newest=max((m.at for m in machines if m.at and m.value is not None), default=None),
        ),
    )


def _reason(machines: Sequence[Machine]) -> Text:
    """How the machines stand, naming only what there is."""
    states = Counter(machine.state for machine in machines)
    counts = [(states[state], words) for state, words in _COUNTED]
    silent = Counter(_why(machine) for machine in machines if _is_silent(machine))
    counts += [(n, why) for why, n in silent.items()]
    zh = "，".join(f"{n} {word.zh}" for n, word in counts if n)
    en = ", ".join(f"{n} {word.en}" for n, word in counts if n)
    return Text(f"{len(machines)} 台设备中：{zh}。", f"Of {len(machines)} machines: {en}.")


def _is_silent(machine: Machine) -> bool:
    return machine.state in (MachineState.UNKNOWN, MachineState.ERROR)


def _why(machine: Machine) -> Text:
    if machine.stale:
        return _STALE
    if machine.reason is None or machine.reason == NO_ANSWER:
        return _SILENT
    zh, en = machine.reason.zh.rstrip("。."), machine.reason.en.rstrip("。.")
    return Text(f"台未能检查（{zh}）", f"could not look ({en})")
