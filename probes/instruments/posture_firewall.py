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
from typing import TYPE_CHECKING, ClassVar

from probes import programs
from probes.model import Better, Metric, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.netfilter.facts import Facts, ask
from probes.netfilter.listing import COMMAND_SECONDS, list_rules, read_rules
from probes.posture import PART, POSTURE_LABELS, boolean, count, known
from probes.text import Text

if TYPE_CHECKING:
    from probes.windows.security_center import Registered

_FIREWALLD_RUNNING, _FIREWALLD_NOT_RUNNING = 0, 252

UFW_CONF = Path("/etc/ufw/ufw.conf")
FW4_SERVICE, FW4_AT_BOOT = Path("/etc/init.d/firewall"), Path("/etc/rc.d/S19firewall")
"""Of OpenWrt. `enable` links the second to the first."""
IPV6_ADDRESSES = Path("/proc/net/if_inet6")


FIREWALL_ACTIVE = boolean(
    "firewall_active",
    Text("防火墙有效", "Firewall active"),
    Text(
        "本机的过滤规则会拦截外来者发起的某种新连接（1），或任何新连接都能进来（0）。Windows 上为 "
        "1 还可能是登记在安全中心、取代系统防火墙的产品已开启且在运行。",
        "The filter stops some new connection of a stranger to this machine (1), or lets every one "
        "in (0). On Windows 1 may also mean that a product, registered in the place of the "
        "system's own firewall, is on and runs.",
    ),
)
IPV4_FILTERED = boolean(
    "ipv4_filtered",
    Text("IPv4 入站受过滤", "IPv4 filtered"),
    Text(
        "过滤规则会拦截某种 IPv4 新入站连接。",
        "The filter stops some new inbound connection over IPv4.",
    ),
)
IPV6_FILTERED = boolean(
    "ipv6_filtered",
    Text("IPv6 入站受过滤", "IPv6 filtered"),
    Text(
        "过滤规则会拦截某种 IPv6 新入站连接；本机没有链路本地以外的 IPv6 地址时缺失。",
        "The filter stops some new inbound connection over IPv6; absent while the machine has no "
        "IPv6 address beyond the link.",
    ),
)
DEFAULT_INBOUND_DENIED = boolean(
    "default_inbound_denied",
    Text("入站默认拒绝", "Inbound denied by default"),
    Text(
        "至少在一个接口上，发往规则未提及的端口的新连接会被拦截（TCP、UDP 以及在用的各 IP 版本）。",
        "On at least one interface a new connection to a port that no rule names is stopped, over "
        "TCP and UDP and each IP version in use.",
    ),
)
FORWARD_FILTERED = boolean(
    "forward_filtered",
    Text("转发受过滤", "Forwarding filtered"),
    Text(
        "过滤规则会拦截某种经过本机转发的新连接；对网关有意义。无法判定时缺失。",
        "The filter stops some new connection forwarded through this machine, which matters on a "
        "gateway. Absent when it cannot be told.",
    ),
)
MANAGER_ENABLED = boolean(
    "manager_enabled",
    Text("防火墙管理工具已启用", "Firewall manager enabled"),
    Text(
        "ufw 的配置为启用、firewalld 正在运行、OpenWrt 的 fw4 随开机启动，或 Windows 的防火墙服务"
        "正在运行；都没有时缺失。这是工具的说法，是否真的拦截以 firewall_active 为准。",
        "ufw is configured as enabled, firewalld runs, fw4 of OpenWrt starts with the machine, or "
        "the firewall service of Windows runs; absent when there is none of them. It is what the "
        "tool says: whether anything is stopped, firewall_active tells.",
    ),
)
RULES_COUNT = count(
    "rules_count",
    Text("入站规则数", "Inbound rules"),
    Text(
        "入站报文可能经过的规则条数，包括跳转到的链。规则多少不说明防护好坏。",
        "Rules that an inbound packet can meet, with the chains they jump to. More is not safer.",
    ),
    Better.NEITHER,
)

