"""A check of machines: so many of a school's must show a fact, in their newest answer.

A machine that never answered, could not look, or answered too long ago is unknown. One whose system
cannot have the thing at all says so (`not_here`) and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.judge.share import judge_share
from collector.register.model import Agent, School
from collector.store import Latest, MetricRef
from config.duty import FactCheck
from config.policy import Operator
from probes.model import Unit
from probes.posture import NOT_HERE, PART
from probes.text import Text

NO_ANSWER = Text("台尚无结果", "without any answer")
NO_AGENT = Text(
    "该校没有接入任何设备，无从得知。", "No machine of the school has an agent; nothing is known."
)
NOT_HERE_AT_ALL = Text("台的系统没有这一项", "whose system has no such thing")


@dataclass(frozen=True, slots=True)
class _Machines:
    """The school's machines by what they answered."""

    met: int
    not_met: int
    stale: int
    exempt: int
    silent: tuple[Agent, ...]
    newest: tuple[Latest, ...]

    @property
    def asked(self) -> int:
        return self.met + self.not_met + self.stale + len(self.silent)


def judge_fact(school: School, check: FactCheck, scene: Scene) -> Finding:
    """Met when the share holds whatever the unknown machines are."""
    agents = scene.agents(school, check.roles)
    if not agents:
        return Finding(Verdict.UNDETERMINED, NO_AGENT)
    machines = _sort(school, check, scene, agents)
    unknown = machines.stale + len(machines.silent)
    verdict = judge_share(machines.met, machines.not_met, unknown, check.share, Operator.AT_LEAST)
    reason = _reason(len(agents), machines, _silence(machines.silent, check, scene))
    return Finding(verdict, reason, (_leg(check, machines, verdict, reason),))


def _sort(school: School, check: FactCheck, scene: Scene, agents: Sequence[Agent]) -> _Machines:
    metric = MetricRef(check.probe, check.metric)
    reports = scene.newest(metric, school, dict(check.where))
    exempt = [a for a in agents if a.id not in reports and _is_exempt(a, check, scene)]
    answers = [reports[a.id] for a in agents if a.id in reports]
    fresh = [a for a in answers if scene.is_fresh(school, a.at, check.fresh_school_days)]
    met = sum(check.operator.holds(Fraction(a.value), check.value) for a in fresh)
    silent = tuple(a for a in agents if a.id not in reports and a not in exempt)
    return _Machines(
        met=met,
        not_met=len(fresh) - met,
        stale=len(answers) - len(fresh),
        exempt=len(exempt),
        silent=silent,
        newest=tuple(answers),
    )


def _is_exempt(agent: Agent, check: FactCheck, scene: Scene) -> bool:
    run = scene.not_run(check.probe, dict(check.where).get(PART, "")).get(agent.id)
    return run is not None and run.reason == NOT_HERE


def _leg(check: FactCheck, machines: _Machines, verdict: Verdict, reason: Text) -> Leg:
    asked, fresh = machines.asked, machines.met + machines.not_met
    return Leg(
        name=LegName.DEVICES,
        verdict=verdict,
        value=machines.met / asked if fresh else None,
        required=float(check.share),
        unit=Unit.RATIO,
        reason=reason,
        evidence=Evidence(
            layer="device",
            method=check.fact,
            n=fresh,
            coverage=fresh / asked if asked else None,
            newest=max((answer.at for answer in machines.newest), default=None),
        ),
    )


def _silence(silent: Sequence[Agent], check: FactCheck, scene: Scene) -> list[tuple[int, Text]]:
    """How many machines gave no answer for which reason; those that never ran have none."""
    runs = scene.not_run(check.probe, dict(check.where).get(PART, ""))
    reasons = Counter(scene.words_for(runs[a.id]) if a.id in runs else NO_ANSWER for a in silent)
    return [(n, why if why is NO_ANSWER else _could_not_look(why)) for why, n in reasons.items()]


def _could_not_look(why: Text) -> Text:
    return Text(f"台未能检查（{_bare(why.zh)}）", f"could not look ({_bare(why.en)})")


def _bare(sentence: str) -> str:
    return sentence.rstrip("。.")


def _reason(total: int, machines: _Machines, silence: Sequence[tuple[int, Text]]) -> Text:
    """How the machines stand, naming only what there is."""
    counts = (
        (machines.met, Text("台符合", "as it should be")),
        (machines.not_met, Text("台不符合", "not so")),
        (machines.stale, Text("台的结果已过期", "with an answer too old")),
        (machines.exempt, NOT_HERE_AT_ALL),
        *silence,
    )
    zh = "，".join(f"{n} {word.zh}" for n, word in counts if n)
    en = ", ".join(f"{n} {word.en}" for n, word in counts if n)
    return Text(f"{total} 台设备中：{zh}。", f"Of {total} machines: {en}.")
