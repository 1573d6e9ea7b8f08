"""Policy data -> docs/policies/*.md, one page per file of policy data, both languages.

Duties have a folder of their own, with an index.

`python -m collector.judge.pages FOLDER` writes the pages; with `--check` it only says which differ.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from collector.judge import counting_page
from collector.judge.duty.pages import render as render_duties
from collector.judge.judge import read_policies
from collector.judge.remote import page as remote_page
from collector.judge.standing import STATES
from collector.judge.state import WORSE, bound_of
from collector.lan import page as lan_page
from collector.lan.detector import discover as detectors
from config.generated import Generated
from config.lan_file import load_lan_policy
from config.policy import (
    VERIFICATIONS,
    Applies,
    Delivery,
    LinePolicy,
    Origin,
    Policies,
    TargetValue,
    Wired,
)
from config.quantity import show_both
from config.threshold import Threshold, Thresholds
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.model import Unit

NOTICE = "<!-- 由策略数据生成，请勿手改。Generated from policy data; do not edit. -->"


def render(policies: Policies, thresholds: Thresholds) -> dict[str, str]:
    """File name -> page."""
    pages = {}
    for policy, rows in groupby(policies.targets, key=lambda target: target.policy):
        pages[f"{policy}.md"] = _target_page(list(rows))
    pages |= render_duties(policies.duties, NOTICE)
    for threshold in thresholds.rows:
        pages[f"threshold.{threshold.id}.md"] = _threshold_page(threshold)
    if policies.lines.revision:
        pages["lines.md"] = _lines_page(policies.lines)
    if policies.counting.revision:
        pages[counting_page.NAME] = counting_page.page(policies.counting, NOTICE)
    if policies.remote_class is not None:
        pages[remote_page.NAME] = remote_page.page(policies.remote_class, NOTICE)
    pages[lan_page.NAME] = lan_page.page(load_lan_policy(), detectors(), NOTICE)
    return pages


def _target_page(rows: list[TargetValue]) -> str:
    first = rows[0]
    applies = first.applies
    where = "、".join(applies.adcodes) or "不限 (everywhere)"
    points = "计入 (counted)" if applies.include_teaching_points else "不计入 (left out)"
    lines = [
        NOTICE,
        "",
        f"# {first.title.zh} · {first.title.en}",
        "",
        f"- 编号 id: `{first.policy}`",
        f"- 指标 indicator: `{first.indicator}`",
        f"- 来源 origin: {first.origin.document} ({first.origin.kind})",
        f"- 行政区划代码前缀 adcode prefixes: {where}",
        f"- 教学点 teaching points: {points}",
        f"- 累加 cumulative: {'是 yes' if first.cumulative else '否 no'}",
        *_types(applies),
        *_tags(applies.tags),
        *_certainty(first.origin),
        *_delivered(first.delivery),
        f"- 版本 revision: `{first.revision}`",
        "",
    ]
    if first.origin.note:
        lines += [f"{first.origin.note.zh} {first.origin.note.en}", ""]
    lines += [
        "| 截止 due | 区域 area | 数值 value | 学校占比 share | 条款 clause | 原文 quote |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.due} | {row.area_title.zh} {row.area_title.en} | {row.operator} {row.written} "
        f"| {row.share_operator} {row.share} | {row.clause} | {row.quote} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _types(applies: Applies) -> list[str]:
    """Which kinds of unit and school types it is limited to, where it is."""
    lines = []
    if applies.unit_kinds != Applies().unit_kinds:
        kinds = ", ".join(f"`{kind}`" for kind in sorted(applies.unit_kinds))
        lines.append(f"- 单位类型 unit kinds: {kinds}")
    if applies.type_codes:
        lines.append(f"- 办学类型码 school types: {', '.join(sorted(applies.type_codes))}")
    return lines


def _tags(tags: frozenset[str]) -> list[str]:
    named = ", ".join(f"`{tag}`" for tag in sorted(tags))
    return [f"- 只针对带标签的学校 only schools tagged: {named}"] if tags else []


def _certainty(origin: Origin) -> list[str]:
    """How the citation was checked, and whose the number is, where that differs."""
    lines = []
    if origin.verified:
        checked = VERIFICATIONS[origin.verified]
        lines.append(f"- 核对 checked: {checked.zh} ({checked.en})")
    if origin.value_origin != origin.kind:
        own = "本项目设定 (this project's own)"
        shown = own if origin.value_origin == "default" else origin.value_origin
        lines.append(f"- 数值来源 origin of the value: {shown}")
    return lines


def _delivered(delivery: Delivery) -> list[str]:
    if not (delivery.minimum_days or delivery.minimum_readings):
        return []
    return [_readings_asked(delivery)]


def _readings_asked(delivery: Delivery) -> str:
    days, readings = delivery.minimum_days, delivery.minimum_readings
    if delivery.tolerance != 1:
        return (
            "- 实测要求 delivered: 中位数不低于目标值的 "
            f"{show_both(delivery.tolerance, Unit.RATIO).zh}，至少 {days} 个上课日 "
            f"{readings} 次有效测量 (median of at least {readings} "
            f"valid readings on {days} school days; {delivery.origin})"
        )
    covered = show_both(delivery.minimum_coverage, Unit.RATIO).zh
    zh, en = (
        (f"，覆盖率不低于 {covered}", f", coverage of at least {covered}")
        if delivery.minimum_coverage
        else ("", "")
    )
    return (
        f"- 证据要求 evidence: 上课时至少 {days} 天 {readings} 次读数{zh} (at least {readings} "
        f"readings in lessons on {days} days{en}; {delivery.origin})"
    )


def _threshold_page(row: Threshold) -> str:
    grounds = row.grounds
    targets = ", ".join(f"`{target}`" for target in sorted(row.targets)) or "全部 (all)"
    source = grounds.document or "本项目设定 this project's own"
    of = "，占合同下行带宽的比例 (as a share of the contracted download)" * bool(row.relative_to)
    lines = [
        NOTICE,
        "",
        f"# {row.title.zh} · {row.title.en}",
        "",
        f"- 编号 id: `{row.id}`",
        f"- 指标 metric: `{row.probe}.{row.metric}`, {row.statistic}{_of_newest(row)}{of}",
        *_labels(row),
        f"- 窗口 window: {_span(row.window.total_seconds())}；窗口内没有读数即为未知 "
        "(without a reading in it the state is unknown)",
        f"- 代理程序 agents: {', '.join(sorted(row.roles))}; 目标 targets: {targets}",
        f"- 时段 period: {row.period or '不限 (any)'}",
        f"- 来源 origin: {source} ({grounds.kind})",
    ]
    if grounds.verified:
        checked = VERIFICATIONS[grounds.verified]
        lines.append(f"- 核对 checked: {checked.zh} ({checked.en})")
    lines += [f"- 版本 revision: `{row.revision}`", "", f"{row.why.zh} {row.why.en}", ""]
    if grounds.note:
        lines += [f"{grounds.note.zh} {grounds.note.en}", ""]
    lines += [
        "| 状态 state | 界限 bound | 持续 hold | 恢复 recovery |",
        "| --- | --- | --- | --- |",
        *(
            f"| {STATES[state].zh} {STATES[state].en} | {row.operator} {bound.written} "
            f"| {_span(bound.hold.total_seconds())} | {_span(bound.recovery.total_seconds())} |"
            for state in WORSE
            if (bound := bound_of(row, state)) is not None
        ),
    ]
    return "\n".join(lines) + "\n"


def _of_newest(row: Threshold) -> str:
    return "" if row.newest is None else f"，取最新 {row.newest} 次 (of the newest {row.newest})"


def _labels(row: Threshold) -> list[str]:
    if not row.labels:
        return []
    shown = ", ".join(f"`{name}={'|'.join(of)}`" for name, of in row.labels.items())
    return [f"- 只算这样的读数 only readings with: {shown}"]


def _lines_page(lines: LinePolicy) -> str:
    delivery = lines.delivery
    sold = "、".join(show_both(offer, Unit.BITS_PER_SECOND).zh for offer in lines.offers)
    covered = show_both(lines.lesson_coverage, Unit.RATIO).zh
    rows = [
        NOTICE,
        "",
        "# 线路与合同 · Lines and their contracts",
        "",
        _readings_asked(delivery).replace("目标值", "合同带宽").replace("实测要求", "线路达到合同"),
        f"- 可订购的带宽 offers: {sold or '不限 (any)'}；应订购的带宽向上取到其中一档 "
        "(what is to be contracted is rounded up to one of them)",
        f"- 有容量读数的课时 lessons with a capacity reading: {covered} ({lines.coverage_origin})；"
        "这是对测量的要求，不是对学校的结论 (asked of the measuring; no verdict about a school)",
        *_wired(lines.wired),
        f"- 版本 revision: `{lines.revision}`",
    ]
    return "\n".join(rows) + "\n"


def _wired(rules: Wired | None) -> list[str]:
    if rules is None:
        return []
    above, carried, low, high = (
        show_both(share, Unit.RATIO).zh
        for share in (rules.above, rules.carried, rules.hop_from, rules.hop_to)
    )
    hops = "、".join(show_both(hop, Unit.BITS_PER_SECOND).zh for hop in rules.hops)
    stretch = _span(rules.stretch.total_seconds())
    return [
        f"- 有线哨兵 wired sentinel ({rules.origin})：网关装不了代理程序时，"
        "上联口计数能够确认的读数计入 "
        "(counts where the counters of the uplink's port confirm it)",
        f"  - 读数所在及前后的 {stretch}都有计数，没有一次比读数高出 {above} 以上 "
        "(counters in each of these stretches, none above the reading by more)",
        f"  - 端口至少传过测量自身流量的 {carried} (the port carried at least this of what the "
        "measurement sent)；读数不高于端口速率 (no reading is above the port's speed)",
        f"  - 为 {hops} 的 {low} 至 {high} 而端口或合同更快的，只作下限 "
        "(only a lower bound where port or contract are faster)",
    ]


def _span(seconds: float) -> str:
    return show_both(seconds, Unit.SECONDS).zh


PAGES = Generated(
    program="collector.judge.pages",
    about=__doc__,
    files=lambda: render(read_policies(), load_thresholds(discover())),
    folder=Path("docs/policies"),
    is_ours=lambda text: text.startswith(NOTICE),
)
main = PAGES.main


if __name__ == "__main__":
    sys.exit(main())
