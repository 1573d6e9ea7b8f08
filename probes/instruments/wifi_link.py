"""How well a classroom PC hears its access point. Linux; it reads and sends nothing."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from probes import programs
from probes.model import (
    Better,
    Metric,
    NoSettings,
    Outcome,
    Probe,
    ProbeError,
    Reading,
    Role,
    Target,
    Unit,
)
from probes.text import Text
from probes.wifi import Station, parse_link, parse_stations, parse_wireless, wireless_interfaces

INTERFACES = Path("/sys/class/net")
WIRELESS = Path("/proc/net/wireless")
COMMAND_SECONDS = 3.0
MAX_INTERFACES = 4
_IFF_UP = 0x1


def _link_rate(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.BITS_PER_SECOND,
        better=Better.HIGHER,
        title=title,
        meaning=meaning,
        resolution=100_000,
        minimum=1000,
        maximum=1e12,
    )


ASSOCIATED = Metric(
    name="associated",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("已连接无线网络", "Associated"),
    meaning=Text(
        "无线网卡已与接入点建立连接。", "The wireless interface is connected to an access point."
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)
SIGNAL_DBM = Metric(
    name="signal_dbm",
    unit=Unit.DBM,
    better=Better.HIGHER,
    title=Text("信号强度", "Signal"),
    meaning=Text(
        "收到接入点信号的功率；驱动不提供或给出的不是功率时缺失。",
        "Power at which the access point is heard; absent when the driver gives none, or something "
        "that is not a power.",
    ),
    resolution=1,
    minimum=-120,
    maximum=-1,
)
RECEIVED_LINK_RATE = _link_rate(
    "received_link_bits_per_second",
    Text("接收链路速率", "Link rate, receiving"),
    Text(
        "接入点最近一次向本机发送时使用的物理层速率；实际吞吐量只有它的一部分。",
        "The radio's rate at which the access point last sent to this machine; what gets through "
        "is a fraction of it.",
    ),
)
SENT_LINK_RATE = _link_rate(
    "sent_link_bits_per_second",
    Text("发送链路速率", "Link rate, sending"),
    Text(
        "本机最近一次发送时使用的物理层速率。", "The radio's rate at which this machine last sent."
    ),
)
FREQUENCY_HERTZ = Metric(
    name="frequency_hertz",
    unit=Unit.HERTZ,
    better=Better.NEITHER,
    title=Text("频率", "Frequency"),
    meaning=Text(
        "所用信道的中心频率：约 2.4、5 或 6 GHz。",
        "Of the channel in use: about 2.4, 5 or 6 GHz.",
    ),
    resolution=1_000_000,
    minimum=1e9,
    maximum=1e11,
)


class WifiLink(Probe[NoSettings]):
    name = "wifi_link"
    title = Text("无线连接", "Wi-Fi link")
    about = Text(
        "Linux：已安装 iw 时经它读取内核（nl80211）的信号、链路速率和频率；否则从 "
        "/proc/net/wireless 读取信号，从 /sys/class/net 读取是否已连接。每个连接接入点的无线网卡"
        "一条读数，最多四条；作为接入点或监听的网卡不计。读不到的项目缺失。",
        "Linux: with iw installed, signal, link rates and frequency come through it from the "
        "kernel (nl80211); else the signal from /proc/net/wireless, and whether there is a link "
        "from /sys/class/net. One reading for each wireless interface that connects to access "
        "points, four at most; one that is an access point or listens only does not count. What "
        "cannot be read is absent.",
    )
    limits = Text(
        "链路速率不是网速。信号是一瞬间的值，随人走动而变化。不读取也不保存无线网络的名称和接入点的"
        "地址，因此看不出在接入点之间的漫游。不支持 Windows。",
        "A link rate is not a speed of the network. The signal is that of an instant and moves "
        "with people. Name and address of the network are neither read nor kept, so roaming "
        "between access points does not show. Not for Windows.",
    )
    measures = (ASSOCIATED, SIGNAL_DBM, RECEIVED_LINK_RATE, SENT_LINK_RATE, FREQUENCY_HERTZ)
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text(
            "操作系统中的接口名，如 wlan0。", "The interface as the system names it, such as wlan0."
        )
    }
    reasons: ClassVar[Mapping[str, Text]] = {
        "no_wireless": Text("本机没有无线网卡。", "This machine has no wireless interface."),
        "switched_off": Text(
            "无线网卡已被停用，没有什么可测。",
            "The wireless interface is switched off; there is nothing to measure.",
        ),
        "not_associated": Text(
            "无线网卡已启用，但没有连接任何接入点。",
            "The wireless interface is on, but connected to no access point.",
        ),
    }
    roles = frozenset({Role.PC})
    deadline_seconds = 20.0

    def longest_seconds(self) -> float:
        return (1 + MAX_INTERFACES) * COMMAND_SECONDS

    async def measure(self, target: Target) -> list[Reading]:
        if platform.system() != "Linux":
            raise ProbeError("unsupported_system")
        iw = programs.find("iw")
        names = await _stations(iw)
        if not names:
            raise self.not_run("no_wireless")
        return [await _reading(name, iw) for name in names[:MAX_INTERFACES]]


async def _stations(iw: str | None) -> list[str]:
    """Interfaces that connect to access points; without iw, every one with a radio."""
    if iw is not None:
        listing = await programs.run([iw, "dev"], COMMAND_SECONDS)
        if listing.code == 0:
            return parse_stations(listing.output)
    return sorted({*wireless_interfaces(INTERFACES), *parse_wireless(_text(WIRELESS))})


async def _reading(name: str, iw: str | None) -> Reading:
    labels = {"interface": name}
    if not _is_on(name):
        return Reading(Outcome.NOT_RUN, {}, labels, "switched_off")
    station = await _station(name, iw)
    if station is None:
        return Reading.failed("not_associated", {ASSOCIATED: 0.0}, labels)
    said = {
        SIGNAL_DBM: station.signal,
        RECEIVED_LINK_RATE: station.received_rate,
        SENT_LINK_RATE: station.sent_rate,
        FREQUENCY_HERTZ: station.frequency,
    }
    known = {metric: value for metric, value in said.items() if value is not None}
    return Reading.ok({ASSOCIATED: 1.0, **known}, labels)


async def _station(name: str, iw: str | None) -> Station | None:
    if iw is not None:
        link = await programs.run([iw, "dev", name, "link"], COMMAND_SECONDS)
        if link.code == 0:
            return parse_link(link.output)
    if _text(INTERFACES / name / "carrier").strip() != "1":
        return None
    return Station(signal=parse_wireless(_text(WIRELESS)).get(name))


def _is_on(name: str) -> bool:
    """As far as the kernel says; one that cannot be asked is taken to be on."""
    flags = _text(INTERFACES / name / "flags").strip()
    return not flags or bool(int(flags, 16) & _IFF_UP)


def _text(path: Path) -> str:
    """Empty when it cannot be read: `carrier` of an interface that is off cannot."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
