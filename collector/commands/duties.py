"""`banjun-collector duties`: which security duties are fulfilled, and what to do next."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from collector.commands.client import ask
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import OK, Subparsers, add_json, command
from collector.commands.rectify import add_rectify
from config.duty import DUTY_KINDS
from config.quantity import ABSENT, show
from probes.model import Unit
from probes.text import Language, Text

Row = Mapping[str, Any]

STYLES = {
    "pass": "green",
    "attested": "green",
    "fail": "red",
    "unknown": "yellow",
    "error": "yellow",
    "waived": "cyan",
    "not_applicable": "dim",
}
MACHINE_STYLES = {"met": "green", "not_met": "red", "unknown": "yellow", "error": "yellow"}
MOST_STEPS = 12
"""Next steps of one school; more at once are read by nobody."""
_PRESSING = ("fail", "error", "unknown", "waived")
DONE = ("pass", "attested", "not_applicable")
_TITLES = (
    Text("职责", "duty"),
    Text("结论", "assessed"),
    Text("状态", "state"),
    Text("证据", "evidence"),
    Text("说明", "reason"),
)
_PART_TITLES = (
    Text("部分", "part"),
    Text("依据", "by"),
    Text("结论", "assessed"),
    Text("状态", "state"),
    Text("证据", "evidence"),
    Text("说明", "reason"),
)
_MACHINE_TITLES = (
    Text("设备", "machine"),
    Text("编号", "id"),
    Text("状态", "state"),
    Text("现值", "value"),
    Text("来源", "source"),
    Text("权限", "privilege"),
    Text("测于", "age"),
    Text("说明", "reason"),
)
_NONE = Text("没有符合条件的职责。", "No duty fits.")


_ONE_SCHOOL = Text(
    "一所学校的每一项：duties --school 代码；全县没做到的：duties --open。",
    "Every duty of one school: duties --school CODE; all that is not done: duties --open.",
)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "duties",
        language,
        title=Text(
            "网络安全职责：履行了没有，下一步做什么", "security duties, and what to do next"
        ),
        about=Text(
            "结论用测评的说法：符合、部分符合（附比例）、不符合、不适用、未核查。没有证据、证据过期或"
            "检查出错都是未核查，从不当作不适用。得分 =（符合 + 已签认）/（全部 − 不适用）；"
            "豁免的留在分母。签署从不代替测量，测量也不代替签署。数据取自运行中的采集器；"
            "rectify 直接读写登记库。",
            "`assessed` is what an assessor would write: conforms, partly (with the ratio), does "
            "not, not applicable, not checked. What has no evidence, or only old or faulty "
            "evidence, is not checked, and never not applicable. Score = (pass + attested) / (all "
            "- not applicable); what is waived stays in the denominator. A signature never stands "
            "for a measurement, nor a measurement for a signature. The running collector is "
            "asked; `rectify` works on the register itself.",
        ),
        examples=[
            ("duties", Text("全部学校", "all schools")),
            (
                "duties --school 9934000001 --open",
                Text("一所学校还没做到的", "what one school owes"),
            ),
            (
                "duties --school 9934000001 --duty duty.host_firewall",
                Text("一项职责：逐台设备、条款、怎么办", "one duty: machines, clauses, what to do"),
            ),
            ("duties --role 副校长 --json", Text("某一责任人的，作为数据", "of one role, as data")),
            ("duties rectify list --overdue", Text("逾期未整改的", "what is overdue")),
        ],
        run=run,
    )
    _add_arguments(parser, language)
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=False
    )
    add_rectify(actions, language)


def _add_arguments(parser: Any, language: Language) -> None:
    parser.add_argument(
        "--school", metavar="CODE", help=Text("只看一所学校", "only this school")(language)
    )
    parser.add_argument(
        "--duty",
        metavar="ID",
        help=Text("一项职责的全部证据", "all evidence of one duty")(language),
    )
    parser.add_argument(
        "--open",
        action="store_true",
        dest="only_open",
        help=Text("只看还没做到的", "only those not fulfilled yet")(language),
    )
    parser.add_argument(
        "--kind", choices=list(DUTY_KINDS), help=Text("只看一类", "only of this kind")(language)
    )
    parser.add_argument(
        "--role",
        metavar="WORDS",
        help=Text("责任人含有这几个字的", "whose responsible role has these words")(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    answer = dict(ask(args.data_dir, "/v1/duties", {"school": args.school}))
    answer["duties"] = [row for row in answer["duties"] if _is_wanted(row, args)]
    if args.json:
        show_json(answer)
        return OK
    if not answer["duties"]:
        say(_NONE, args.language)
        return OK
    if args.duty:
        for row in answer["duties"]:
            _show_duty(row, args.language)
        return OK
    shown = {row["school"] for row in answer["duties"]}
    schools = [school for school in answer["schools"] if school["school"] in shown]
    if not (args.school or args.only_open or args.kind or args.role):
        _show_county(schools, args.language)
        return OK
    for school in schools:
        own = [row for row in answer["duties"] if row["school"] == school["school"]]
        _show_school(school, own, args.language)
    return OK


def _show_county(schools: Sequence[Row], language: Language) -> None:
    """A line for each; all duties of all schools are read by nobody."""
    for school in schools:
        _show_score(school, language)
    say(_ONE_SCHOOL, language)


def _is_wanted(row: Row, args: argparse.Namespace) -> bool:
    role = (args.role or "").lower()
    return (
        args.duty in (None, row["duty"])
        and args.kind in (None, row["kind"])
        and not (args.only_open and (row["state"] in DONE or row["advice"]))
        and any(role in text.lower() for text in row["role"].values())
    )


def _show_score(school: Row, language: Language) -> None:
    name = f"{school['school_name']} {school['school']}"
    print(f"{name}: {words(school['score_text'], language)}")


def _show_school(school: Row, rows: Sequence[Row], language: Language) -> None:
    _show_score(school, language)
    lines: list[list[object]] = []
    for kind, title in DUTY_KINDS.items():
        own = [row for row in rows if row["kind"] == kind]
        if own:
            lines.append([Styled(title(language), "bold"), *[""] * (len(_TITLES) - 1)])
            lines += [_duty_line(row, language) for row in own]
    show_table([title(language) for title in _TITLES], lines, folds=(0, 4))
    _show_steps(rows, language)
    print()


def _show_steps(rows: Sequence[Row], language: Language) -> None:
    """What is wrong first; beyond the first few, only their number and ids."""
    steps = [row for row in rows if row["state"] not in DONE and not row["advice"]]
    steps.sort(key=lambda row: _PRESSING.index(row["state"]))
    if steps:
        print(Text("下一步：", "What to do next:")(language))
    for row in steps[:MOST_STEPS]:
        print(f"  {words(row['title'], language)} ({row['duty']}): {_next(row, language)}")
    left = [row["duty"] for row in steps[MOST_STEPS:]]
    if left:
        print(
            Text(
                f"  另有 {len(left)} 项，用 --duty 编号 逐项查看：{' '.join(left)}",
                f"  {len(left)} more; --duty ID shows each: {' '.join(left)}",
            )(language)
        )


def _duty_line(row: Row, language: Language) -> list[object]:
    advice = Text("（建议）", " (advice)")(language) if row["advice"] else ""
    return [
        f"  {words(row['title'], language)}{advice}",
        words(row["ratio_text"], language),
        _styled(row, language),
        evidence(row, language),
        words(row["reason"], language),
    ]


def _next(row: Row, language: Language) -> str:
    """The machines to walk to, and the remedy."""
    machines = {
        machine["hostname"] or machine["agent"]
        for part in row["parts"]
        for machine in part["machines"]
        if machine["state"] == "not_met" and not machine["waiver"]
    }
    where = Text("、", ", ")(language).join(sorted(machines))
    return (
        f"[{where}] {words(row['remedy'], language)}" if where else words(row["remedy"], language)
    )


def _show_duty(row: Row, language: Language) -> None:
    print(f"{words(row['title'], language)} ({row['duty']}) · {row['school_name']} {row['school']}")
    print(f"{words(row['ratio_text'], language)}: {words(row['reason'], language)}")
    print(Text("责任人：", "Answers for it: ")(language) + words(row["role"], language))
    print()
    lines = [
        [
            words(part["title"], language),
            words(part["asks"], language),
            words(part["ratio_text"], language),
            _styled(part, language),
            evidence(part, language),
            words(part["reason"], language),
        ]
        for part in row["parts"]
    ]
    show_table([title(language) for title in _PART_TITLES], lines, folds=(0, 1, 5))
    for part in row["parts"]:
        _show_part(part, language)
    print()
    print(Text("为什么：", "Why: ")(language) + words(row["why"], language))
    print(Text("怎么办：", "What to do: ")(language) + words(row["remedy"], language))
    for cited in row["citations"]:
        verified = words(cited["verified_text"], language)
        print(f"· {cited['document']} {cited['article']} ({verified})")
    print()


def _show_part(part: Row, language: Language) -> None:
    if part["machines"]:
        print(f"\n{words(part['title'], language)}")
        lines = [_machine_line(machine, language) for machine in part["machines"]]
        show_table([title(language) for title in _MACHINE_TITLES], lines, folds=(0, 7))
    for waived in part["waived"]:
        until, who = waived["until"][:10], waived["actor"]
        print(
            Text(
                f"豁免 {waived['waiver']}：至 {until}，{who}：{waived['reason']}",
                f"Waiver {waived['waiver']}: until {until}, {who}: {waived['reason']}",
            )(language)
        )
    item = part["rectification"]
    if item:
        print(item_words(item)(language))


def item_words(item: Row) -> Text:
    """`整改 3：2026-12-23 前，负责人 …`."""
    zh = en = ""
    if item["suspended"]:
        zh, en = "（豁免中，暂停）", " (suspended by a waiver)"
    elif item["overdue"]:
        zh, en = "（已逾期）", " (overdue)"
    return Text(
        f"整改 {item['item']}：{item['due']} 前{zh}，负责人 {item['owner'] or '按职责'}",
        f"To be put right, item {item['item']}: by {item['due']}{en}, "
        f"owner {item['owner'] or 'as the duty says'}",
    )


def _machine_line(machine: Row, language: Language) -> list[object]:
    state = Styled(words(machine["state_text"], language), MACHINE_STYLES.get(machine["state"], ""))
    return [
        machine["hostname"],
        machine["agent"],
        state,
        words(machine["value_text"], language),
        machine["source"],
        machine["privilege"],
        age(machine["age_seconds"], language),
        words(machine["reason"], language),
    ]


def _styled(row: Row, language: Language) -> Styled:
    return Styled(str(words(row["state_text"], language)), STYLES.get(row["state"], ""))


def evidence(row: Row, language: Language) -> str:
    """Its freshness and age: an axis beside the state."""
    fresh = str(words(row["freshness_text"], language))
    if row["age_seconds"] is None:
        return fresh
    return f"{fresh} {age(row['age_seconds'], language)}"


def age(seconds: float | None, language: Language) -> str:
    if seconds is None:
        return ABSENT
    ago = Text("前", " ago")(language)
    return f"{show(max(1.0, float(round(seconds))), Unit.SECONDS, language)}{ago}"
