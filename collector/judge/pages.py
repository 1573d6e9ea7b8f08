"""Policy data -> docs/policies/*.md, one page per file of policy data, both languages.

`python -m collector.judge.pages FOLDER` writes the pages; with `--check` it only says which differ.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from collector.judge.judge import read_policies
from config.policy import VERIFICATIONS, Citation, Duty, Policies, TargetValue
from config.quantity import show_both
from probes.model import Unit

NOTICE = "<!-- 由策略数据生成，请勿手改。Generated from policy data; do not edit. -->"


def render(policies: Policies) -> dict[str, str]:
    """File name -> page."""
    pages = {}
    for policy, rows in groupby(policies.targets, key=lambda target: target.policy):
        pages[f"{policy}.md"] = _target_page(list(rows))
    for duty in policies.duties:
        pages[f"{duty.id}.md"] = _duty_page(duty)
    return pages


def _target_page(rows: list[TargetValue]) -> str:
    first = rows[0]
    applies, delivery = first.applies, first.delivery
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
        "- 实测要求 delivered: 中位数不低于目标值的 "
        f"{show_both(delivery.tolerance, Unit.RATIO).zh}，至少 {delivery.minimum_days} 个上课日 "
        f"{delivery.minimum_readings} 次有效测量 (median of at least {delivery.minimum_readings} "
        f"valid readings on {delivery.minimum_days} school days; {delivery.origin})",
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


def _duty_page(duty: Duty) -> str:
    lines = [
        NOTICE,
        "",
        f"# {duty.title.zh} · {duty.title.en}",
        "",
        f"- 编号 id: `{duty.id}`",
        f"- 证据 evidence: `{duty.indicator}` {duty.operator} "
        f"{show_both(duty.value, duty.unit).zh} ({duty.evidence}, {duty.value_origin})",
        f"- 等级保护级别 protection levels: {', '.join(map(str, sorted(duty.levels)))}",
        f"- 责任人 role: {duty.role.zh} · {duty.role.en}",
        f"- 周期 cadence: {duty.cadence.zh} · {duty.cadence.en}",
        f"- 版本 revision: `{duty.revision}`",
        "",
        f"**为什么 Why.** {duty.why.zh} {duty.why.en}",
        "",
        f"**怎么办 Remedy.** {duty.remedy.zh} {duty.remedy.en}",
        "",
        "| 文件 document | 条款 article | 施行 in force | 级别 levels | 核对 checked | 注 note |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_citation_line(citation) for citation in duty.citations),
    ]
    return "\n".join(lines) + "\n"


def _citation_line(citation: Citation) -> str:
    checked = VERIFICATIONS[citation.verified]
    span = f"{citation.in_force_from or ''} – {citation.in_force_until or ''}".strip(" –")
    levels = ", ".join(map(str, sorted(citation.levels)))
    note = f"{citation.note.zh} {citation.note.en}" if citation.note else ""
    return (
        f"| {citation.document} | {citation.article} | {span} | {levels} "
        f"| {checked.zh} ({checked.en}) | {note} |"
    )


def stale(folder: Path, pages: dict[str, str]) -> list[str]:
    """The names of generated pages in `folder` that are missing, differ or belong no longer."""
    texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    present = {name: text for name, text in texts.items() if text.startswith(NOTICE)}
    return sorted(n for n in present.keys() | pages.keys() if present.get(n) != pages.get(n))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the pages are as they should be; with --check, 1 and their names when not."""
    parser = argparse.ArgumentParser(prog="python -m collector.judge.pages", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/policies"))
    parser.add_argument("--check", action="store_true", help="只检查，不写入 (only check)")
    options = parser.parse_args(arguments)
    pages = render(read_policies())
    wrong = stale(options.folder, pages)
    if options.check:
        sys.stdout.write("".join(f"{options.folder / name}: out of date\n" for name in wrong))
        return 1 if wrong else 0
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in wrong:
        if name in pages:
            (options.folder / name).write_text(pages[name], "utf-8")
        else:
            (options.folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