FILTER = "filter"
"""The one part."""
MANAGER = "manager"
COMMAND, REGISTRY = "command", "registry"


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
        "Windows 上读注册表（本机设置和覆盖它的组策略）：服务在运行，且在用的配置文件"
        "（INetFwPolicy2；不应答时为全部三种）都启用并默认拦截入站时为 1；服务停止或都已关闭，"
        "而安全中心里也没有已开启的其他防火墙产品时为 0；没有设置不等于关闭，其余为 undecided。",
        "Reads the rules in force in the kernel (nft -j list ruleset, iptables-save, "
        "ip6tables-save and their legacy twins) and works out whether a stranger's new connection "
        "(TCP SYN or UDP, from an address in no rule) is let in or stopped. The way in is the "
        "hooks ingress, prerouting and input; forwarding is a fact of its own; output, arp and "
        "bridge do not count. Rules while every policy accepts and nothing is dropped are no "
        "firewall. Neither are drops of listed addresses (fail2ban, blacklists), of invalid "
        "packets, above a rate, or of ping only: an ordinary stranger walks past them. A drop "
        "behind a rule that accepts everything does not count. An empty ruleset, read as root, is "
        "a fact: firewall_active is 0. On Windows the registry is read, local settings and the "
        "policies over them: 1 while the service runs and the profiles in use (INetFwPolicy2; all "
        "three if it does not answer) are on and block by default; 0 while the service stands "
        "still or all of them are off, and the security centre knows no other product that may be "
        "on; what is not set is not off. Else it is undecided.",
    )
    limits = Text(
        "只说明本机的规则，不说明规则是否合理：放行了哪些端口不在此列。上级路由器或云平台的防火墙"
        "看不到。规则中有无法推演的条件且结果取决于它时，报告 undecided，不作猜测。Windows 上"
        "没有在安全中心登记的产品看不到；安全中心不应答时从不报告 0。Windows 部分只在模拟的系统上"
        "测试过。",
        "It tells of this machine's rules only, and not whether they are wise: which ports are "
        "open is not said. Firewalls of routers or clouds are not seen. When the answer hangs on "
        "a condition that cannot be evaluated, it says undecided and does not guess. On Windows a "
        "product that is not registered in the security centre is not seen, and a 0 is never "
        "reported while that does not answer. The Windows part was tested on a feigned system "
        "only.",
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
        PART: Text("总是 filter（过滤）。", "Always `filter`."),
        MANAGER: Text(
            "规则由谁管理：firewalld、ufw、fw4，否则为 nftables 或 iptables；Windows 上为 windows "
            "或取代它的产品。",
            "Who keeps the rules: firewalld, ufw, fw4, else nftables or iptables; on Windows: "
            "windows, or the product in its place.",
        ),
        **POSTURE_LABELS,
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "undecided": Text(
            "规则中有无法推演的条件，且结果取决于它们；在 Windows 上，系统防火墙并非处处启用，"
            "或没有设置，又可能有其他产品取代它。",
            "The rules hold conditions that cannot be evaluated, and the answer hangs on them; on "
            "Windows: its own firewall is not on everywhere, or not set, and another product may "
            "stand in.",
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
        values: dict[Metric, float | None] = {
            FIREWALL_ACTIVE: active,
            RULES_COUNT: facts.rules,
            MANAGER_ENABLED: enabled,
            **_known(facts, versions),
        }
        return known(FILTER, COMMAND, values, manager=manager if enabled else rules.source)

    def _on_windows(self) -> Reading:
        from probes.windows import firewall, software

        own = firewall.read(software.service_state, firewall.profiles_in_use())
        if own.stands:
            values = {FIREWALL_ACTIVE: True, DEFAULT_INBOUND_DENIED: True, MANAGER_ENABLED: True}
            return known(FILTER, REGISTRY, values, manager="windows")
        rows = firewall.others()
        running = software.processes()
        answers = {row: firewall.stands(row, running) for row in rows or ()}
        for row in (row for row, stands in answers.items() if stands):
            return known(FILTER, row.source, {FIREWALL_ACTIVE: True}, manager=_product(row))
        if own.stands is None or rows is None or None in answers.values():
            raise self.not_run("undecided")
        off = {
            FIREWALL_ACTIVE: False,
            DEFAULT_INBOUND_DENIED: False,
            MANAGER_ENABLED: own.running,
        }
        return known(FILTER, REGISTRY, off, manager="windows")


def _product(row: Registered) -> str:
    from probes.antivirus.products import called

    product = called(row.name)
    return product.key if product else row.word


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
    found = {
        "firewalld": await _firewalld_runs(),
        "ufw": ufw_enabled(_text(UFW_CONF)),
        "fw4": fw4_starts(),
    }
    said = [(name, enabled) for name, enabled in found.items() if enabled is not None]
    return max(said, key=lambda answer: answer[1], default=("", None))


def fw4_starts() -> bool | None:
    """Whether OpenWrt starts its firewall with the machine; None elsewhere."""
    return FW4_AT_BOOT.is_symlink() if FW4_SERVICE.exists() else None


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
