"""`banjun-collector attest`: what people sign for, who confirms it, and whether it is whole."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import FAILED, OK, Parser, Subparsers, add_json, command
from collector.commands.register_access import actor, opened, record_read
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.attest.clerk import Clerk
    from collector.register.register import Register

Row = Mapping[str, Any]

SOON_DAYS = 30
ACTIONS = ("sign", "confirm", "revoke", "list", "show", "verify")
STYLES = {"never": "red", "lapsed": "red", "no_file": "red", "not_fulfilled": "red",
          "waits": "yellow", "holds": "green"}  # fmt: skip
_TITLES = (
    Text("学校", "school"),
    Text("职责", "duty"),
    Text("签署项", "attest"),
    Text("内容", "what"),
    Text("状况", "standing"),
    Text("最迟", "by"),
    Text("还有（天）", "days left"),
    Text("签署人角色", "signed by the"),
    Text("编号", "signature"),
)

_FIELDS = {
    "signature": Text("编号", "signature"),
    "school": Text("学校", "school"),
    "duty": Text("职责", "duty"),
    "attest": Text("签署项", "attest"),
    "period": Text("时期", "period"),
    "says_text": Text("结论", "says"),
    "person": Text("签署人", "signed by"),
    "role": Text("身份", "role"),
    "signed_at": Text("签署于", "signed at"),
    "valid_until": Text("有效至", "valid until"),
    "note": Text("说明", "note"),
    "file": Text("附件", "document"),
    "confirmed": Text("第二人确认", "confirmed"),
    "revoked": Text("撤回", "taken back"),
    "entered_by": Text("录入", "entered by"),
    "duty_revision": Text("职责版本", "revision of the duty"),
    "link": Text("链", "link"),
}


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
                "attest 9934000001 csl.rules --says fulfilled --person 张三 --file 制度.pdf",
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
                "attest 9934000001 plan.drill --says fulfilled --person T0012 "
                "--file 演练记录.pdf --period 2026",
                Text("为 2026 年签署", "sign for 2026"),
            ),
            (
                "attest bureau party.posts --says not_fulfilled --person 王五 --note 分管人员未定",
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
        clerk = _clerk(register, args.data_dir)
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
        _clerk(register, args.data_dir).book.confirm(args.number, args.person, actor())
    said = Text(f"{args.number} 号签署已确认。", f"Signature {args.number} is confirmed.")
    say(said, args.language)
    return OK


def run_revoke(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        book = _clerk(register, args.data_dir).book
        book.revoke(args.number, args.why, args.person, actor())
    said = Text(f"{args.number} 号签署已撤回。", f"Signature {args.number} is taken back.")
    say(said, args.language)
    return OK


def run_list(args: argparse.Namespace) -> int:
    from collector.attest.clerk import BUREAU_WORD
    from collector.attest.rows import owed_row
    from collector.register.register import UnknownSchoolError

    with opened(args.data_dir) as register:
        today = register.today()
        if args.school not in (None, BUREAU_WORD) and register.school(args.school, today) is None:
            raise UnknownSchoolError(args.school)
        owed = _clerk(register, args.data_dir).owed(args.school)
        rows = [owed_row(one, today) for one in owed if one.is_owed or not args.due]
        if args.due:
            rows = [row for row in rows if _is_soon(row)]
        record_read(register, "attest list", Detail.SECURITY, school=args.school, rows=len(rows))
    if args.json:
        show_json(rows)
    elif rows:
        _show(rows, args.language)
    else:
        say(_NOTHING_DUE if args.due else _NOTHING, args.language)
    return OK


def _is_soon(row: Row) -> bool:
    left = row["days_left"]
    return not row["advice"] and (left is None or left <= SOON_DAYS)


def _show(rows: Sequence[Row], language: Language) -> None:
    lines = [
        [
            f"{row['school']} {row['school_name']}",
            row["duty"],
            row["attest"],
            words(row["title"], language),
            Styled(words(row["standing_text"], language), STYLES.get(row["standing"], "")),
            row["by"],
            row["days_left"],
            words(row["role"], language),
            row["signature"],
        ]
        for row in rows
    ]
    show_table([title(language) for title in _TITLES], lines)


def run_show(args: argparse.Namespace) -> int:
    from collector.attest.rows import attestation_row

    with opened(args.data_dir) as register:
        clerk = _clerk(register, args.data_dir)
        found = clerk.book.one(args.number)
        row = attestation_row(found)
        school = found.entry.school
        record_read(register, "attest show", Detail.PERSON, school=school, rows=1)
        if args.save is not None:
            _save(clerk, args.number, args.save)
    if args.json:
        show_json(row)
    else:
        titles = [Text("项", "field"), Text("内容", "value")]
        lines = [[_FIELDS[name](args.language), words(row[name], args.language)]
                 for name in _FIELDS if row[name] not in (None, "")]  # fmt: skip
        show_table([title(args.language) for title in titles], lines)
    return OK


def _save(clerk: Clerk, number: int, path: Path) -> None:
    from collector.attest.entry import AttestError

    evidence = clerk.book.one(number).evidence
    if evidence is None:
        raise AttestError(
            Text(f"{number} 号签署没有附件。", f"Signature {number} came without a document.")
        )
    content = clerk.shelf.read(evidence)
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as exc:
        raise AttestError(
            Text(
                f"不能写入 {path}：{exc.strerror}。请换一个还不存在的文件名。",
                f"Cannot write {path}: {exc.strerror}. Name a file that does not exist yet.",
            )
        ) from exc


def run_verify(args: argparse.Namespace) -> int:
    with opened(args.data_dir) as register:
        found = _clerk(register, args.data_dir).verify()
    faults = [{"signature": f.number, "file": f.evidence.name, "sha256": f.evidence.sha256,
               "fault": f.fault} for f in found.file_faults]  # fmt: skip
    if args.json:
        show_json(
            {
                "whole": found.is_whole,
                "entries": found.entries,
                "first_broken": found.first_broken,
                "files": found.files,
                "file_faults": faults,
                "unused_files": found.unused,
                "newest": found.newest and found.newest._asdict(),
            }
        )
        return OK if found.is_whole else FAILED
    if found.first_broken is not None:
        say(_broken(found.first_broken), args.language)
    for fault in found.file_faults:
        from collector.attest.evidence import fault_words

        text = fault_words(fault.evidence, fault.fault)
        say(Text(f"{fault.number} 号：{text.zh}", f"{fault.number}: {text.en}"), args.language)
    _say_whole(found, args.language)
    return OK if found.is_whole else FAILED


def _say_whole(found: Any, language: Language) -> None:
    newest = found.newest
    last = f"{newest.number} {newest.link}" if newest else "—"
    good = Text("完好。", "whole. ") if found.is_whole else Text("有问题。", "not whole. ")
    print(
        Text(
            f"记录 {found.entries} 条，附件 {found.files} 个：{good.zh}"
            f"最后一环（请抄到别处）：{last}",
            f"{found.entries} entries, {found.files} documents: {good.en}"
            f"Newest link, to write down elsewhere: {last}",
        )(language)
    )


def _broken(number: int) -> Text:
    return Text(
        f"第 {number} 条记录与前一条接不上：它被改动，或它前面有记录被删除或插入。请与备份比较。",
        f"Entry {number} does not follow from the one before: it was changed, or one before it was "
        "removed or inserted. Compare it with a backup.",
    )


def _clerk(register: Register, data_dir: Path) -> Clerk:
    from collector.attest.clerk import Clerk
    from collector.judge.judge import read_policies
    from config.policy_folder import policies_of

    return Clerk(register, data_dir, read_policies(policies_of(data_dir)).duties)


_NOTHING = Text("没有要签署的职责。", "No duty asks for a signature.")
_NOTHING_DUE = Text(
    f"现在和 {SOON_DAYS} 天内没有要签的。", f"Nothing is to be signed within {SOON_DAYS} days."
)
