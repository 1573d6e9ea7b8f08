"""`banjun-collector attest`: what people sign for, who confirms it, and whether it is whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from collector.commands.attest_shown import (
    SOON_DAYS,
    clerk_of,
    run_list,
    run_show,
    run_verify,
)
from collector.commands.output import say
from collector.commands.parser import OK, Parser, Subparsers, add_json, command
from collector.commands.register_access import actor, opened
from probes.text import Language, Text

ACTIONS = ("sign", "confirm", "revoke", "list", "show", "verify")


class _SignUnlessSaid(Parser):
    """`attest SCHOOL DUTY` is `attest sign SCHOOL DUTY`."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        given = list(args or ())
        if given and not given[0].startswith("-") and given[0] not in ACTIONS:
            given.insert(0, "sign")
        return super().parse_known_args(given, namespace)


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "attest",
        language,
        title=Text("签署：只有人才能证明的事", "sign for what only a person can say"),
        about=Text(
            "培训、演练、备案、任命之类的事，机器测不到，要由负责的人签署，必要时附文件、由第二人确认。"
            "签署只增不改，前后相链；更正就是再签一次。签署从不代替测量。"
            "直接读写登记库，采集器不必在运行。",
            "Trainings, drills, filings and appointments cannot be measured: the person in charge "
            "signs for them, with a document and a second person where the duty asks for that. "
            "Signatures are only added, each linked to the one before; who corrects one signs "
            "again. A signature never stands in for a measurement. It works on the register "
            "itself, whether or not the collector runs.",
        ),
        examples=[
            ("attest list --due", Text("现在和 30 天内要签的", "what is to be signed soon")),
            (
                "attest 9934000001 duty.security_rules --says fulfilled --person 张三 "
                "--file 制度.pdf",
                Text("签署，附文件", "sign, with a document"),
            ),
            ("attest confirm 12 --person 李四", Text("第二人确认", "a second person confirms")),
            ("attest verify", Text("核对记录和附件", "check the record and its documents")),
        ],
    )
    parser.__class__ = _SignUnlessSaid
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language),
        metavar="ACTION",
        required=True,
        parser_class=Parser,
    )
    _add_sign(actions, language)
    _add_confirm(actions, language)
    _add_revoke(actions, language)
    _add_list(actions, language)
    _add_show(actions, language)
    _add_verify(actions, language)


def _add_sign(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "sign",
        language,
        title=Text("签署", "sign"),
        about=Text(
            "“sign”可以省略。附件按内容识别（PDF、PNG、JPEG、DOCX、XLSX、OFD、TXT），"
            "默认不超过 20 MB，保存在数据目录的 evidence 文件夹里。",
            "The word `sign` may be left out. A document is known by its content (PDF, PNG, JPEG, "
            "DOCX, XLSX, OFD, TXT), has at most 20 MB unless records.toml says otherwise, and is "
            "kept in the folder `evidence` of the data directory.",
        ),
        examples=[
            (
                "attest 9934000001 duty.emergency_drill --says fulfilled --person T0012 "
                "--file 演练记录.pdf --period 2026",
                Text("为 2026 年签署", "sign for 2026"),
            ),
            (
                "attest bureau duty.security_officer deputy-named --says not_fulfilled "
                "--person 王五 --note 分管人员未定",
                Text("教育局签署未做到", "the bureau signs that it is not"),
            ),
        ],
        run=run_sign,
    )
    for name, meaning in _POSITIONS:
        parser.add_argument(name, metavar=name.upper(), help=meaning(language))
    parser.add_argument(
        "attest",
        metavar="ATTEST",
        nargs="?",
        default="",
        help=Text(
            "签署项；职责只有一项时可省略", "which of its signatures; not needed if it has one"
        )(language),
    )
    for name, required, metavar, meaning in _OPTIONS:
        parser.add_argument(
            name, required=required, metavar=metavar, default=None if required else "",
            help=meaning(language),
        )  # fmt: skip
    parser.add_argument(
        "--file", type=Path, metavar="FILE", help=Text("证明文件", "the document")(language)
    )


_POSITIONS = (
    ("school", Text("学校代码，或 bureau（教育局自己）", "code of a school, or `bureau`")),
    ("duty", Text("职责编号，见 attest list", "id of the duty, as `attest list` shows it")),
)
_OPTIONS = (
    (
        "--says",
        True,
        "WORD",
        Text(
            "fulfilled 已做到、not_fulfilled 未做到、not_applicable 不适用",
            "fulfilled, not_fulfilled or not_applicable",
        ),
    ),
    ("--person", True, "NAME", Text("谁签的：姓名或工号", "who signs: name or staff number")),
    ("--role", False, "ROLE", Text("以什么身份，默认照职责", "in which role; the duty's")),
    (
        "--period",
        False,
        "PERIOD",
        Text(
            "为哪个时期：2026、2026-H2、2026-Q4、2026-11；默认当前",
            "for which period: 2026, 2026-H2, 2026-Q4, 2026-11; the current one unless given",
        ),
    ),
    ("--note", False, "TEXT", Text("说明；未做到、不适用时必填", "what is to be said with it")),
)


