"""What `banjun-collector attest list`, `show` and `verify` print."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.access.detail import Detail
from collector.commands.output import Styled, say, show_json, show_table, words
from collector.commands.parser import FAILED, OK
from collector.commands.register_access import opened, record_read
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.attest.clerk import Clerk
    from collector.register.register import Register

Row = Mapping[str, Any]

SOON_DAYS = 30
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


def run_list(args: argparse.Namespace) -> int:
    from collector.attest.clerk import BUREAU_WORD
    from collector.attest.rows import owed_row
    from collector.register.register import UnknownSchoolError

    with opened(args.data_dir) as register:
        today = register.today()
        if args.school not in (None, BUREAU_WORD) and register.school(args.school, today) is None:
            raise UnknownSchoolError(args.school)
        owed = clerk_of(register, args.data_dir).owed(args.school)
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
        clerk = clerk_of(register, args.data_dir)
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
        lines = [[_FIELDS[name](args.language), _shown(row[name], name, args.language)]
                 for name in _FIELDS if row[name] not in (None, "")]  # fmt: skip
        show_table([title(args.language) for title in titles], lines)
    return OK


def _shown(value: Any, name: str, language: Language) -> object:
    """As a person reads it: instants in the time of the country, no braces."""
    if name in ("signed_at", "valid_until"):
        return _local(value)
    if name == "file":
        return f"{value['name']} ({value['type']}, {value['bytes']} B, SHA-256 {value['sha256']})"
    if name in ("confirmed", "revoked"):
        said = (value["person"], _local(value["at"]), value["note"], f"({value['entered_by']})")
        return " ".join(word for word in said if word)
    return words(value, language)


def _local(at: str) -> str:
    from collector.judge.judge import COUNTRY_ZONE

    return datetime.fromisoformat(at).astimezone(COUNTRY_ZONE).strftime("%Y-%m-%d %H:%M")


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
        found = clerk_of(register, args.data_dir).verify()
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


def clerk_of(register: Register, data_dir: Path) -> Clerk:
    from collector.attest.clerk import Clerk
    from collector.judge.judge import read_policies
    from config.policy_folder import policies_of

    return Clerk(register, data_dir, read_policies(policies_of(data_dir)).duties)


_NOTHING = Text("没有要签署的职责。", "No duty asks for a signature.")
_NOTHING_DUE = Text(
    f"现在和 {SOON_DAYS} 天内没有要签的。", f"Nothing is to be signed within {SOON_DAYS} days."
)
