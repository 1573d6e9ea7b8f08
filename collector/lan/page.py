"""What is found on schools' networks, by which numbers and on what ground, as a page for people."""

from __future__ import annotations

from collections.abc import Mapping

from collector.judge.standing import STATES
from collector.lan.detector import Detector
from collector.register.model import State
from config.lan_file import Attack, LanPolicy
from config.policy import VERIFICATIONS
from config.quantity import show_both
from probes.model import Unit

NAME = "lan-attacks.md"


def page(policy: LanPolicy, detectors: Mapping[str, Detector], notice: str) -> str:
    settle = show_both(policy.settle.total_seconds(), Unit.SECONDS)
    lines = [
        notice,
        "",
        "# 校园网内发现什么，凭什么 · What is found on a school's network, and on what ground",
        "",
        f"没有登记名单时，新出现的地址或服务器稳定 {settle.zh} 之后才算本校的。"
        f" Without a list, a newcomer is the school's own after {settle.en} without a sign of an "
        "attack.",
    ]
    for id, attack in sorted(policy.attacks.items()):
        lines += ["", *_attack(attack, detectors[id], policy)]
    return "\n".join(lines) + "\n"


def _attack(attack: Attack, detector: Detector, policy: LanPolicy) -> list[str]:
    hold = show_both(attack.hold.total_seconds(), Unit.SECONDS)
    state, grounds = STATES[State(attack.state)], attack.grounds
    document = grounds.document or "本项目设定 this project's own"
    lines = [
        f"## {attack.title.zh} · {attack.title.en}",
        "",
        f"- 编号 id: `{attack.id}`；版本 revision: `{attack.revision}`",
        f"- 状态 state: {state.zh} {state.en}；{hold.zh}没有再看见才结束 (over when not seen for "
        f"{hold.en} by those who looked)",
        f"- 来源 origin: {document} ({grounds.kind})",
    ]
    if grounds.verified:
        checked = VERIFICATIONS[grounds.verified]
        lines.append(f"- 核对 checked: {checked.zh} ({checked.en})")
    windows = (f"`{p}` ({_span(policy.windows[p].total_seconds())})" for p in detector.rests_on)
    lines.append(f"- 依据的探测与时限 rests on, within: {', '.join(windows)}")
    limits = ", ".join(f"`{name}` = {float(value):g}" for name, value in attack.limits.items())
    if limits:
        lines.append(f"- 界限，时间以秒计 limits, times in seconds: {limits}")
    lines += ["", f"{attack.why.zh} {attack.why.en}"]
    if grounds.note:
        lines += ["", f"{grounds.note.zh} {grounds.note.en}"]
    return lines


def _span(seconds: float) -> str:
    both = show_both(seconds, Unit.SECONDS)
    return f"{both.zh} {both.en}"
