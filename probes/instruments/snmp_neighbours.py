"""Which device announces itself by LLDP at which port of a switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.metrics import SEEN
from probes.model import Better, Reading
from probes.posture import count
from probes.snmp import neighbours as lldp
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.names import COLUMNS as NAMES
from probes.snmp.names import INTERFACES, names
from probes.snmp.probe import SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

INTERFACE, NEIGHBOUR = "interface", "neighbour"
NEIGHBOUR_PORT, CAPABILITIES = "neighbour_port", "capabilities"

NEIGHBOURS_COUNT = count(
    "neighbours_count",
    Text("LLDP 邻居数", "LLDP neighbours"),
    Text(
        "设备的全部端口上听到的 LLDP 邻居数；设备有 LLDP 而没有听到时为 0。",
        "LLDP neighbours heard at all ports of the device; 0 when it has LLDP and hears none.",
    ),
    Better.NEITHER,
)


class SnmpNeighbours(SnmpProbe[SnmpSettings]):
    name = "snmp_neighbours"
    title = Text("LLDP 邻居", "LLDP neighbours")
    about = Text(
        "读取设备的 lldpRemTable（LLDP-MIB，IEEE 802.1AB），每个邻居一个读数：在哪个端口、是谁、"
        "用它的哪个端口、启用了哪些能力。邻居以 MAC 或 IP 地址标识自己时给出该地址，否则给出它的"
        "标识或名称。",
        "Reads a device's lldpRemTable (LLDP-MIB, IEEE 802.1AB); one reading for each neighbour: "
        "at which port, who it is, by which port of its own, and with which capabilities enabled. "
        "A neighbour that goes by a MAC or IP address is given by that, else by what it calls "
        "itself.",
    )
    limits = Text(
        "只看得到会发 LLDP 的设备；电脑、打印机和多数摄像头不发。邻居自报的内容没有验证。CDP 等厂商"
        "协议不读，LLDP-V2-MIB 也不读。端口名先取设备自己在 lldpLocPortTable 里的说法，与 "
        "snmp_interfaces 的接口名可能不同。",
        "Only devices that speak LLDP are seen; PCs, printers and most cameras do not. What a "
        "neighbour says of itself is not verified. CDP and other makers' protocols are not read, "
        "and neither is LLDP-V2-MIB. A port is named as the device's lldpLocPortTable does, "
        "perhaps otherwise than in snmp_interfaces.",
    )
    measures = (SEEN, NEIGHBOURS_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        INTERFACE: Text(
            "听到它的端口；all 为对整台设备的说明。",
            "The port at which it was heard; `all` for what is said of the device as a whole.",
        ),
        NEIGHBOUR: Text(
            "邻居：MAC 地址、IP 地址或它的标识。", "The neighbour: MAC address, IP address or name."
        ),
        NEIGHBOUR_PORT: Text(
            f"邻居自己的端口；没有说明时为 {lldp.UNKNOWN}。",
            f"The neighbour's own port; {lldp.UNKNOWN} when it does not tell.",
        ),
        CAPABILITIES: Text(
            f"邻居启用的能力，以空格分开，如 bridge router；都没有时为 {lldp.NONE}，没有说明时为 "
            f"{lldp.UNKNOWN}。",
            f"Capabilities it has enabled, with spaces between, such as bridge router; "
            f"{lldp.NONE} for none of them, {lldp.UNKNOWN} when it does not tell.",
        ),
    }
    wanted = Wanted(tables={**lldp.COLUMNS, **NAMES})

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        ends = [table.end for table in answer.tables.values() if table.end]
        if ends:
            return [self.without(device, ends[0])]
        found = lldp.neighbours(answer.tables, names(answer.tables[INTERFACES]))
        if not found and not answer.tables[lldp.LOCAL].rows:
            return [self.without(device, NO_TABLE)]
        counted = {NEIGHBOURS_COUNT: float(len(found))}
        whole = Reading.ok(counted, self.labels_of_all(), target=device.name)
        return [whole, *(self._seen(device, one) for one in found)]

    def _seen(self, device: Device, one: lldp.Neighbour) -> Reading:
        labels = {
            INTERFACE: one.interface, NEIGHBOUR: one.neighbour, NEIGHBOUR_PORT: one.port,
            CAPABILITIES: one.capabilities,
        }  # fmt: skip
        return Reading.ok({SEEN: 1}, labels, target=device.name)
