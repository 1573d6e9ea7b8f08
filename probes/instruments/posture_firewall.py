"""Whether this machine's packet filter stops anything that comes in. Read-only.

On Linux the kernel's rules decide, not the name of a tool: rules that are present while every
policy accepts and nothing is dropped are not a firewall. What the rules would do is read and worked
out in `probes.netfilter`. On Windows the settings of its own firewall decide.
"""

from __future__ import annotations

import asyncio
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from probes import programs
from probes.model import Better, Metric, NoSettings, Probe, ProbeError, Reading, Role, Target, Unit
from probes.netfilter.facts import Facts, ask
from probes.netfilter.listing import COMMAND_SECONDS, list_rules, read_rules
from probes.text import Text

_FIREWALLD_RUNNING, _FIREWALLD_NOT_RUNNING = 0, 252

UFW_CONF = Path("/etc/ufw/ufw.conf")
IPV6_ADDRESSES = Path("/proc/net/if_inet6")


def _boolean(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.BOOLEAN,
        better=Better.HIGHER,
        title=title,
        meaning=meaning,
        resolution=1,
        minimum=0,
        maximum=1,
    )


FIREWALL_ACTIVE = _boolean(
    "firewall_active",
    Text("防火墙有效", "Firewall active"),
    Text(
        "本机的过滤规则会拦截外来者发起的某种新连接（1），或任何新连接都能进来（0）。",
        "The filter stops some new connection of a stranger to this machine (1), or lets every one "
        "in (0).",
    ),
)
IPV4_FILTERED = _boolean(
    "ipv4_filtered",
    Text("IPv4 入站受过滤", "IPv4 filtered"),
    Text(
        "过滤规则会拦截某种 IPv4 新入站连接。",
        "The filter stops some new inbound connection over IPv4.",
    ),
)
IPV6_FILTERED = _boolean(
    "ipv6_filtered",
    Text("IPv6 入站受过滤", "IPv6 filtered"),
    Text(
        "过滤规则会拦截某种 IPv6 新入站连接；本机没有链路本地以外的 IPv6 地址时缺失。",
        "The filter stops some new inbound connection over IPv6; absent while the machine has no "
        "IPv6 address beyond the link.",
    ),
)
DEFAULT_INBOUND_DENIED = _boolean(
    "default_inbound_denied",
    Text("入站默认拒绝", "Inbound denied by default"),
    Text(
        "至少在一个接口上，发往规则未提及的端口的新连接会被拦截（TCP、UDP 以及在用的各 IP 版本）。",
        "On at least one interface a new connection to a port that no rule names is stopped, over "
        "TCP and UDP and each IP version in use.",
    ),
)
FORWARD_FILTERED = _boolean(
    "forward_filtered",
    Text("转发受过滤", "Forwarding filtered"),
    Text(
        "过滤规则会拦截某种经过本机转发的新连接；对网关有意义。无法判定时缺失。",
        "The filter stops some new connection forwarded through this machine, which matters on a "
        "gateway. Absent when it cannot be told.",
    ),
)
MANAGER_ENABLED = _boolean(
    "manager_enabled",
    Text("防火墙管理工具已启用", "Firewall manager enabled"),
    Text(
        "ufw 的配置为启用或 firewalld 正在运行；两者都没有安装时缺失。这是工具的说法，"
        "是否真的拦截以 firewall_active 为准。",
        "ufw is configured as enabled, or firewalld runs; absent when neither is installed. It is "
        "what the tool says: whether anything is stopped, firewall_active tells.",
    ),
)
RULES_COUNT = Metric(
    name="rules_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("入站规则数", "Inbound rules"),
    meaning=Text(
        "入站报文可能经过的规则条数，包括跳转到的链。规则多少不说明防护好坏。",
        "Rules that an inbound packet can meet, with the chains they jump to. More is not safer.",
    ),
    resolution=1,
    minimum=0,
)


