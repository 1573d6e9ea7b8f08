"""Which MAC address goes with which IP address, as a router or switch has learned it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.metrics import SEEN
from probes.model import Reading
from probes.snmp import arp
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.probe import SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

MOST_ROWS = 8192
ADDRESS, MAC = "address", "mac"


class SnmpArp(SnmpProbe[SnmpSettings]):
    name = "snmp_arp"
    title = Text("设备的 ARP 与邻居表", "ARP and neighbour table of a device")
    about = Text(
        "读取网关或三层交换机的 ipNetToMediaTable（RFC 1213，IPv4）和 ipNetToPhysicalTable（RFC "
        "4293，IPv4 与 IPv6），每对学到的地址给出一个读数。只取动态（dynamic）表项；设备说明了邻居"
        "状态时，只取可达（reachable）或不作判断（unknown）的，过期、待证实和无效的不算。静态表项是"
        "配置的，不说明看见了谁。",
        "Reads ipNetToMediaTable (RFC 1213, IPv4) and ipNetToPhysicalTable (RFC 4293, IPv4 and "
        "IPv6) of a gateway or layer-3 switch; one reading for each pair that was learned. Only "
        "dynamic entries count and, where the device tells the state of a neighbour, only those "
        "that are reachable or of which it keeps no state: not stale, waiting for proof or "
        "invalid ones. A static entry is configured and shows nobody.",
    )
    limits = Text(
        "不说明邻居状态的设备可能把表项保留几小时，其机器可能已经离开。IPv6 邻居多为 stale，因此"
        f"大多不给出。每张表最多读 {MOST_ROWS} 行，超出时另有一个 too_large 读数。",
        "A device that tells no state may keep an entry for hours, and its machine may be gone. "
        "Of IPv6, where most neighbours are stale, little is seen for the same reason. At most "
        f"{MOST_ROWS} rows of a table are read; if there are more, a reading says too_large.",
    )
    measures = (SEEN,)
    labels: ClassVar[Mapping[str, Text]] = {
        ADDRESS: Text(
            "IPv4 或 IPv6 地址；all 为对整台设备的说明。",
            "IPv4 or IPv6 address; `all` for what is said of the device as a whole.",
        ),
        MAC: Text("与该地址对应的 MAC 地址。", "The MAC address that goes with it."),
    }
    wanted = Wanted(tables=arp.COLUMNS, most_rows=MOST_ROWS)
    device_seconds = 40.0
    run_seconds = 90.0
    deadline_seconds = 110.0

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        found = [
            Reading.ok({SEEN: 1}, {ADDRESS: one.address, MAC: one.mac}, target=device.name)
            for one in arp.neighbours(answer.tables)
        ]
        ends = [table.end for table in answer.tables.values() if table.end]
        if ends or not found:
            found.append(self.without(device, ends[0] if ends else NO_TABLE))
        return found
