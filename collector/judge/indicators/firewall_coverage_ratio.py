"""终端防火墙开启率: the share of a school's agent machines whose newest answer is `firewall on`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from collector.judge.indicator import DutyEvidence
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.judge.share import judge_share
from collector.register.model import Agent, School
from collector.store import MetricRef
from config.policy import Duty
from probes.model import Better, Unit
from probes.text import Text

FIREWALL_ACTIVE = MetricRef("posture_firewall", "firewall_active")
NO_ANSWER = Text("台尚无结果", "without any answer")
NO_AGENT = Text(
    "该校没有接入任何设备，无从得知。", "No machine of the school has an agent; nothing is known."
)


class FirewallCoverage(DutyEvidence):
    name: ClassVar[str] = "firewall_coverage_ratio"
    unit: ClassVar[Unit] = Unit.RATIO
    better: ClassVar[Better] = Better.HIGHER
    title: ClassVar[Text] = Text("终端防火墙开启率", "Share of machines with the firewall on")
    meaning: ClassVar[Text] = Text(
        "防火墙已开启的设备占全部接入设备的比例。从未报告或结果过期的设备为未知，不算开启。",
        "Share of enrolled machines whose firewall is on. A machine that never answered, or not "
        "lately, is unknown and does not count as on.",
    )
    needs: ClassVar[tuple[MetricRef, ...]] = (FIREWALL_ACTIVE,)

    def judge(self, school: School, duty: Duty, scene: Scene) -> Finding:
        agents = scene.agents(school, duty.agent_roles)
        if not agents:
            return Finding(Verdict.UNDETERMINED, NO_AGENT)
        reports = scene.newest(FIREWALL_ACTIVE, school)
        answers = [reports[agent.id] for agent in agents if agent.id in reports]
        fresh = [a for a in answers if scene.is_fresh(school, a.at, duty.fresh_school_days)]
        on = sum(1 for answer in fresh if answer.value >= 1)
        off, stale = len(fresh) - on, len(answers) - len(fresh)
        silent = [agent for agent in agents if agent.id not in reports]
        verdict = judge_share(on, off, stale + len(silent), duty.value, duty.operator)
        reason = _reason(len(agents), on, off, stale, _silence(silent, scene))
        leg = Leg(
            name=LegName.DEVICES,
            verdict=verdict,
            value=on / len(agents) if fresh else None,
            required=float(duty.value),
            unit=self.unit,
            reason=reason,
            evidence=Evidence(
                layer="device",
                method=str(FIREWALL_ACTIVE),
                n=len(fresh),
                coverage=len(fresh) / len(agents),
                newest=max((answer.at for answer in answers), default=None),
            ),
        )
        return Finding(verdict, reason, (leg,))


def _silence(silent: Sequence[Agent], scene: Scene) -> list[tuple[int, Text]]:
    """How many machines gave no answer for which reason; those that never ran have none."""
    runs = scene.not_run(FIREWALL_ACTIVE.probe)
    reasons = Counter(scene.words_for(runs[a.id]) if a.id in runs else NO_ANSWER for a in silent)
    return [(n, why if why is NO_ANSWER else _could_not_look(why)) for why, n in reasons.items()]


def _could_not_look(why: Text) -> Text:
    return Text(f"台未能检查（{_bare(why.zh)}）", f"could not look ({_bare(why.en)})")


def _bare(sentence: str) -> str:
    return sentence.rstrip("。.")


def _reason(total: int, on: int, off: int, stale: int, silence: Sequence[tuple[int, Text]]) -> Text:
    """How the machines stand, naming only what there is."""
    counts = (
        (on, Text("台已开启", "on")),
        (off, Text("台未开启", "off")),
        (stale, Text("台的结果已过期", "with an answer too old")),
        *silence,
    )
    zh = "，".join(f"{n} {word.zh}" for n, word in counts if n)
    en = ", ".join(f"{n} {word.en}" for n, word in counts if n)
    return Text(f"{total} 台设备中：{zh}。", f"Of {total} machines: {en}.")