class PostureFirewall(Probe[NoSettings]):
    name = "posture_firewall"
    title = Text("主机防火墙", "Host firewall")
    about = Text(
        "读取内核中实际生效的规则（nft -j list ruleset、iptables-save、ip6tables-save 及其 legacy "
        "版本），推演一个外来者的新连接（TCP SYN 或 UDP，来源地址不在任何规则中）会被放行还是拦截。"
        "入站路径包括 ingress、prerouting、input 三个钩子；转发单独给出；output、arp、bridge 不计。"
        "有规则但策略全是 accept 且没有任何拦截，不算防火墙。只针对特定来源地址（如 fail2ban、"
        "黑名单）、无效连接、超速或 ping 的拦截也不算：普通外来者不受影响。被放行规则挡在后面的 "
        "drop 同样不算。以 root 读到空规则集时，firewall_active 为 0，这是事实。"
        "Windows 上读注册表：服务在运行、三种配置文件全部启用且默认拦截入站时为 1，"
        "否则为 undecided。",
        "Reads the rules in force in the kernel (nft -j list ruleset, iptables-save, "
        "ip6tables-save and their legacy twins) and works out whether a stranger's new connection "
        "(TCP SYN or UDP, from an address in no rule) is let in or stopped. The way in is the "
        "hooks ingress, prerouting and input; forwarding is a fact of its own; output, arp and "
        "bridge do not count. Rules while every policy accepts and nothing is dropped are no "
        "firewall. Neither are drops of listed addresses (fail2ban, blacklists), of invalid "
        "packets, above a rate, or of ping only: an ordinary stranger walks past them. A drop "
        "behind a rule that accepts everything does not count. An empty ruleset, read as root, is "
        "a fact: firewall_active is 0. On Windows the registry is read: 1 while the service runs "
        "and all three profiles are on and block by default, else undecided.",
    )
    limits = Text(
        "只说明本机的规则，不说明规则是否合理：放行了哪些端口不在此列。上级路由器或云平台的防火墙"
        "看不到。规则中有无法推演的条件且结果取决于它时，报告 undecided，不作猜测。Windows 上看不到"
        "取代系统防火墙的第三方产品，因此从不据此报告 0。",
        "It tells of this machine's rules only, and not whether they are wise: which ports are "
        "open is not said. Firewalls of routers or clouds are not seen. When the answer hangs on a "
        "condition that cannot be evaluated, it says undecided and does not guess. On Windows a "
        "product that stands in for the system's firewall is not seen, so a 0 is never reported.",
    )
    privilege = Text(
        "需要 root 或 CAP_NET_ADMIN；没有时为 not_run，原因 no_privilege，不会报告 0。"
        "Windows 不需要特权。",
        "root or CAP_NET_ADMIN. Without it: not_run, reason no_privilege, never a 0. None on "
        "Windows.",
    )
    measures = (
        FIREWALL_ACTIVE,
        IPV4_FILTERED,
        IPV6_FILTERED,
        DEFAULT_INBOUND_DENIED,
        FORWARD_FILTERED,
        MANAGER_ENABLED,
        RULES_COUNT,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "source": Text(
            "规则由谁管理：firewalld、ufw，否则为 nftables 或 iptables；Windows 上为 windows。",
            "Who keeps the rules: firewalld, ufw, else nftables or iptables; windows on Windows.",
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "undecided": Text(
            "规则中有无法推演的条件，且结果取决于它们；在 Windows 上，系统防火墙并非处处启用，"
            "可能有第三方产品取代它。",
            "The rules hold conditions that cannot be evaluated, and the answer hangs on them; on "
            "Windows: its own firewall is not on everywhere, and another product may stand in.",
        )
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    deadline_seconds = 20.0

    def longest_seconds(self) -> float:
        return 2 * COMMAND_SECONDS

    async def measure(self, target: Target) -> Reading:
        if platform.system() == "Windows":
            return await asyncio.to_thread(self._on_windows)
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        listings = await list_rules()
        rules = await asyncio.to_thread(read_rules, listings)
        manager, enabled = await _manager()
        versions = (4, 6) if _uses_ipv6() else (4,)
        facts = await asyncio.to_thread(ask, rules.tables, _interfaces(), versions)
        active = _any(facts.ipv4, facts.ipv6 if 6 in versions else False)
        if active is None:
            raise self.not_run("undecided")
        missing = rules.missing or ("nft" if enabled and "nft" not in listings else "")
        if not active and missing:
            raise ProbeError("no_source", missing)
        values = {FIREWALL_ACTIVE: float(active), RULES_COUNT: float(facts.rules)}
        values |= _known(facts, versions)
        if enabled is not None:
            values[MANAGER_ENABLED] = float(enabled)
        return Reading.ok(values, {"source": manager if enabled else rules.source})

    def _on_windows(self) -> Reading:
        from probes.windows.firewall import read

        found = read(_service_state)
        if not found.stands:
            raise self.not_run("undecided")
        values = {FIREWALL_ACTIVE: 1.0, DEFAULT_INBOUND_DENIED: 1.0, MANAGER_ENABLED: 1.0}
        return Reading.ok(values, {"source": "windows"})


def _service_state(name: str) -> str | None:
    import psutil

    system: Any = psutil  # which of its functions there are depends on the system
    try:
        return str(system.win_service_get(name).status())
    except (AttributeError, OSError, psutil.Error):
        return None


def _known(facts: Facts, versions: Sequence[int]) -> dict[Metric, float]:
    answers = {
        IPV4_FILTERED: facts.ipv4,
        IPV6_FILTERED: facts.ipv6 if 6 in versions else None,
        DEFAULT_INBOUND_DENIED: facts.default_denied,
        FORWARD_FILTERED: facts.forwarded,
    }
    return {metric: float(known) for metric, known in answers.items() if known is not None}


def _any(*answers: bool | None) -> bool | None:
    return True if True in answers else None if None in answers else False


async def _manager() -> tuple[str, bool | None]:
    """The firewall manager, and whether it says that it is on; None when none is installed."""
    firewalld, ufw = await _firewalld_runs(), ufw_enabled(_text(UFW_CONF))
    enabled = _any(*(answer for answer in (firewalld, ufw) if answer is not None))
    if firewalld is None and ufw is None:
        return "", None
    return ("firewalld" if firewalld else "ufw"), enabled


async def _firewalld_runs() -> bool | None:
    path = programs.find("firewall-cmd")
    if path is None:
        return None
    code = (await programs.run([path, "--state"], COMMAND_SECONDS)).code
    return {_FIREWALLD_RUNNING: True, _FIREWALLD_NOT_RUNNING: False}.get(code)


def ufw_enabled(text: str) -> bool | None:
    """What ufw.conf says; None if it does not say."""
    found = re.search(r"^\s*ENABLED\s*=\s*[\"']?(yes|no)\b", text, re.MULTILINE | re.IGNORECASE)
    return None if found is None else found[1].lower() == "yes"


def _uses_ipv6() -> bool:
    """Whether an address has global scope (00); those of the link (20) are everywhere."""
    lines = (line.split() for line in _text(IPV6_ADDRESSES).splitlines())
    return any(len(words) > 3 and words[3] == "00" for words in lines)


def _interfaces() -> list[str]:
    import psutil

    return [name for name, s in psutil.net_if_stats().items() if s.isup and name != "lo"]


def _text(path: Path) -> str:
    """Empty when there is no such file, or it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
