"""`banjun-collector init`: our own authority, and a certificate for this collector."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector.commands.output import say, show_json
from collector.commands.parser import OK, Subparsers, add_json, command
from probes.text import Language, Text

if TYPE_CHECKING:
    from collector.tls.folder import TlsFacts, TlsFolder


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "init",
        language,
        title=Text("建立证书机构和证书，供其他机器连接", "certificates for agents elsewhere"),
        about=Text(
            "在数据目录的 tls 里建立自己的证书机构，并为采集器签发证书。再次运行不改变任何东西，"
            "只说明现状。证书到期前由运行中的采集器自动更新，不必重启。注册串带有证书机构的指纹，"
            "代理程序只信任它。请备份 tls/authority.key。",
            "Makes an authority of your own in the folder tls of the data directory, and with it a "
            "certificate for the collector. Run again it changes nothing and says what is there. "
            "The running collector renews the certificate in time, without a restart. Enrolment "
            "strings carry the authority's pin, and agents trust nobody else. "
            "Back up tls/authority.key.",
        ),
        examples=[
            (
                "init --name banjun.example.edu.cn --name 192.0.2.10",
                Text("学校用这个域名或地址连接", "schools reach it by this name or address"),
            ),
            (
                "init --renew --name banjun.example.edu.cn",
                Text("换一张证书，例如换了域名", "another certificate, as for a new name"),
            ),
        ],
        run=run,
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help=Text(
            "代理程序连接采集器所用的域名或 IP 地址，可多次使用；第一个写入注册串。"
            "默认为本机的名称和地址",
            "host name or IP address by which agents reach the collector; may be repeated, and the "
            "first goes into enrolment strings; this machine's names and addresses unless given",
        )(language),
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--renew",
        action="store_true",
        help=Text("现在就换一张证书；指纹不变", "another certificate now; the pin stays")(language),
    )
    again.add_argument(
        "--new-authority",
        action="store_true",
        help=Text(
            "换一个证书机构，由旧的签署：已注册的代理程序照常连接，新的注册串带新指纹",
            "another authority, signed by the old one: enrolled agents go on as before, and new "
            "strings carry the new pin",
        )(language),
    )
    add_json(parser, language)


def run(args: argparse.Namespace) -> int:
    from collector.tls.folder import TlsFolder
    from collector.tls.names import checked, names_of_this_machine

    folder, now = TlsFolder(args.data_dir), datetime.now(UTC)
    wanted = checked(args.name) if args.name else []
    done = _do(args, folder, wanted or names_of_this_machine(), now)
    facts = folder.facts()
    if args.json:
        show_json(_plain(folder, facts))
        return OK
    say(done, args.language)
    _show(folder, facts, args.language)
    changed = args.renew or args.new_authority
    say(_ABOUT_CHANGE if changed else _next_steps(folder), args.language)
    if set(wanted) - set(facts.names):
        say(
            Text(
                "所给的名称没有全部在证书里；要换证书请加 --renew。",
                "Not all the names given are in the certificate; add --renew for another one.",
            ),
            args.language,
        )
    return OK


def _do(args: argparse.Namespace, folder: TlsFolder, names: list[str], now: datetime) -> Text:
    was_made = folder.is_made
    folder.make(names, now)
    if not was_made:
        return Text("已建立：", "Made:")
    if args.renew:
        folder.renew(now, names if args.name else ())
        return Text("已换证书：", "Another certificate was made:")
    if args.new_authority:
        folder.succeed(now)
        return Text("已换证书机构：", "Another authority was made:")
    return Text("早已建立，没有改变：", "There already, nothing changed:")


def _plain(folder: TlsFolder, facts: TlsFacts) -> dict[str, object]:
    return {
        "authority": str(folder.authority),
        "pin": facts.pin,
        "authority_until": facts.authority_until.isoformat(),
        "certificate": str(folder.server),
        "names": facts.names,
        "until": facts.until.isoformat(),
        "renewed_from": facts.renew_at.isoformat(),
    }


def _show(folder: TlsFolder, facts: TlsFacts, language: Language) -> None:
    lines = (
        Text(
            f"证书机构  {folder.authority}，有效至 {_day(facts.authority_until)}",
            f"authority    {folder.authority}, until {_day(facts.authority_until)}",
        ),
        Text(f"指纹      {facts.pin}", f"pin          {facts.pin}"),
        Text(
            f"证书      {folder.server}，有效至 {_day(facts.until)}，"
            f"{_day(facts.renew_at)} 起自动更新",
            f"certificate  {folder.server}, until {_day(facts.until)}, renewed by itself from "
            f"{_day(facts.renew_at)}",
        ),
        Text(f"给        {'、'.join(facts.names)}", f"for          {', '.join(facts.names)}"),
    )
    for line in lines:
        print(line(language))


def _next_steps(folder: TlsFolder) -> Text:
    return Text(
        '接下来：在设置里写 host = "0.0.0.0"（或 serve --host 0.0.0.0），启动采集器，'
        f"再用 token create 生成注册串。请备份 {folder.key}，它不可给任何人。",
        'Next: set host = "0.0.0.0" in the settings (or serve --host 0.0.0.0), start the '
        f"collector, and make strings with `token create`. Back up {folder.key}, and give it "
        "to nobody.",
    )


_ABOUT_CHANGE = Text(
    "运行中的采集器一分钟内换用它，不必重启。请重新备份 tls 文件夹。",
    "A running collector takes it within a minute, without a restart. Back up the folder tls anew.",
)


def _day(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d}"
