"""The actions of `banjun-collector incident`: what each is called with, and how it is explained."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from collector.commands.parser import Parser, add_json, command
from probes.text import Language, Text

Runs = Mapping[str, Callable[[argparse.Namespace], int]]

_KNOWN_AT = Text(
    "获知时间，例如 2026-11-23T08:30（学校所在时区）；不写为现在，运行事件已有人确认的取那时",
    "when it became known, such as 2026-11-23T08:30 in the school's own time; unless given it is "
    "now, or when the operational incident was acknowledged",
)
_BY = Text("谁获知的；不写为当前用户", "who took note; the user of this terminal unless given")
_FACTS = Text(
    "事实，写成 名称=值；不清楚写 unknown", "facts, as NAME=VALUE; unknown when nobody knows"
)
_FACT = Text("事实，可多次；不清楚写 unknown", "a fact; repeatable; unknown when nobody knows")
_FROM = Text("由哪些运行事件而来（编号，可多次）", "operational incidents it came from; repeatable")


def add_actions(parser: Parser, language: Language, runs: Runs) -> None:
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=False
    )
    _Actions(actions, language, runs).add_all()


class _Actions:
    def __init__(self, actions: Any, language: Language, runs: Runs) -> None:
        self._actions = actions
        self._language = language
        self._runs = runs

    def add_all(self) -> None:
        self._open()
        self._confirm()
        self._dismiss()
        self._show()
        self._set()
        self._link()
        self._sent()
        self._report()
        self._end()
        self._close()
        self._rules()

    def _add(
        self, name: str, title: Text, about: Text, example: tuple[str, Text], *, of_one: bool = True
    ) -> Parser:
        made = command(
            self._actions,
            name,
            self._language,
            title=title,
            about=about,
            examples=[example],
            run=self._runs[name],
        )
        if of_one:
            self._argument(made, "incident", Text("编号", "number"), type=int)
        return made

    def _argument(self, parser: Parser, name: str, help: Text, **options: Any) -> None:
        parser.add_argument(name, help=help(self._language), **options)

    def _open(self) -> None:
        made = self._add(
            "open",
            Text("立案：有人获知，开始计时", "a person knows of one: the clocks start"),
            Text(
                "种类见 incident rules，事实的名称见 incident set --help。"
                "不知道的不要填：不清楚的按可能发生计时。",
                "`incident rules` lists the kinds, `incident set --help` the names of facts. Leave "
                "out what nobody knows: it counts as possible.",
            ),
            (
                "incident open 9934000001 defacement --fact page=home --persons 0",
                Text("主页被篡改", "the home page was altered"),
            ),
            of_one=False,
        )
        self._argument(made, "school", Text("学校代码", "school code"))
        self._argument(made, "kind", Text("种类", "kind"))
        self._argument(made, "--known-at", _KNOWN_AT, default="", metavar="TIME")
        self._argument(made, "--by", _BY, default="", metavar="WHO")
        minors = Text("是否涉及未成年人", "whether minors are concerned")
        self._argument(made, "--minors", minors, choices=["yes", "no", "unknown"])
        self._argument(made, "--fact", _FACT, action="append", default=[], dest="facts",
                       metavar="NAME=VALUE")  # fmt: skip
        self._argument(made, "--persons", Text("涉及人数", "persons concerned"), metavar="N")
        self._from(made)
        add_json(made, self._language)

    def _confirm(self) -> None:
        made = self._add(
            "confirm",
            Text("确认监测发现的事件：从此获知，开始计时", "a person takes note of what was found"),
            Text(
                "监测发现的只是候选；时限从有人获知时起算。首次发现的时间保留。",
                "What was detected is a candidate; clocks start when a person takes note. When it "
                "was seen first is kept.",
            ),
            ("incident confirm 3", Text("确认 3 号", "confirm number 3")),
        )
        self._argument(made, "--known-at", _KNOWN_AT, default="", metavar="TIME")
        self._argument(made, "--by", _BY, default="", metavar="WHO")
        add_json(made, self._language)

    def _dismiss(self) -> None:
        made = self._add(
            "dismiss",
            Text("排除：监测发现的不是网络安全事件", "what was found is no security incident"),
            Text(
                "只用于还没有确认的；理由留在记录里。", "Only before it is confirmed. Why is kept."
            ),
            ("incident dismiss 3 --because 计划内的改版", Text("计划内改版", "a planned change")),
        )
        self._argument(made, "--because", Text("理由", "why"), required=True, metavar="WHY")
        add_json(made, self._language)

    def _show(self) -> None:
        made = self._add(
            "show",
            Text("一个事件：事实、时限、记录", "one of them: facts, clocks, history"),
            Text(
                "不适用的时限写明是哪一条不成立。记录只增不改，被改动过会说出是第几条。",
                "A clock that does not apply says which condition is refuted. History is only "
                "added to; if an entry was changed, you are told which.",
            ),
            ("incident show 3", Text("看 3 号", "look at number 3")),
        )
        add_json(made, self._language)

    def _set(self) -> None:
        from config.incident_fact import FACTS

        made = self._add(
            "set",
            Text("写下或更正事实", "note or correct facts"),
            Text(
                "名称：" + "、".join(f"{f.name} {f.title.zh}" for f in FACTS.values())
                + "。另有 kind（种类）；known_at（获知时间，只能改早）。不要写学生姓名。",
                "Names: " + ", ".join(f"{f.name} ({f.title.en})" for f in FACTS.values())
                + "; also kind, and known_at, which can only be moved back. Name no pupil.",
            ),
            ("incident set 3 persons=30 minors=yes", Text("人数和未成年人", "persons and minors")),
        )  # fmt: skip
        self._argument(made, "facts", _FACTS, nargs="+", metavar="NAME=VALUE")
        add_json(made, self._language)

    def _link(self) -> None:
        made = self._add(
            "link",
            Text("关联运行事件", "join operational incidents"),
            Text(
                "它们的处置记录会写进报告。编号见 incidents。",
                "What was done about them goes into reports. `incidents` has their numbers.",
            ),
            ("incident link 3 --from 12", Text("关联 12 号", "join number 12")),
        )
        self._from(made, required=True)
        add_json(made, self._language)

    def _from(self, made: Parser, *, required: bool = False) -> None:
        self._argument(
            made, "--from", _FROM, type=int, action="append", default=[], dest="incidents",
            required=required, metavar="N",
        )  # fmt: skip

    def _sent(self) -> None:
        made = self._add(
            "sent",
            Text("记下一项报告已经报出", "note that a report was sent"),
            Text(
                "班均不代人报告；报给谁、何时、用什么方式，由人说明并留存。",
                "Banjun sends no report. To whom, when and by which way is what a person says; it "
                "is kept.",
            ),
            (
                "incident sent 3 C1 --to 省网信办 --by 安全员 --way 12387",
                Text("已报省级网信", "the province was told"),
            ),
        )
        self._argument(made, "clock", Text("时限编号，如 C1", "the clock, such as C1"))
        self._argument(made, "--to", Text("报给谁", "to whom"), required=True, metavar="WHO")
        self._argument(made, "--by", Text("谁报的", "by whom"), required=True, metavar="WHO")
        at = Text("报出时间；不写为现在", "when; now unless given")
        self._argument(made, "--at", at, default="", metavar="TIME")
        way = Text("方式，如 12387 热线", "by which way, such as the hotline 12387")
        self._argument(made, "--way", way, default="", metavar="WAY")
        add_json(made, self._language)

    def _report(self) -> None:
        made = self._add(
            "report",
            Text("生成预填的报告", "make a report, filled in as far as known"),
            Text(
                "首次报告只要第一、二项，其余可以补报。不知道的印“尚不清楚”，要人填写的印“待补充”，"
                "不会编造。每一版都留存，可以再印。",
                "A first report needs items 1 and 2; the others may follow. What nobody knows is "
                "printed as such, what a person has to write as to be completed; nothing is made "
                "up. Each version is kept and can be printed again.",
            ),
            ("incident report 3 --out 首报.docx", Text("首次报告", "the first report")),
        )
        which = made.add_mutually_exclusive_group()
        kinds = {
            "first": Text("首次报告（默认）", "the first report, unless another is named"),
            "supplement": Text("补充报告，八项", "a supplement, with all items"),
            "closing": Text("总结报告，六项", "the closing report"),
        }
        for kind, title in kinds.items():
            which.add_argument(
                f"--{kind}", action="store_const", const=kind, dest="which", default="first",
                help=title(self._language),
            )  # fmt: skip
        self._argument(made, "--out", Text(".docx 或 .txt 文件", "a .docx or .txt file"),
                       required=True, metavar="FILE")  # fmt: skip
        again = Text("再印一次这一版", "print this version again")
        self._argument(made, "--version", again, type=int, metavar="N")
        self._argument(
            made, "--in", Text("报告的语言，默认中文", "its language; Chinese unless given"),
            dest="written_in", choices=[str(each) for each in Language], default="zh",
        )  # fmt: skip

    def _end(self) -> None:
        made = self._add(
            "end",
            Text("处置结束：总结报告开始计时", "it is dealt with: the closing report is due"),
            Text("之后仍可补充事实和报告。", "Facts and reports may still follow."),
            ("incident end 3", Text("3 号处置结束", "number 3 is dealt with")),
        )
        at = Text("结束时间；不写为现在", "when; now unless given")
        self._argument(made, "--at", at, default="", metavar="TIME")
        add_json(made, self._language)

    def _close(self) -> None:
        made = self._add(
            "close",
            Text("结案；还有报告未报时拒绝", "close it; refused while a report is owed"),
            Text("结案之后不能再改。", "Nothing can be added afterwards."),
            ("incident close 3", Text("3 号结案", "close number 3")),
        )
        add_json(made, self._language)

    def _rules(self) -> None:
        made = self._add(
            "rules",
            Text("种类、时限、报给谁，及其出处", "kinds, clocks, whom to tell, and their sources"),
            Text(
                "数据在 reporting.toml；县里各部门和学校安全员的电话在 contacts.toml，"
                "两个文件都可复制到数据目录的 policies/ 里改。",
                "The data are in reporting.toml; numbers of the county's departments and of "
                "schools' officers in contacts.toml. Copy either to policies/ of the data "
                "directory and change it there.",
            ),
            ("incident rules", Text("列出", "list them")),
            of_one=False,
        )
        add_json(made, self._language)
