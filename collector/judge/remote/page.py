"""The rules of remote lessons as a page for people, in both languages."""

from __future__ import annotations

from config.policy import VERIFICATIONS, Verification
from config.quantity import show_both
from config.remote_class import RemoteClass
from probes.model import Unit

NAME = "remote_class.md"
_ORIGINS = {
    "public": "厂商建议，不是政府规定 (vendors' advice, no government's rule)",
    "default": "本项目设定 (this project's own)",
    "plan": "规划 (a plan)",
}


def page(rules: RemoteClass, notice: str) -> str:
    lines = [
        notice,
        "",
        "# 远程课的一分钟怎样算好 · What makes a minute of a remote lesson good",
        "",
        f"- 版本 revision: `{rules.revision}`",
        "",
        "| 规则 rule | 数值 value | 来源 origin |",
        "| --- | --- | --- |",
        *(f"| {what} | {value} | {_ORIGINS[origin]} |" for what, value, origin in _rows(rules)),
        "",
        "| 出处 source | 核对 checked | 内容 says |",
        "| --- | --- | --- |",
    ]
    for source in rules.sources:
        checked = VERIFICATIONS[Verification(source.verified)]
        lines.append(
            f"| {source.document} | {checked.zh} ({checked.en}) "
            f"| {source.says.zh} {source.says.en} |"
        )
    return "\n".join(lines) + "\n"


def _rows(rules: RemoteClass) -> list[tuple[str, str, str]]:
    good, bad, lesson, held = rules.good, rules.bad, rules.lesson, rules.held
    return [
        ("好：每个方向的余量 good: free each way", f"≥ {_rate(good.available)}", good.origin),
        ("好：丢包 good: loss", f"≤ {_share(good.loss)}", good.origin),
        ("好：时延（95%） good: round trip (95%)", f"≤ {_time(good.rtt)}", good.origin),
        ("好：平均抖动 good: mean jitter", f"≤ {_time(good.jitter)}", good.origin),
        ("差：丢包 bad: loss", f"> {_share(bad.loss)}", bad.origin),
        ("差：时延（95%） bad: round trip (95%)", f"> {_time(bad.rtt)}", bad.origin),
        (
            "一节课至少要知道的分钟数 minutes that must be known",
            f"≥ {lesson.minimum_minutes}",
            lesson.origin,
        ),
        (
            "优良的课：好的分钟占已知分钟 good lesson: good minutes of the known",
            f"≥ {_share(float(lesson.good_share))}",
            lesson.origin,
        ),
        (
            "带宽读数最旧 oldest capacity",
            f"{lesson.capacity_minutes} 分钟 min",
            lesson.origin,
        ),
        (
            "开了课：上行比课前高出 held: upload rose by",
            f"≥ {_rate(held.rise)}，{_share(float(held.share))}",
            held.origin,
        ),
        (
            "没开课：两个方向都低于 not held: both ways below",
            f"< {_rate(held.quiet)}，{_share(float(held.share))}",
            held.origin,
        ),
    ]


def _rate(value: float) -> str:
    return show_both(value, Unit.BITS_PER_SECOND).zh


def _share(value: float) -> str:
    return show_both(value, Unit.RATIO).zh


def _time(value: float) -> str:
    return show_both(value, Unit.SECONDS).zh
