"""What the ports of switches and other gear carry, from their own counters by SNMP.

Reading the tables and telling a wrap from a restart are pure functions in `probes.snmp`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from probes.interfaces import (
    LINK_SPEED_BITS_PER_SECOND,
    LINK_UP,
    RECEIVED_BITS_PER_SECOND,
    SENT_BITS_PER_SECOND,
)
from probes.model import Better, Metric, Reading, Unit, setting
from probes.posture import boolean, count
from probes.snmp.answer import Answer, Table, Wanted
from probes.snmp.counters import Span, growth
from probes.snmp.device import Device
from probes.snmp.interfaces import COLUMNS, OCTETS, Port, ports_of
from probes.snmp.probe import ALL, SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.snmp.uptime import CLOCKS, Clocks, Seen, went_on
from probes.snmp.values import Oid
from probes.text import Text


def _per_second(name: str, title: Text, meaning: Text, better: Better) -> Metric:
    return Metric(
        name=f"{name}_count_per_second",
        unit=Unit.COUNT,
        better=better,
        title=title,
        meaning=meaning,
        resolution=0.01,
        minimum=0,
    )


ERRORS = _per_second(
    "errors",
    Text("每秒错误", "Errors per second"),
    Text(
        "自上次探测以来该端口平均每秒收发出错的报文数（ifInErrors 与 ifOutErrors 之和）；常见于"
        "网线、接头或双工不匹配。",
        "Packets with an error per second since the previous run, both ways (ifInErrors + "
        "ifOutErrors); often a cable, a plug or a duplex mismatch.",
    ),
    Better.LOWER,
)
DISCARDS = _per_second(
    "discards",
    Text("每秒丢弃", "Discards per second"),
    Text(
        "自上次探测以来该端口平均每秒丢弃的完好报文数（ifInDiscards 与 ifOutDiscards 之和）；"
        "常见于拥塞。",
        "Sound packets that the port discarded per second since the previous run, both ways "
        "(ifInDiscards + ifOutDiscards); often congestion.",
    ),
    Better.LOWER,
)
RECEIVED_BROADCASTS = _per_second(
    "received_broadcasts",
    Text("每秒收到的广播", "Broadcasts received per second"),
    Text(
        "自上次探测以来该端口平均每秒收到的广播报文数；许多端口同时很高说明有环路或风暴。",
        "Broadcasts that the port received per second since the previous run; many of them on "
        "several ports at once tell of a loop or a storm.",
    ),
    Better.NEITHER,
)
SENT_BROADCASTS = _per_second(
    "sent_broadcasts",
    Text("每秒发出的广播", "Broadcasts sent per second"),
    Text(
        "自上次探测以来该端口平均每秒发出的广播报文数。",
        "Broadcasts that the port sent per second since the previous run.",
    ),
    Better.NEITHER,
)
ENABLED = boolean(
    "port_enabled",
    Text("端口已启用", "Port enabled"),
    Text(
        "管理员在设备上启用了该端口（ifAdminStatus）；停用的端口没有链路是正常的。",
        "The port is enabled on the device (ifAdminStatus); one that is not needs no link.",
    ),
    Better.NEITHER,
)
PORTS = count(
    "ports_count",
    Text("以太网端口数", "Ethernet ports"),
    Text(
        "设备自称的以太网接口数（ifType），含未插线的；有的设备把 VLAN 接口也算作以太网。",
        "Interfaces that the device calls Ethernet (ifType), with or without a link; some devices "
        "count VLAN interfaces among them.",
    ),
    Better.NEITHER,
)
PORTS_UP = count(
    "ports_up_count",
    Text("连通的以太网端口数", "Ethernet ports up"),
    Text(
        "其中有链路的；有端口状态不明时缺失。",
        "Those of them that have a link; absent while that is not known of each.",
    ),
    Better.NEITHER,
)
_BROADCASTS = {RECEIVED_BROADCASTS: "in_broadcasts", SENT_BROADCASTS: "out_broadcasts"}
_BITS = {RECEIVED_BITS_PER_SECOND: "in_octets", SENT_BITS_PER_SECOND: "out_octets"}
_BOTH_WAYS = {
    ERRORS: ("in_errors", "out_errors"),
    DISCARDS: ("in_discards", "out_discards"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceSettings(SnmpSettings):
    most_interfaces: int = setting(
        128,
        Text(
            "每台设备最多报告的接口数；以太网端口优先，其次为已连通的接口。",
            "Interfaces reported of one device at most; Ethernet first, then those that are up.",
        ),
        minimum=1,
        maximum=1024,
    )
    include_virtual: bool = setting(
        False,
        Text(
            "包括环回、隧道、VLAN 等虚拟接口。",
            "Include loopbacks, tunnels, VLANs and other interfaces that are no line.",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One device as it was seen in the previous run."""

    seen: Seen
    ports: Mapping[Oid, Port]
    at: Mapping[Oid, float]


