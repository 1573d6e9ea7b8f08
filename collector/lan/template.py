"""A site's file to start from, with what is known about the school already in it.

Who may serve there is put in as a comment: what was seen may be the intruder, and a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from collector.lan import address as spelling
from collector.lan.sites import FOLDER
from collector.register.model import School

T = TypeVar("T")
Rows = Iterable[Mapping[str, object]]
"""Answers of the collector: agent, and the labels of a reading."""


@dataclass(frozen=True, slots=True)
class Known:
    """What agents see, the most frequent first.

    Attributes:
        gateways: (address, MAC).
    """

    networks: Sequence[str] = ()
    gateways: Sequence[tuple[str, str]] = ()
    dhcp_servers: Sequence[str] = ()
    resolvers: Sequence[str] = ()


def known_from(gateways: Rows, leases: Rows, addresses: Rows) -> Known:
    """From the newest readings of gateway_mac, dhcp_lease and own_addresses."""
    leases = list(leases)
    return Known(
        networks=_ranked(_networks_around(addresses)),
        gateways=_ranked(_pairs(gateways)),
        dhcp_servers=_ranked(_addresses(leases, "server")),
        resolvers=_ranked(_addresses(leases, "resolvers")),
    )


def site_template(school: School, known: Known) -> str:
    """TOML, with every key explained in both languages."""
    return "\n".join(
        [
            f"# {_plain(school.name)}（{school.code}）的局域网 · LAN of this school",
            f"# 存为 · save as: DATA_DIR/{FOLDER}/{school.code}.toml",
            "# 检查 · check: banjun-collector lan check",
            "",
            *_networks(known),
            *_who_may_serve(known),
            *_uplink(school),
            _GEAR,
        ]
    )


def _networks(known: Known) -> Iterable[str]:
    yield "# 本校自己的网段；此外的地址一概不问、不扫、不轮询。"
    yield "# This school's own ranges; nothing outside is ever asked, swept or polled."
    if known.networks:
        yield "# 按代理程序的地址猜的，掩码请核对。Guessed from agents' addresses; check the masks."
    yield f"networks = {_list(known.networks)}"
    yield ""
    yield "# 每半小时清点哪些网段的设备，每个最大 /22；不写就不清点。"
    yield "# Ranges whose hosts are counted each half hour, /22 at most each; none unless named."
    yield f"# sweep = {_list(known.networks or ['10.1.1.0/24'])}"
    yield ""


def _who_may_serve(known: Known) -> Iterable[str]:
    seen = known.gateways or known.dhcp_servers or known.resolvers
    if seen:
        yield "# 下面几项来自实际看到的，可能正是冒充者：逐项核实后再去掉行首的 #。"
        yield "# What follows was seen, and may be an intruder: confirm each, then remove the #."
    yield "# 网关；mac 可省略，热备的写成列表 · the gateway; mac is optional, and a list for a pair"
    for address, mac in known.gateways or [("10.1.0.1", "00:11:22:33:44:55")]:
        yield f'# gateway = {{ address = "{address}", mac = "{mac}" }}'
    yield "# 可以分配地址的 DHCP 服务器：地址或 MAC · DHCP servers that may serve: address or MAC"
    yield f"# dhcp_servers = {_list(known.dhcp_servers or ['10.1.0.1'])}"
    yield "# 可以通告的 IPv6 路由器：地址或 MAC · IPv6 routers that may advertise: address or MAC"
    yield '# routers = ["fe80::1"]'
    yield "# 学校该用的域名解析服务器 · resolvers that machines here should use"
    yield f"# resolvers = {_list(known.resolvers or ['10.1.0.1'])}"
    yield ""


def _uplink(school: School) -> Iterable[str]:
    link = school.links[0].name if school.links else ""
    yield "# 网关装不了代理程序时，用交换机这个端口的计数代表线路。"
    yield "# Where the gateway can run no agent, the counters of this port stand for the line."
    yield f'# uplink = {{ device = "core", interface = "GE0/0/24", link = "{_escaped(link)}" }}'
    yield ""


_GEAR = """\
# 能用 SNMP 轮询的设备，一台一段；credential 是 lan/credentials.toml 里的 id。
# Gear that answers SNMP, one section each; credential is an id of lan/credentials.toml.
# kind: gateway switch access_point printer ups server camera recorder codec ...
# [[device]]
# name = "core"
# host = "10.1.0.2"
# credential = "switches"
# kind = "switch"
# room = ""

# 支持 PJLink 的投影机、显示屏 · projectors and displays that speak PJLink
# [[projector]]
# name = "101"
# host = "10.1.3.11"
# credential = "projectors"
# room = "101"
"""


def _ranked(values: Iterable[T]) -> list[T]:
    return [value for value, _ in Counter(values).most_common()]


def _pairs(rows: Rows) -> Iterable[tuple[str, str]]:
    """The gateway of a site's file is the IPv4 one."""
    for row in rows:
        try:
            address = spelling.address(str(row.get("address", "")))
            pair = address, spelling.mac(str(row.get("mac", "")))
        except spelling.AddressError:
            continue
        if ":" not in address:
            yield pair


def _addresses(rows: Rows, label: str) -> Iterable[str]:
    """Only what is an address: the words come from machines, and go into a file."""
    for row in rows:
        for word in str(row.get(label, "")).replace(",", " ").split():
            try:
                yield spelling.address(word)
            except spelling.AddressError:
                continue


def _networks_around(rows: Rows) -> Iterable[str]:
    """The /24 around each private IPv4 address."""
    for row in rows:
        try:
            found = IPv4Address(str(row.get("address", "")).partition("/")[0])
        except ValueError:
            continue
        if found.is_private and not found.is_loopback and not found.is_link_local:
            yield str(IPv4Network((found, 24), strict=False))


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{_escaped(value)}"' for value in values) + "]"


def _escaped(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace('"', '\\"')


def _plain(text: str) -> str:
    """On one line, whatever it was."""
    return "".join(c for c in text if c.isprintable())
