"""docs/coverage.md: every row of the plans, and where it is answered. Chinese first.

`python -m collector.coverage` writes the page; with `--check` it only says whether it differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from collector.__main__ import command_modules
from collector.judge.duty.page import name_of
from collector.judge.duty.pages import FOLDER
from collector.judge.indicator import discover as indicators
from collector.judge.judge import read_policies
from collector.judge.pages import NOTICE
from collector.register.model import Link, School
from collector.register.school_facts import CLAIMS, COUNTS
from config.coverage_file import AnswerKind, Existing, Plan, Row, load_coverage
from config.generated import Generated
from config.policy import Policies
from probes.catalog import discover as probes
from probes.text import Text

ROOT = Path(__file__).parents[1]
NAME = "coverage.md"
_KINDS = {
    AnswerKind.DUTY: Text("职责", "duty"),
    AnswerKind.ATTEST: Text("签署", "signed"),
    AnswerKind.INDICATOR: Text("指标", "indicator"),
    AnswerKind.TARGET: Text("目标值", "target value"),
    AnswerKind.PROBE: Text("探测", "probe"),
    AnswerKind.REGISTER: Text("登记簿", "register"),
    AnswerKind.COMMAND: Text("命令", "command"),
    AnswerKind.BOARD: Text("看板", "dashboard"),
    AnswerKind.GUIDE: Text("文档", "guide"),
}


def what_exists(policies: Policies) -> Existing:
    """All that a row may name, found in the program itself and in its repository."""
    judged = indicators()
    return {
        AnswerKind.DUTY: {duty.id for duty in policies.duties},
        AnswerKind.ATTEST: {f"{d.id}/{a.id}" for d in policies.duties for a in d.attests},
        AnswerKind.INDICATOR: {*judged.targets, *judged.duties},
        AnswerKind.TARGET: {target.policy for target in policies.targets},
        AnswerKind.PROBE: set(probes()),
        AnswerKind.REGISTER: {
            *(f.name for kind in (School, Link) for f in fields(kind)),
            *COUNTS,
            *CLAIMS,
        },
        AnswerKind.COMMAND: {_command(module.__name__) for module in command_modules()},
        AnswerKind.BOARD: {path.stem for path in (ROOT / "grafana" / "boards").glob("[!_]*.py")},
        AnswerKind.GUIDE: {
            path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")
        },
    }


def _command(module: str) -> str:
    return module.rpartition(".")[2].replace("_", "-")


def render(plans: Sequence[Plan], policies: Policies) -> str:
    return "\n".join([NOTICE, "", *_lines(plans, _links(policies))]) + "\n"


Links = Mapping[tuple[AnswerKind, str], str]
"""How an answer is shown, where it has a title or a page."""


def _links(policies: Policies) -> Links:
    links = {}
    for duty in policies.duties:
        page = f"policies/{FOLDER}/{name_of(duty)}"
        links[AnswerKind.DUTY, duty.id] = _titled(duty.title, page)
        for attest in duty.attests:
            title = Text(
                f"{duty.title.zh}：{attest.title.zh}", f"{duty.title.en}: {attest.title.en}"
            )
            links[AnswerKind.ATTEST, f"{duty.id}/{attest.id}"] = _titled(title, page)
    for target in policies.targets:
        page = f"policies/{target.policy}.md"
        links[AnswerKind.TARGET, target.policy] = _titled(target.title, page)
    for probe in probes().values():
        links[AnswerKind.PROBE, probe.name] = _titled(probe.title, f"probes/{probe.name}.md")
    judged = indicators()
    for indicator in (*judged.targets.values(), *judged.duties.values()):
        title = indicator.title
        links[AnswerKind.INDICATOR, indicator.name] = f"{title.zh} {title.en} `{indicator.name}`"
    return links


def _titled(title: Text, page: str) -> str:
    return f"[{title.zh} {title.en}]({page})"


def _lines(plans: Sequence[Plan], links: Links) -> Iterator[str]:
    yield from ("# 规划条目的落实 · Where each row of the plans is answered", "")
    yield "规划中的每一条，或者由下面所列的东西答复，或者写明为什么不在范围内。"
    yield "Each row of the plans is answered by what stands beside it, or it says why it is out of"
    yield "scope."
    yield from ("", "| 规划 plan | 条目 rows | 已答复 answered | 计划中 planned | 不在范围 out |")
    yield "|---|---|---|---|---|"
    for plan in plans:
        counts = " | ".join(str(n) for n in _counts(plan.rows))
        yield f"| [{plan.document}](#{plan.id.lower()}) {plan.place.zh} | {counts} |"
    for plan in plans:
        yield from ("", f'<a id="{plan.id.lower()}"></a>', "", f"## {plan.document}", "")
        yield from (f"{plan.place.zh} · {plan.place.en}", "")
        yield "| 条目 row | 内容 what it is | 在哪里 where |"
        yield "|---|---|---|"
        for row in plan.rows:
            yield f"| {row.id} | {row.says.zh} · {row.says.en} | {_answer(row, links)} |"


def _counts(rows: Sequence[Row]) -> tuple[int, int, int, int]:
    """All, answered, only planned, out of scope."""
    out = sum(row.out is not None for row in rows)
    answered = sum(bool(row.by) for row in rows)
    return len(rows), answered, len(rows) - answered - out, out


def _answer(row: Row, links: Links) -> str:
    if row.out:
        return f"不在范围 out of scope: {row.out.zh} {row.out.en}"
    named = [_named(kind, name, links) for kind, name in row.by]
    later = [f"计划中 planned: issue {number}" for number in row.planned]
    note = f"。{row.note.zh} {row.note.en}" if row.note else ""
    return "；".join([*named, *later]) + note


_PLAIN = {
    AnswerKind.BOARD: "[`{0}`](grafana.md)",
    AnswerKind.COMMAND: "`banjun-collector {0}`",
    AnswerKind.GUIDE: "[{0}]({0})",
    AnswerKind.REGISTER: "`{0}`",
}


def _named(kind: AnswerKind, name: str, links: Links) -> str:
    shown = links.get((kind, name)) or _PLAIN[kind].format(name)
    return f"{_KINDS[kind].zh} {_KINDS[kind].en} {shown}"


def files() -> dict[str, str]:
    policies = read_policies()
    return {NAME: render(load_coverage(what_exists(policies)), policies)}


PAGES = Generated(
    program="collector.coverage",
    about=__doc__,
    files=files,
    folder=Path("docs"),
    pattern=NAME,
)
main = PAGES.main


if __name__ == "__main__":
    sys.exit(main())
