"""What this machine's name servers say of names whose true answers the bureau knows."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from probes import apart, resolvers
from probes.metrics import LOOKUP_SECONDS
from probes.model import Better, Probe, Reading, Role, SettingError, Target, setting
from probes.net import is_domain_name
from probes.posture import NONE, count
from probes.refusal import REFUSALS
from probes.text import Text

MOST_NAMES = 16
MOST_RESOLVERS = 4
AT_ONCE = 4
"""Questions to one server, as probes/truth has it."""
START_SECONDS = 10.0
"""That the process which does the work may take to begin."""
_LONGEST_LABEL = 256
_RANDOM_BYTES = 8
_RANDOM_CHARACTERS = 2 * _RANDOM_BYTES + 1

ANSWERS = count(
    "answers_count",
    Text("答复的地址数", "Addresses in the answer"),
    Text(
        "答复中的 IPv4 地址个数；答复说没有这个名称或没有地址时为 0。随机名称应为 0。",
        "IPv4 addresses in the answer; 0 when it says that there is no such name, or no address. "
        "Of the random name it should be 0.",
    ),
    Better.NEITHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    names: tuple[str, ...] = setting(
        (),
        Text(
            f"要核对的名称，最多 {MOST_NAMES} 个。",
            f"Names to be compared, {MOST_NAMES} at most.",
        ),
    )
    canary: str = setting(
        "",
        Text(
            "域名；其下的一个随机名称不应存在。留空则不试。",
            "A domain below which a random name must not exist; empty = not tried.",
        ),
    )
    tries: int = setting(
        2, Text("没有答复时一共问几次。", "Questions, if none is answered."), minimum=1, maximum=3
    )
    timeout: float = setting(
        2.0,
        Text("每次等待的最长时间，秒。", "Seconds that each may take."),
        minimum=0.1,
        maximum=3,
    )

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names) or len(self.names) > MOST_NAMES:
            many = len(self.names)
            raise SettingError(
                Text(
                    f"names：名称应各不相同，最多 {MOST_NAMES} 个；现有 {many} 个。",
                    f"names: they must differ, {MOST_NAMES} at most; there are {many}.",
                )
            )
        for name in (*self.names, *filter(None, (self.canary,))):
            if not is_domain_name(name, room=_RANDOM_CHARACTERS):
                raise SettingError(
                    Text(f"names、canary：{name!r} 不是域名。", f"names, canary: {name!r} is none.")
                )


class ResolverTruth(Probe[Settings]):
    name = "resolver_truth"
    title = Text("解析是否属实", "Truth of resolvers")
    about = Text(
        "向本机正在使用的每个域名服务器（最多 4 个）直接询问设置中的各名称，把得到的 IPv4 地址排序"
        "后作为标签；由采集器与教育局自己解析的结果比较。再问 canary 域名下的一个随机名称：它不"
        "存在，有地址就说明有人改写了答复。每个服务器、每个名称一条读数；target 是服务器的地址。"
        "本机用 systemd-resolved 时，问的是它背后的服务器。",
        "Asks each name server that this machine uses (four at most) directly for the names that "
        "are set, and keeps the IPv4 addresses, sorted, as a label, which the collector compares "
        "with what the bureau itself gets. Then it asks for a random name below the domain "
        "`canary`: there is none, so an address shows that somebody rewrites answers. One reading "
        "for each server and name; the target is the server's address. With systemd-resolved, the "
        "servers behind it are asked.",
    )
    limits = Text(
        "大型网站在各地的地址本来就不同，应核对地址固定的名称。浏览器自己的加密解析（DoH）和 hosts "
        "文件看不到。不验证 DNSSEC。标签放不下的地址略去，answers_count 仍是全部个数。"
        "Windows 部分只用模拟的注册表测试过，其 IPv6 服务器不看。",
        "Large sites have other addresses in each place: names with fixed ones should be compared. "
        "Encrypted look-ups of browsers (DoH) and the hosts file are not seen; DNSSEC is not "
        "checked. Addresses that do not fit in the label are left out of it, never of "
        "answers_count. The Windows part was tested with a feigned registry only, and does not see "
        "servers over IPv6.",
    )
    measures = (ANSWERS, LOOKUP_SECONDS)
    labels: ClassVar[Mapping[str, Text]] = {
        "name": Text(
            "所问的名称；随机名称写作 *.域名。", "The name; a random one is written *.domain."
        ),
        "answer": Text(
            "排序后的地址，以空格分隔；或 nxdomain（没有这个名称）、no_data（没有 IPv4 地址）；"
            f"没有答复时为 {NONE}。",
            "The sorted addresses with spaces between; or nxdomain (no such name), no_data (no "
            f"IPv4 address); {NONE} without an answer.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSALS,
        "no_answer": Text("规定时间内没有答复。", "No answer within the time allowed."),
        "servfail": Text(
            "服务器答复它无法解析（SERVFAIL）。", "The server could not find out (SERVFAIL)."
        ),
        "refused": Text(
            "服务器拒绝为本机解析（REFUSED）。", "The server will not serve us (REFUSED)."
        ),
        "other_code": Text(
            "服务器以其他错误码答复。", "The server answered with another error code."
        ),
        "no_names": Text(
            "没有给出要核对的名称；请设置 names 或 canary。",
            "There is nothing to compare; set `names` or `canary`.",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL, Role.PC})
    Settings = Settings
    deadline_seconds = 75.0

    def longest_seconds(self) -> float:
        many = len(self.settings.names) + bool(self.settings.canary)
        # One try more for TCP.
        asked = -(-many // AT_ONCE) * (self.settings.tries + 1) * self.settings.timeout
        return START_SECONDS + asked

    async def measure(self, target: Target) -> list[Reading]:
        s = self.settings
        names = dict(zip(s.names, s.names, strict=True))
        if s.canary:
            names[f"*.{s.canary}"] = f"{secrets.token_hex(_RANDOM_BYTES)}.{s.canary}"
        if not names:
            raise self.not_run("no_names")
        servers = (await asyncio.to_thread(resolvers.in_use))[:MOST_RESOLVERS]
        question = {
            "servers": servers,
            "names": names,
            "port": resolvers.PORT,
            "tries": s.tries,
            "timeout": s.timeout,
        }
        rows = await apart.ask("probes.truth", question, self.longest_seconds())
        return [_reading(row) for row in rows]


def _reading(row: Mapping[str, Any]) -> Reading:
    server, labels = row["server"], {"name": row["label"], "answer": NONE}
    if "not_run" in row:
        return Reading.not_run(row["not_run"], labels, target=server)
    if "failed" in row:
        return Reading.failed(row["failed"], labels=labels, target=server)
    code, took = row["code"], {LOOKUP_SECONDS: row["seconds"]}
    if code not in ("noerror", "nxdomain"):
        reason = code if code in ("servfail", "refused") else "other_code"
        return Reading.failed(reason, took, labels, target=server)
    said = _fitting(row["data"]) or ("nxdomain" if code == "nxdomain" else "no_data")
    values = {ANSWERS: float(len(row["data"])), **took}
    return Reading.ok(values, {**labels, "answer": said}, target=server)


def _fitting(words: Sequence[str]) -> str:
    """As many whole words as fit in a label."""
    text = ""
    for word in words:
        longer = f"{text} {word}".lstrip()
        if len(longer) > _LONGEST_LABEL:
            break
        text = longer
    return text
