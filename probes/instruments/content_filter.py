"""Whether the school's content filter keeps away what it should, tried with harmless names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from probes import apart, resolvers
from probes.model import Better, Probe, Reading, Role, SettingError, Target, setting
from probes.net import is_domain_name
from probes.posture import NONE, boolean
from probes.text import Text

OPEN = "open"
"""The category of names that must not be blocked: they show that the internet is there."""
MOST_NAMES = 24
AT_ONCE = 4
HTTP_PORT, HTTPS_PORT = 80, 443
LOOKUP_SECONDS = 4.0
START_SECONDS = 10.0
"""That the process which does the work may take to begin."""
_LONGEST_CATEGORY = 64
_KEYS = frozenset({"category", "name", "address", "text", "tls"})

BLOCKED = boolean(
    "blocked",
    Text("已拦截", "Blocked"),
    Text(
        "该名称的网页没有到达本机（1），或到达了（0）；互联网不通、说不清时缺失。",
        "The page of the name was kept from this machine (1), or came (0); absent while the "
        "internet is not there, or it cannot be told.",
    ),
    Better.NEITHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    names: tuple[Mapping[str, Any], ...] = setting(
        (),
        Text(
            f"名称，每个有 category、name，可有 address（县内网中的真实地址）、text（真实网页上的"
            f"文字）、tls（true 为 HTTPS）；category 为 {OPEN} 的必须能打开，至少要有一个。"
            f"最多 {MOST_NAMES} 个。",
            "Names: category and name, and perhaps address (the true one, inside the county's own "
            f"network), text (words on the true page) and tls (true = HTTPS). Those of the "
            f"category {OPEN} must not be blocked, and one is needed. {MOST_NAMES} at most.",
        ),
    )
    timeout: float = setting(
        4.0,
        Text("取一个网页的最长时间，秒。", "Seconds that each page may take."),
        minimum=0.1,
        maximum=5,
    )

    def __post_init__(self) -> None:
        for number, table in enumerate(self.names, 1):
            if not _is_good(table):
                raise SettingError(
                    Text(
                        f"names：第 {number} 个应有 category、name，可有 address、text（都是"
                        "文字）、tls（true 或 false）。",
                        f"names: number {number} must have category and name, and may have address "
                        "and text, all of them words, and tls, true or false.",
                    )
                )
        names = {table["name"] for table in self.names}
        if len(names) != len(self.names) or len(names) > MOST_NAMES:
            many = len(self.names)
            raise SettingError(
                Text(
                    f"names：名称应各不相同，最多 {MOST_NAMES} 个；现有 {many} 个。",
                    f"names: they must differ, {MOST_NAMES} at most; there are {many}.",
                )
            )


def _is_good(table: object) -> bool:
    return (
        isinstance(table, Mapping)
        and {"category", "name"} <= table.keys() <= _KEYS
        and all(_is_value(key, value) for key, value in table.items())
        and len(table["category"]) <= _LONGEST_CATEGORY
        and is_domain_name(table["name"])
    )


def _is_value(key: object, value: object) -> bool:
    if key == "tls":
        return isinstance(value, bool)
    return isinstance(value, str) and (bool(value) or key in ("address", "text"))


class ContentFilter(Probe[Settings]):
    name = "content_filter"
    title = Text("内容过滤", "Content filter")
    about = Text(
        "像浏览器那样打开县里给出的无害测试名称：先向本机使用的域名服务器询问，再以 HTTP 或 "
        "HTTPS 取首页。拦截方式（how）：nxdomain、refused、no_data（域名服务器不给地址），"
        "sinkhole（给出内网或空地址），reset、rejected、no_answer（连接被中断、拒绝或无应答），block_page（403、451、"
        "转到别的网站或不是真实网页）；能打开为 open。同一次运行中，必须能打开的名称"
        f"（category 为 {OPEN}）一个也打不开时，互联网可能不通，什么也不说（no_internet）。",
        "Opens harmless test names, given by the county, as a browser does: it asks the machine's "
        "own name servers and fetches the first page over HTTP or HTTPS. How a name is blocked: "
        "nxdomain, refused, no_data (the name server gives no address), sinkhole (it gives a "
        "private or empty one), reset, rejected, no_answer (the connection is broken off, refused "
        "or ignored), block_page (403, 451, a redirect to another site, or not the true page); "
        f"open = it came. When no name that must be open (category {OPEN}) opens in the same run, "
        "the internet may be gone, and nothing is said (no_internet).",
    )
    limits = Text(
        "测试名称必须真实存在，并已列入过滤设备的名单，否则“没有这个名称”会被当作已拦截。"
        "以 200 状态给出的拦截页，要设置 text 才认得出。HTTPS 只看来的是哪个网页，不看证书。"
        "绝不访问真正有害的网站：名称由县里决定。",
        'A test name must exist and be on the filter\'s list, else "no such name" passes for '
        "blocked. A block page that comes with status 200 is only known by the setting text. Over "
        "HTTPS, the page that comes is what counts, not its certificate. No site that does harm is "
        "ever visited: the county names what is.",
    )
    measures = (BLOCKED,)
    labels: ClassVar[Mapping[str, Text]] = {
        "category": Text("类别，由策略给出。", "The category, as policy has it."),
        "name": Text("测试名称。", "The name that was tried."),
        "how": Text(
            f"拦截方式，或 open；说不清时为 {NONE}。",
            f"By what means it is blocked, or open; {NONE} while it cannot be told.",
        ),
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_internet": Text(
            "必须能打开的名称一个也打不开：互联网可能不通，谈不上拦截。",
            "No name that must be open opens: the internet may be gone, which is no filter.",
        ),
        "no_control": Text(
            f"没有必须能打开的名称（category 为 {OPEN}），无从区分拦截和断网。",
            f"There is no name that must be open (category {OPEN}), so a filter cannot be told "
            "from an internet that is gone.",
        ),
        "lookup_failed": Text(
            "域名服务器没有给出可用的答复。", "No name server gave an answer to go by."
        ),
        "no_http": Text("应答不是 HTTP。", "The answer is not HTTP."),
        "tls_failed": Text(
            "TLS 握手失败，说不清是网站还是过滤设备。",
            "The TLS handshake failed; the site or a filter may be at fault.",
        ),
        "server_error": Text(
            "网站以 500 以上的状态作答：可能是它自己的故障。",
            "The site answered with a status of 500 or more: the trouble may be its own.",
        ),
        "no_names": Text(
            "没有给出测试名称；请设置 names。", "There are no names to try; set `names`."
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL, Role.PC})
    Settings = Settings
    deadline_seconds = 75.0

    def longest_seconds(self) -> float:
        rounds = -(-len(self.settings.names) // AT_ONCE)
        return START_SECONDS + rounds * (LOOKUP_SECONDS + self.settings.timeout)

    def reaches(self) -> Sequence[str]:
        return [table["name"] for table in self.settings.names]

    async def measure(self, target: Target) -> list[Reading]:
        names = self.settings.names
        if not names:
            raise self.not_run("no_names")
        if not any(table["category"] == OPEN for table in names):
            raise self.not_run("no_control")
        question = {
            "names": [dict(table) for table in names],
            "servers": await asyncio.to_thread(resolvers.in_use),
            "dns_port": resolvers.PORT,
            "http_port": HTTP_PORT,
            "https_port": HTTPS_PORT,
            "lookup_seconds": LOOKUP_SECONDS,
            "page_seconds": self.settings.timeout,
        }
        found = await apart.ask("probes.filtering", question, self.longest_seconds())
        pairs = list(zip(names, found, strict=True))
        if not any(n["category"] == OPEN and told.get("how") == OPEN for n, told in pairs):
            pairs = [(name, {"reason": "no_internet"}) for name in names]
        return [_reading(name, told) for name, told in pairs]


def _reading(name: Mapping[str, Any], told: Mapping[str, str]) -> Reading:
    labels = {"category": name["category"], "name": name["name"], "how": NONE}
    if "reason" in told:
        return Reading.not_run(told["reason"], labels)
    return Reading.ok({BLOCKED: float(told["how"] != OPEN)}, {**labels, "how": told["how"]})
