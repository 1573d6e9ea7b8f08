"""Why a message was not delivered, in words; in the register it is a code."""

from __future__ import annotations

from probes.text import Text

NO_CHANNEL = "no_channel"
_WORDS = {
    "no_answer": Text("对方没有应答，或没有收下", "no answer, or the message was not taken"),
    "refused": Text("对方拒绝，代码", "refused, code"),
    "fault": Text("发送程序出错：", "sending failed:"),
    "not_an_address": Text(
        "channels.toml 中的地址不完整", "the address in channels.toml is not complete"
    ),
    NO_CHANNEL: Text("channels.toml 中没有这个渠道", "channels.toml has no such channel"),
}


def fault_words(code: str) -> Text:
    """`refused 403` -> 对方拒绝，代码 403."""
    name, _, number = code.partition(" ")
    found = _WORDS.get(name, Text(name, name))
    return Text(f"{found.zh} {number}".rstrip(), f"{found.en} {number}".rstrip())
