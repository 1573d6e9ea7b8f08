"""What each machine of a school says of a fact, and whether that still counts.

A machine's newest run decides. What is known to be wrong stays wrong until something else is
measured; what was right counts no more once a newer run could not find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from collector.judge.model import Machine, MachineState
from collector.judge.scene import Answer, Scene
from collector.register.model import Agent, School
from collector.store import LastRun, MetricRef
from config.duty import FactCheck
from probes.model import Outcome
from probes.posture import NOT_HERE, PART, PRIVILEGE, SOURCE
from probes.text import Text

ERRORS = frozenset({"fault", "deadline", "unreadable"})
"""Reasons of runs in which something went wrong, other than that there was nothing to read."""
NO_ANSWER = Text("尚无结果。", "There is no answer yet.")
NO_VALUE = Text("最近一次检查没有得到这个值。", "The newest run found no such value.")
TOO_OLD = Text("结果已过期。", "The answer is too old.")
STILL_WRONG = Text(
    "最近一次没有再得到结果；此前不符合，未见改正。",
    "The newest run found nothing; before that it was not so, and nothing shows that it is now.",
)


def look(school: School, check: FactCheck, scene: Scene) -> tuple[Machine, ...]:
    """Every machine of the roles that the check asks, those to walk to first."""
    asked = (check.fact, check.where, check.operator, check.value, check.roles)
    key = (school.code, *asked, check.fresh_school_days)
    if key not in scene.looked:
        scene.looked[key] = _look(school, check, scene)
    return scene.looked[key]


def _look(school: School, check: FactCheck, scene: Scene) -> tuple[Machine, ...]:
    metric, where = MetricRef(check.probe, check.metric), dict(check.where)
    answers = scene.answers(metric, school, where)
    runs = scene.last_runs(check.probe, where.get(PART, ""))
    one = _Look(school, check, scene)
    found = [
        one.at(agent, answers.get(agent.id, ()), runs.get(agent.id))
        for agent in scene.agents(school, check.roles)
    ]
    return tuple(sorted(found, key=_worst_first))


class _Look:
    """At machines of one school, for one check."""

    def __init__(self, school: School, check: FactCheck, scene: Scene) -> None:
        self._school = school
        self._check = check
        self._scene = scene
        self._known: dict[float, bool] = {}

    def at(self, agent: Agent, answers: Sequence[Answer], run: LastRun | None) -> Machine:
        answer = answers[0] if len(answers) == 1 else min(answers, key=self._holds, default=None)
        if run is not None and answer is not None and not self._is_newer(run, answer):
            run = None
        state, stale, reason = self._state(answer, run)
        seen = answer or run
        return Machine(
            agent=agent.id,
            hostname=agent.hostname,
            role=agent.role.value,
            state=state,
            value=answer.value if answer else None,
            unit=self._check.unit,
            source=answer.labels.get(SOURCE, "") if answer else "",
            privilege=answer.labels.get(PRIVILEGE, "") if answer else "",
            at=seen.at if seen else None,
            stale=stale,
            reason=reason,
        )

    def _state(
        self, answer: Answer | None, run: LastRun | None
    ) -> tuple[MachineState, bool, Text | None]:
        """Of its newest values, and of a newer run that had none."""
        fresh = answer is not None and self._is_fresh(answer.at)
        if run is not None and _is_exempt(run) and self._is_fresh(run.at):
            return MachineState.NOT_HERE, False, self._scene.words_for(run)
        if answer is not None and fresh and not self._holds(answer):
            return MachineState.NOT_MET, False, STILL_WRONG if run else None
        if run is not None:
            return self._learned_nothing(run)
        if answer is None:
            return MachineState.UNKNOWN, False, NO_ANSWER
        if not fresh:
            return MachineState.UNKNOWN, True, TOO_OLD
        return MachineState.MET, False, None

    def _learned_nothing(self, run: LastRun) -> tuple[MachineState, bool, Text | None]:
        stale = not self._is_fresh(run.at)
        if run.outcome is Outcome.OK:
            return MachineState.UNKNOWN, stale, NO_VALUE
        state = MachineState.ERROR if run.reason in ERRORS else MachineState.UNKNOWN
        return state, stale, self._scene.words_for(run)

    def _is_newer(self, run: LastRun, answer: Answer) -> bool:
        """Runs against another target say nothing about this one."""
        return run.at > answer.at and not self._scene.catalog[self._check.probe].aimed

    def _is_fresh(self, at: datetime) -> bool:
        return self._scene.is_fresh(self._school, at, self._check.fresh_school_days)

    def _holds(self, answer: Answer) -> bool:
        # Exactly, in fractions; most machines of a school say the same.
        if answer.value not in self._known:
            holds = self._check.operator.holds(Fraction(answer.value), self._check.value)
            self._known[answer.value] = holds
        return self._known[answer.value]


def _is_exempt(run: LastRun) -> bool:
    return run.outcome is Outcome.NOT_RUN and run.reason == NOT_HERE


_ORDER = (
    MachineState.NOT_MET,
    MachineState.ERROR,
    MachineState.UNKNOWN,
    MachineState.MET,
    MachineState.NOT_HERE,
)


def _worst_first(machine: Machine) -> tuple[object, ...]:
    return _ORDER.index(machine.state), machine.hostname, machine.agent