def _add_confirm(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "confirm",
        language,
        title=Text("第二人确认", "a second person confirms"),
        about=Text(
            "职责要求两人时，第二人确认之前签署不算数；确认的人不能是签署的人。",
            "Where a duty asks for two persons, a signature does not count before the second has "
            "confirmed it, who is not the one who signed.",
        ),
        examples=[("attest confirm 12 --person 李四", Text("确认 12 号", "confirm number 12"))],
        run=run_confirm,
    )
    _add_number(parser, language)
    parser.add_argument(
        "--person",
        required=True,
        metavar="NAME",
        help=Text("谁确认：姓名或工号", "who confirms: name or staff number")(language),
    )


def _add_revoke(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "revoke",
        language,
        title=Text("撤回", "take back"),
        about=Text(
            "签署留在记录里，但不再算数。", "The signature stays on record and counts no longer."
        ),
        examples=[("attest revoke 12 --why 附件有误", Text("撤回 12 号", "take number 12 back"))],
        run=run_revoke,
    )
    _add_number(parser, language)
    parser.add_argument(
        "--why", required=True, metavar="TEXT", help=Text("原因", "the reason")(language)
    )
    parser.add_argument(
        "--person", default="", metavar="NAME", help=Text("谁撤回", "who takes it back")(language)
    )


def _add_list(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "list",
        language,
        title=Text("哪些要签、何时、由谁", "what is to be signed, by when and by whom"),
        about=Text(
            "只列角色，不列姓名；姓名用 attest show 编号 查看。",
            "It names roles, not persons; `attest show ID` names these.",
        ),
        examples=[("attest list --school 9934000001", Text("一所学校的", "of one school"))],
        run=run_list,
    )
    parser.add_argument(
        "--school",
        metavar="CODE",
        help=Text("只看这所；bureau 为教育局签过的", "only this; `bureau`: what it has signed")(
            language
        ),
    )
    parser.add_argument(
        "--due",
        action="store_true",
        help=Text(
            f"只看现在和 {SOON_DAYS} 天内要签的", f"only what is owed within {SOON_DAYS} days"
        )(language),
    )
    add_json(parser, language)


def _add_show(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "show",
        language,
        title=Text("一项签署的全部内容", "all of one signature"),
        about=Text(
            "含姓名；查看会记入访问记录。--save 把附件存为文件。",
            "With names; that it was looked at goes to the access log. --save writes its document "
            "to a file.",
        ),
        examples=[("attest show 12 --save 演练.pdf", Text("取出附件", "take the document out"))],
        run=run_show,
    )
    _add_number(parser, language)
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help=Text("附件存到", "where to")(language)
    )
    add_json(parser, language)


def _add_verify(actions: Any, language: Language) -> None:
    parser = command(
        actions,
        "verify",
        language,
        title=Text("核对记录和附件", "check the record and its documents"),
        about=Text(
            "指出第一条被改动的记录，以及每个缺失或被改的附件；最后一环请抄到别处，"
            "日后可证明此前的记录没有被整体重做。有问题时退出码为 1。",
            "It names the first entry that was changed and each document that is missing or "
            "another. Write the newest link down elsewhere: it shows later that nothing up to it "
            "was made anew. Exit code 1 if anything is wrong.",
        ),
        examples=[("attest verify --json", Text("作为数据", "as data"))],
        run=run_verify,
    )
    add_json(parser, language)


def _add_number(parser: Parser, language: Language) -> None:
    parser.add_argument("number", type=int, metavar="ID", help=Text("编号", "its id")(language))


def run_sign(args: argparse.Namespace) -> int:
    from collector.attest.evidence import read_document
    from collector.attest.signing import Wish

    with opened(args.data_dir) as register:
        clerk = clerk_of(register, args.data_dir)
        asked = clerk.find(args.duty, args.attest)
        document = None
        if args.file is not None:
            document = (read_document(args.file, clerk.shelf.largest), args.file.name)
        wish = Wish(
            says=args.says,
            person=args.person,
            period=args.period,
            role=args.role,
            note=args.note,
        )
        made = clerk.sign(args.school, asked, wish, document, actor())
    waits = asked[1].two_persons
    until = made.entry.valid_until
    lasts_zh, lasts_en = (f"有效至 {until[:10]}", f"until {until[:10]}") if until else (
        "撤回前有效", "until it is taken back")  # fmt: skip
    say(
        Text(
            f"已签署，编号 {made.number}，{lasts_zh}。"
            + (f"还须另一人执行 attest confirm {made.number} 才算数。" if waits else ""),
            f"Signed: number {made.number}, {lasts_en}."
            + (f" It counts once another person runs attest confirm {made.number}." * waits),
        ),
        args.language,
    )
    return OK


def run_confirm(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        clerk_of(register, args.data_dir).book.confirm(args.number, args.person, actor())
    said = Text(f"{args.number} 号签署已确认。", f"Signature {args.number} is confirmed.")
    say(said, args.language)
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        book = clerk_of(register, args.data_dir).book
        book.revoke(args.number, args.why, args.person, actor())
    said = Text(f"{args.number} 号签署已撤回。", f"Signature {args.number} is taken back.")
    say(said, args.language)
    return OK
