"""How many access points and clients a wireless controller serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.model import Better, Metric, Reading
from probes.posture import count
from probes.snmp import wireless
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.probe import SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

SOURCE = "source"

ACCESS_POINTS_COUNT = count(
    "access_points_count",
    Text("在线 AP 数", "Access points online"),
    Text(
        "正与控制器建立会话的无线接入点数。",
        "Access points that have a session with the controller at present.",
    ),
    Better.HIGHER,
)
CLIENTS_COUNT = count(
    "clients_count",
    Text("无线终端数", "Wireless clients"),
    Text(
        "正在使用该控制器的无线服务的终端数，只有个数，不含任何终端的标识。",
        "Clients that use the controller's wireless service at present: a number, without anything "
        "that tells who they are.",
    ),
    Better.NEITHER,
)


class SnmpWireless(SnmpProbe[SnmpSettings]):
    name = "snmp_wireless"
    title = Text("无线控制器", "Wireless controller")
    about = Text(
        "读取无线控制器的在线 AP 数和终端数：先按 CAPWAP-BASE-MIB（RFC 5833），没有时按几家厂商的"
        "私有 MIB。对象标识及其来源在 probes/snmp/wireless.toml。只读总数：学生手机的地址不会离开"
        "设备。",
        "Reads how many access points and clients a wireless controller has: by CAPWAP-BASE-MIB "
        "(RFC 5833), and where that is missing by the private MIBs of some makers. Object "
        "identifiers and where they come from are in probes/snmp/wireless.toml. Only totals are "
        "read: no address of a pupil's phone leaves the device.",
    )
    limits = Text(
        "多数厂家的终端数只在私有 MIB 中，这里只有能核对的两家（华为、Aruba）；在试过的记录中只有 "
        "H3C 的控制器支持标准 MIB，锐捷、Ruckus 等为 no_table。不归控制器管的 AP 读不到："
        "IEEE802dot11-MIB 不含终端数。在线 AP 数不说明哪间教室有信号。",
        "Most makers tell the number of clients in a private MIB only; here are the two that could "
        "be verified (Huawei, Aruba). Of the recordings tried only controllers of H3C have the "
        "standard MIB; Ruijie, Ruckus and others say no_table. An access point without a "
        "controller is not read: IEEE802dot11-MIB does not count clients. Access points online do "
        "not tell which classroom has a signal.",
    )
    measures = (ACCESS_POINTS_COUNT, CLIENTS_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        SOURCE: Text(
            "数值来自哪个 MIB 模块，如 CAPWAP-BASE-MIB。",
            "The MIB module by which the numbers are told, such as CAPWAP-BASE-MIB.",
        )
    }
    wanted = Wanted(scalars=wireless.scalars())

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        found = wireless.wireless(answer.scalars)
        if found is None:
            return [self.without(device, NO_TABLE)]
        told: dict[Metric, int | None] = {
            ACCESS_POINTS_COUNT: found.access_points,
            CLIENTS_COUNT: found.clients,
        }
        values = {metric: float(value) for metric, value in told.items() if value is not None}
        return [Reading.ok(values, {SOURCE: found.mib}, target=device.name)]