class SnmpInterfaces(SnmpProbe[InterfaceSettings]):
    name = "snmp_interfaces"
    title = Text("交换机端口", "Switch ports")
    about = Text(
        "用 SNMP（v2c 或 v3）读取设备的接口表（ifTable、ifXTable），与上一次探测相减，得到每个端口"
        "这段时间的平均速率。有 64 位计数器时用它，否则用 32 位的；速率取 ifHighSpeed，没有则取 "
        "ifSpeed；名称取 ifName，没有则取 ifDescr，重名的加上索引。一次询问全部设备，互不等待；"
        "沉默的设备以后问得少些。",
        "Reads the interface tables of devices (ifTable, ifXTable) by SNMP v2c or v3 and takes the "
        "difference to the previous run: a mean over that time for each port. Counters of 64 bits "
        "where there are any, else of 32; the speed is ifHighSpeed, else ifSpeed; the name is "
        "ifName, else ifDescr, with the index where several share it. All devices are asked at "
        "once and none waits for another; one that keeps silent is asked less often.",
    )
    limits = Text(
        "32 位计数器在 1 Gbit/s 下 34 秒就回绕，这样的端口没有速率。设备重启、计数器清零或无法区分"
        "回绕与清零时，这一次没有速率，绝不猜测。收和发是从端口看的：收到的是接在端口上的设备发出的。"
        "平均值会掩盖短时突发。",
        "A counter of 32 bits wraps after 34 s at 1 Gbit/s: such a port has no rate. After a "
        "restart, when counters were cleared, and where a wrap cannot be told from that, there is "
        "no rate for that run; nothing is guessed. Received and sent are the port's view: what it "
        "receives, the device behind it sends. A mean hides short bursts.",
    )
    measures = (
        RECEIVED_BITS_PER_SECOND,
        SENT_BITS_PER_SECOND,
        LINK_SPEED_BITS_PER_SECOND,
        LINK_UP,
        ENABLED,
        ERRORS,
        DISCARDS,
        RECEIVED_BROADCASTS,
        SENT_BROADCASTS,
        PORTS,
        PORTS_UP,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "interface": Text(
            f"端口名，如 GE0/0/1；{ALL} 为整台设备。",
            f"The port, such as GE0/0/1; {ALL}: the device as a whole.",
        )
    }
    Settings = InterfaceSettings
    wanted = Wanted(scalars=CLOCKS, tables={"interfaces": COLUMNS})

    def __init__(self, settings: InterfaceSettings) -> None:
        super().__init__(settings)
        self._before: dict[str, _Look] = {}

    def missed(self, device: Device) -> None:
        self._before.pop(device.name, None)

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        table = answer.tables["interfaces"]
        ports = ports_of(table, ALL)
        before = self._before.get(device.name)
        now = self._before[device.name] = _Look(Seen(Clocks.of(answer), answer.at), ports, table.at)
        shown = [
            Reading.ok(values, {"interface": port.name}, target=device.name)
            for port in self._chosen(ports)
            if (values := _values(port, before, now))
        ]
        return [self._whole(device, table, ports), *shown]

    def _whole(self, device: Device, table: Table, ports: Mapping[Oid, Port]) -> Reading:
        if table.end or not ports:
            return self.without(device, table.end or NO_TABLE)
        values = counts(list(ports.values()))
        if not values:
            return self.without(device, NO_TABLE)
        return Reading.ok(values, self.labels_of_all(), target=device.name)

    def _chosen(self, ports: Mapping[Oid, Port]) -> list[Port]:
        """In the order of their index; the same ones each time while they exist."""
        wanted = [p for p in ports.values() if self.settings.include_virtual or not p.is_virtual]
        wanted.sort(key=lambda port: (not port.is_ethernet, not port.up, port.index))
        return sorted(wanted[: self.settings.most_interfaces], key=lambda port: port.index)


def counts(ports: Sequence[Port]) -> dict[Metric, float]:
    """Of all ports; nothing when the device does not say what any of them is."""
    if any(port.kind is None for port in ports):
        return {}
    ethernet = [port for port in ports if port.is_ethernet]
    values: dict[Metric, float] = {PORTS: len(ethernet)}
    if all(port.up is not None for port in ethernet):
        values[PORTS_UP] = sum(port.up is True for port in ethernet)
    return values


def _values(port: Port, before: _Look | None, now: _Look) -> dict[Metric, float]:
    said = {LINK_UP: port.up, ENABLED: port.enabled, LINK_SPEED_BITS_PER_SECOND: port.speed}
    low = LINK_SPEED_BITS_PER_SECOND.minimum or 0
    values = {metric: float(value) for metric, value in said.items() if value is not None}
    if values.get(LINK_SPEED_BITS_PER_SECOND, low) < low:
        del values[LINK_SPEED_BITS_PER_SECOND]
    old = before.ports.get(port.index) if before else None
    if before is None or old is None:
        return values
    seconds = now.at[port.index] - before.at[port.index]
    return values | rates(old, port, seconds, went_on(before.seen, now.seen))


def rates(
    before: Port, after: Port, seconds: float, device_went_on: bool | None
) -> dict[Metric, float]:
    """What the port did between two looks; empty where that is not certain."""
    if before.name != after.name or before.discontinuity != after.discontinuity:
        return {}
    speeds = [speed for speed in (before.speed, after.speed) if speed is not None]
    span = Span(seconds, max(speeds, default=None), device_went_on, after.is_ethernet)
    grown = growth(before.counters, after.counters, span, OCTETS)
    values = {m: grown[name] * 8 / seconds for m, name in _BITS.items() if name in grown}
    values |= {m: grown[name] / seconds for m, name in _BROADCASTS.items() if name in grown}
    for metric, (one, other) in _BOTH_WAYS.items():
        if one in grown and other in grown:
            values[metric] = (grown[one] + grown[other]) / seconds
    return values
