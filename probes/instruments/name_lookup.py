"""Whether a name is turned into addresses, and how long that takes.

By one name server, asked directly; or by the system's resolver, as every program of this machine
asks it. The two are told apart by the label `method`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from probes.dns_query import DnsAnswer, ask
from probes.metrics import LOOKUP_SECONDS, REACHABLE
from probes.model import (
    Better,
    Metric,
    Probe,
    ProbeError,
    Reading,
    Role,
    SettingError,
    Target,
    Unit,
    setting,
)
from probes.net import RESOLVE_SECONDS, SYSTEM_RESOLVER, is_domain_name, resolve
from probes.refusal import REFUSALS, Refusal
from probes.text import Text

PORT = 53
_FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}

ANSWER_COUNT = Metric(
    name="answer_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("地址个数", "Addresses"),
    meaning=Text(
        "答复中所问类型的地址个数，别名不计。",
        "Addresses of the wanted kind in the answer, aliases not counted.",
    ),
    resolution=1,
    minimum=0,
    maximum=10_000,
)
TTL_SECONDS_MIN = Metric(
    name="ttl_seconds_min",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("有效期（最小值）", "Time to live (least)"),
    meaning=Text(
        "答复及其别名中最短的有效期；系统的解析器不告知有效期。",
        "The least time to live in the answer and its aliases; the system's resolver tells none.",
    ),
    resolution=1,
    minimum=0,
    maximum=2_147_483_647,
    reference="RFC 2181 section 8",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    name: str = setting("", Text("要解析的名称，必须给出。", "The name to look up; needed."))
    record: str = setting("A", Text("A（IPv4）或 AAAA（IPv6）。", "A (IPv4) or AAAA (IPv6)."))
    tries: int = setting(
        2, Text("没有答复时一共问几次。", "Questions, if none is answered."), minimum=1, maximum=4
    )
    timeout: float = setting(
        2.0,
        Text("每次等待的最长时间，秒。", "Seconds that each may take."),
        minimum=0.1,
        maximum=5,
    )

    def __post_init__(self) -> None:
        if self.record not in _FAMILIES:
            raise SettingError(
                Text(
                    f"record：“{self.record}”不可用，应为 A 或 AAAA。",
                    f"record: {self.record!r} is neither A nor AAAA.",
                )
            )
        if self.name and not is_domain_name(self.name):
            raise SettingError(
                Text(f"name：“{self.name}”不是域名。", f"name: {self.name!r} is no domain name.")
            )


class NameLookup(Probe[Settings]):
    name = "name_lookup"
    title = Text("域名解析", "Name lookup")
    about = Text(
        "把一个名称（设置 name）解析为地址。目标是域名服务器的地址时，直接向它询问（UDP，答复放不下"
        "时改用 TCP），不看 hosts 文件和缓存；目标写 system 时，由本机的解析器解析，与本机上的其他"
        "程序所得相同。两者的读数以标签 method 区分。答复须与所问一致才算。",
        "Looks up one name (the setting `name`). Aimed at a name server's address, it asks that "
        "server directly (UDP, and TCP when the answer does not fit), past hosts file and cache. "
        "Aimed at `system`, it has this machine's own resolver do it, with the result that every "
        "program here gets. The label `method` tells the two apart. Only an answer to our very "
        "question counts.",
    )
    limits = Text(
        "不说明答复是否真实：劫持后的答复在这里也是答复。由系统解析时，时间可能来自缓存，失败原因也"
        "只知道大概。",
        "It does not say whether an answer is true: a hijacked one is an answer here. By the "
        "system's resolver the time may be that of a cache, and the cause of a failure is only "
        "known roughly.",
    )
    measures = (REACHABLE, LOOKUP_SECONDS, ANSWER_COUNT, TTL_SECONDS_MIN)
    labels: ClassVar[Mapping[str, Text]] = {
        "method": Text(
            "解析方式：server（直接询问目标）、system（本机的解析器）。",
            "How it was looked up: server (asked directly) or system (this machine's resolver).",
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSALS,
        "no_answer": Text("规定时间内没有答复。", "No answer within the time allowed."),
        "nxdomain": Text("答复：没有这个名称。", "The answer: there is no such name."),
        "no_data": Text(
            "答复：有这个名称，但没有所问类型的地址。",
            "The answer: the name exists, but has no address of the wanted kind.",
        ),
        "servfail": Text(
            "服务器答复它无法解析（SERVFAIL），常因上游不通或 DNSSEC 校验失败。",
            "The server could not find out (SERVFAIL): its upstream is gone, or DNSSEC failed.",
        ),
        "refused": Text(
            "服务器拒绝为本机解析（REFUSED）。", "The server will not serve us (REFUSED)."
        ),
        "other_code": Text(
            "服务器以其他错误码答复。", "The server answered with another error code."
        ),
        "resolver_failed": Text(
            "本机的解析器没有得到答复；它不说明是超时、拒绝还是上游故障。",
            "This machine's resolver got no answer; it does not say whether that was a timeout, a "
            "refusal or a fault upstream.",
        ),
        "no_name": Text(
            "没有给出要解析的名称；请设置 name，例如 --set name=www.moe.gov.cn。",
            "There is no name to look up; set `name`, such as --set name=www.moe.gov.cn.",
        ),
    }
    roles = frozenset(Role)
    Settings = Settings
    aimed = True
    example = "system --set name=www.moe.gov.cn"
    deadline_seconds = 45.0

    def longest_seconds(self) -> float:
        # One more for TCP.
        return RESOLVE_SECONDS + (self.settings.tries + 1) * self.settings.timeout

    async def measure(self, target: Target) -> Reading:
        if not self.settings.name:
            raise self.not_run("no_name")
        if target.host == SYSTEM_RESOLVER:
            return await self._by_system()
        address = await resolve(target.host, target.port or PORT)
        s = self.settings
        try:
            return _reading(await ask(address, s.name, s.record, s.tries, s.timeout))
        except ValueError as exc:
            raise ProbeError("no_name", Text(f"名称无效：{exc}。", f"No name: {exc}.")) from exc

    async def _by_system(self) -> Reading:
        labels = {"method": "system"}
        allowed = self.settings.tries * self.settings.timeout
        try:
            async with asyncio.timeout(allowed):
                seconds, found = await asyncio.to_thread(
                    _look_up, self.settings.name, _FAMILIES[self.settings.record]
                )
        except TimeoutError:
            return Reading.failed("no_answer", {REACHABLE: 0}, labels)
        if isinstance(found, str):
            answered = {} if found == "resolver_failed" else {LOOKUP_SECONDS: seconds}
            return Reading.failed(found, {REACHABLE: 0, **answered}, labels)
        return Reading.ok({REACHABLE: 1, LOOKUP_SECONDS: seconds, ANSWER_COUNT: found}, labels)


def _look_up(name: str, family: int) -> tuple[float, int | str]:
    """Seconds, and how many addresses or the reason for none. Blocks.

    Timed here, in the thread: until there is a free one, it is we who wait.
    """
    started = perf_counter()
    found: int | str
    try:
        entries = socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)
        found = len({entry[4][0] for entry in entries})
    except UnicodeError as exc:
        raise ProbeError("no_name", Text(f"名称无效：{exc}。", f"No name: {exc}.")) from exc
    except OSError as exc:
        found = _NO_ADDRESS.get(exc.errno or 0, "resolver_failed")
    return perf_counter() - started, found


_NO_ADDRESS = {
    getattr(socket, "EAI_NODATA", 0): "no_data",
    getattr(socket, "EAI_ADDRFAMILY", 0): "no_data",
    socket.EAI_NONAME: "nxdomain",  # last: on Windows it is the number of EAI_NODATA too
}


def _reading(answer: DnsAnswer | Refusal | None) -> Reading:
    labels = {"method": "server"}
    if not isinstance(answer, DnsAnswer):
        reason = answer.value if answer else "no_answer"
        return Reading.failed(reason, {REACHABLE: 0}, labels)
    values = {LOOKUP_SECONDS: answer.seconds, ANSWER_COUNT: float(answer.records)}
    if answer.code != "noerror":
        known = answer.code if answer.code in _CODES else "other_code"
        return Reading.failed(known, {REACHABLE: 0, LOOKUP_SECONDS: answer.seconds}, labels)
    if answer.ttl is None:
        return Reading.failed("no_data", {REACHABLE: 0, **values}, labels)
    return Reading.ok({REACHABLE: 1, **values, TTL_SECONDS_MIN: float(answer.ttl)}, labels)


_CODES = frozenset({"nxdomain", "servfail", "refused"})
