"""Which machines are plugged into which port of a switch, by the addresses that it has learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from probes.metrics import SEEN
from probes.model import Better, Reading, setting
from probes.posture import count
from probes.snmp import fdb
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.names import COLUMNS as NAMES
from probes.snmp.names import INTERFACES, names
from probes.snmp.probe import ALL, SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

MOST_ROWS = 32768
INTERFACE, MAC, VLAN = "interface", "mac", "vlan"

MAC_COUNT = count(
    "mac_count",
    Text("学到的地址数", "Addresses learned"),
    Text(
        "交换机在该端口上学到的不同 MAC 地址数；没有学到地址的端口没有读数，不报 0。",
        "Different MAC addresses that the switch has learned at this port; a port at which it "
        "learned none has no reading, and not a 0.",
    ),
    Better.NEITHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FdbSettings(SnmpSettings):
    most_per_port: int = setting(
        16,
        Text(
            "一个端口上的地址多于此数时只计数、不逐个列出：它通向另一台交换机。",
            "A port with more addresses than this is only counted: it leads to another switch.",
        ),
        minimum=1,
        maximum=256,
    )


class SnmpFdb(SnmpProbe[FdbSettings]):
    name = "snmp_fdb"
    title = Text("交换机地址表", "Switch address table")
    about = Text(
        "读取交换机的地址表 dot1dTpFdbTable（RFC 4188）和 dot1qTpFdbTable（RFC 4363），给出每个端口"
        "学到的地址数；地址不多于 most_per_port 的端口逐个列出地址和 VLAN。取 learned 的单播地址，"
        "手工配置的和交换机自己的不算。桥端口经 dot1dBasePortIfIndex 换成接口名；换不成时写作"
        "“port 编号”。VLAN 由 dot1qVlanFdbId 查出，不把过滤数据库的编号当作 VLAN。",
        "Reads a switch's address tables, dot1dTpFdbTable (RFC 4188) and dot1qTpFdbTable (RFC "
        "4363): how many addresses each port has learned and, at ports with no more than "
        "most_per_port, each address with its VLAN. Only unicast addresses that were learned "
        "count, not those set by hand or of the switch itself. dot1dBasePortIfIndex turns a bridge "
        "port into an interface; without it the label is `port` and its number. The VLAN comes "
        "from dot1qVlanFdbId; the number of a filtering database is not taken for a VLAN.",
    )
    limits = Text(
        "地址学到后会在表中停留到老化（常为 5 分钟），所以机器可能已经离开。接在傻瓜交换机或无线"
        "接入点后面的机器都出现在同一端口。有的思科交换机每个 VLAN 另有一张表，只有默认 VLAN 的能"
        "读到；私有 MIB 中的表不读。表没有读全时不给出任何地址，因为那时分不清哪些端口通向别的"
        "交换机。",
        "An address stays until it ages, often 5 minutes, so its machine may be gone. All machines "
        "behind an unmanaged switch or an access point are at one port. Some Cisco switches keep "
        "a table for each VLAN, of which only that of the default VLAN is read; tables in private "
        "MIBs are not read. A table that was not read to its end gives no address at all: it could "
        "not be told which ports lead to other switches.",
    )
    measures = (SEEN, MAC_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        INTERFACE: Text("接口名，与 snmp_interfaces 相同。", "Interface, as in snmp_interfaces."),
        MAC: Text(
            "学到的 MAC 地址；all 为该端口的地址数。",
            "The MAC address that was learned; `all` for how many the port has.",
        ),
        VLAN: Text(
            f"VLAN；设备没有说明时为 {fdb.NO_VLAN}。",
            f"VLAN; {fdb.NO_VLAN} when the device does not tell.",
        ),
    }
    wanted = Wanted(tables={**fdb.COLUMNS, **NAMES}, most_rows=MOST_ROWS)
    device_seconds = 40.0
    run_seconds = 90.0
    deadline_seconds = 110.0
    Settings = FdbSettings

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        ends = [table.end for table in answer.tables.values() if table.end]
        if ends:
            return [self.without(device, ends[0])]
        found = fdb.stations(answer.tables, names(answer.tables[INTERFACES]))
        if not found:
            return [self.without(device, NO_TABLE)]
        return [
            reading
            for interface, stations in fdb.by_interface(found).items()
            for reading in self._of_port(device, interface, stations)
        ]

    def _of_port(
        self, device: Device, interface: str, stations: Sequence[fdb.Station]
    ) -> list[Reading]:
        macs = len({one.mac for one in stations})
        whole = {INTERFACE: interface, MAC: ALL, VLAN: ALL}
        counted = Reading.ok({MAC_COUNT: macs}, whole, target=device.name)
        if macs > self.settings.most_per_port:
            return [counted]
        seen = [
            Reading.ok({SEEN: 1}, {INTERFACE: interface, MAC: one.mac, VLAN: one.vlan},
                       target=device.name)
            for one in stations
        ]  # fmt: skip
        return [counted, *seen]
