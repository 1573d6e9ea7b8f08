"""How many ways out a machine has at once, whether a phone is one, and whether it forwards."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from typing import ClassVar

from probes.model import Better, NoSettings, Probe, ProbeError, Reading, Role, Target
from probes.parts import Facts, look_at
from probes.posture import PART, POSTURE_LABELS, boolean, count
from probes.text import Text

ROUTES, TETHER, FORWARDING = PARTS = ("routes", "tether", "forwarding")

DEFAULT_ROUTES = count(
    "default_routes_count",
    Text("默认出口数", "Ways out"),
    Text(
        "有可用默认路由（IPv4 或 IPv6）的接口数；同一接口的多条路由计一次。没有出口为 0。",
        "Interfaces with a usable default route, over IPv4 or IPv6; several routes of one "
        "interface count once. 0 = no way out.",
    ),
    Better.NEITHER,
)
NETWORKS = count(
    "networks_count",
    Text("所接网络数", "Networks"),
    Text(
        "已连通并有链路以外地址的网卡数，另加有默认路由的虚拟接口（如 VPN，Windows 不计）；"
        "容器和虚拟机的网桥不计。",
        "Network cards that are up with an address beyond the link, and virtual interfaces with a "
        "default route (a VPN; not on Windows); bridges of containers and machines inside do not "
        "count.",
    ),
    Better.NEITHER,
)
PHONE_TETHER = boolean(
    "phone_tether_active",
    Text("经手机上网", "Phone as a modem"),
    Text(
        "有经 USB 或蓝牙连接的手机网络接口，且有地址在用。",
        "An interface of a phone over USB or Bluetooth is up with an address.",
    ),
    Better.LOWER,
)
IP_FORWARDING = boolean(
    "ip_forwarding",
    Text("转发报文", "Forwards packets"),
    Text(
        "本机在接口之间转发 IPv4 或 IPv6 报文；网关本应如此，装有容器引擎的机器通常也是。",
        "The machine passes IPv4 or IPv6 packets on between interfaces; a gateway does, and "
        "mostly a machine with containers.",
    ),
    Better.NEITHER,
)


class PostureDualHoming(Probe[NoSettings]):
    name = "posture_dual_homing"
    title = Text("多出口与非法外联", "Ways out at once")
    about = Text(
        "routes：Linux 读 /proc/net/route 和 ipv6_route，Windows 读 GetIpForwardTable2；网卡和地址"
        "经 psutil、/sys/class/net、Windows 注册表的驱动项。tether：驱动为 rndis_host、ipheth，或"
        "不是网卡厂商的 cdc_ether、cdc_ncm，或蓝牙网络；Windows 看驱动的 INF 和设备标识。"
        "forwarding：Linux 读各接口的 forwarding，Windows 读 GetIpInterfaceTable。不发送任何报文。",
        "routes: /proc/net/route and ipv6_route on Linux, GetIpForwardTable2 on Windows; cards and "
        "addresses through psutil, /sys/class/net and the drivers' keys of the Windows registry. "
        "tether: drivers rndis_host and ipheth, or cdc_ether and cdc_ncm of somebody who makes no "
        "network cards, or a network over Bluetooth; on Windows the driver's INF and device id. "
        "forwarding: the setting of each interface on Linux, GetIpInterfaceTable on Windows. "
        "Nothing is sent.",
    )
    limits = Text(
        "多个出口在网关上是正常的；对电脑是否违规由规则判断。手机的 Wi-Fi 热点与普通无线网无法"
        "区分，只体现在 networks_count。策略路由表不看。用 cdc 驱动的扩展坞若不在厂商表中，"
        "会被当作手机。Windows 部分只用模拟的接口测试过。",
        "Several ways out are normal on a gateway; whether they are wrong on a PC, policies say. A "
        "phone's Wi-Fi hotspot looks like any Wi-Fi and shows in networks_count only. Tables of "
        "policy routing are not looked at. A docking station with a cdc driver whose maker is not "
        "on the list is taken for a phone. The Windows part was tested with a feigned API only.",
    )
    measures = (DEFAULT_ROUTES, NETWORKS, PHONE_TETHER, IP_FORWARDING)
    labels: ClassVar[Mapping[str, Text]] = {
        PART: Text("部分：" + "、".join(PARTS) + "。", "The part: " + ", ".join(PARTS) + "."),
        **POSTURE_LABELS,
    }
    roles = frozenset({Role.GATEWAY, Role.PC})

    async def measure(self, target: Target) -> list[Reading]:
        looks = _looks()
        return await asyncio.to_thread(
            lambda: [r for part in PARTS for r in look_at(self.measures, part, looks[part])]
        )


def _looks() -> Mapping[str, Callable[[], Facts]]:
    system = platform.system()
    if system == "Windows":
        from probes.dual_homing import windows

        return {
            ROUTES: windows.routes,
            TETHER: windows.tether,
            FORWARDING: windows.forwarding,
        }
    if system != "Linux":
        raise ProbeError("unsupported_system")
    from probes.dual_homing import linux

    return {ROUTES: linux.routes, TETHER: linux.tether, FORWARDING: linux.forwarding}
