"""`banjun-collector alert`: the channels there are, and a test of one."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from collector.commands.output import say, show_table
from collector.commands.parser import FAILED, OK, Subparsers, command
from probes.text import BanjunError, Language, Text

_NO_CHANNELS = Text(
    "数据目录中没有 channels.toml；写法见 docs/alerts.md。",
    "There is no channels.toml in the data directory; docs/alerts.md says how to write one.",
)


class NoChannelError(BanjunError):
    """channels.toml has no channel of that name."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "alert",
        language,
        title=Text("告警渠道：列出与测试", "channels of alerts: list and test"),
        about=Text(
            "渠道写在数据目录的 channels.toml（权限 600），哪些事件发往哪里写在 routes.toml。"
            "地址是秘密，任何输出里都没有。",
            "Channels stand in channels.toml in the data directory (mode 600); which incidents go "
            "where is in routes.toml. Addresses are secrets and appear in no output.",
        ),
        examples=[
            ("alert channels", Text("列出渠道", "list the channels")),
            ("alert test county_wecom", Text("发一条测试消息", "send a test message")),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    command(
        actions,
        "channels",
        language,
        title=Text("列出渠道", "list the channels"),
        about=Text("渠道的名字和种类；不发送任何东西。", "Their names and kinds; nothing is sent."),
        examples=[("alert channels", Text("列出渠道", "list the channels"))],
        run=run_channels,
    )
    test = command(
        actions,
        "test",
        language,
        title=Text("发一条测试消息", "send a test message"),
        about=Text(
            "立刻发送，并说明对方是否收下；没有送达时退出码为 1。",
            "It is sent at once, and you are told whether the other side took it; the exit code is "
            "1 when it did not.",
        ),
        examples=[("alert test county_wecom", Text("测试一个渠道", "test one channel"))],
        run=run_test,
    )
    test.add_argument("channel", help=Text("渠道名", "its name")(language))


def run_channels(args: argparse.Namespace) -> int:
    from collector.alert.channel import load_channels

    channels = load_channels(args.data_dir)
    if not channels:
        say(_NO_CHANNELS, args.language)
        return OK
    titles = [Text("渠道", "channel"), Text("种类", "kind")]
    rows = [[channel.id, channel.kind(args.language)] for channel in channels.values()]
    show_table([title(args.language) for title in titles], rows)
    return OK


def run_test(args: argparse.Namespace) -> int:
    """Sends at once, past the outbox, and says what happened."""
    from collector.alert.channel import load_channels
    from collector.alert.fault import fault_words
    from collector.alert.send import DELIVERED, send

    channels = load_channels(args.data_dir)
    if args.channel not in channels:
        known = ", ".join(channels) or "—"
        raise NoChannelError(
            Text(
                f"channels.toml 中没有渠道“{args.channel}”；有：{known}。",
                f"channels.toml has no channel {args.channel!r}; there are: {known}.",
            )
        )
    channel = channels[args.channel]
    fault = send(channel, _message(args.language))
    name = f"{channel.id} ({channel.kind(args.language)})"
    if fault == DELIVERED:
        say(
            Text(f"{name}：对方已收下测试消息。", f"{name} has taken the test message."),
            args.language,
        )
        return OK
    why = fault_words(fault)
    say(Text(f"{name}：没有送达。{why.zh}。", f"{name}: not delivered. {why.en}."), args.language)
    return FAILED


def _message(language: Language) -> Any:
    from collector.alert.message import Message

    at = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    id = f"BJ-test-{datetime.now(UTC):%H%M%S}"
    subject = Text(f"【班均】测试消息 ({id})", f"[Banjun] test message ({id})")
    body = Text(
        f"收到这条消息，说明这个渠道可用。没有发生任何事件。\n时间：{at}\n编号：{id}",
        f"This message says that the channel works. Nothing is wrong.\nAt: {at}\nMessage: {id}",
    )
    return Message(id, subject(language), body(language))
