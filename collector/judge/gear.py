"""Whether gear without an agent answered in lessons, from sweeps of the LAN and from SNMP.

The measure is a round of questions in which at least somebody of the school answered: while nothing
at all is heard, silence says nothing about any one device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.inventory.model import Device, DeviceKind
from collector.judge.scene import Scene
from collector.register.model import School
from collector.store import MetricRef
from probes.catalog import Catalog
from probes.text import Text

SEEN = MetricRef("arp_sweep", "seen")
SWEPT = MetricRef("arp_sweep", "hosts_count")
POLLED = MetricRef("snmp_system", "seen")
MAC = "mac"
CLASSES: dict[DeviceKind, Text] = {
    DeviceKind.GATEWAY: Text("网关", "gateways"),
    DeviceKind.SWITCH: Text("交换机", "switches"),
    DeviceKind.ACCESS_POINT: Text("接入点", "access points"),
    DeviceKind.PC: Text("电脑", "computers"),
    DeviceKind.TABLET: Text("平板", "tablets"),
    DeviceKind.SERVER: Text("服务器", "servers"),
    DeviceKind.SMART_BOARD: Text("智慧黑板", "smart boards"),
    DeviceKind.PROJECTOR: Text("投影机", "projectors"),
    DeviceKind.PRINTER: Text("打印机", "printers"),
    DeviceKind.CAMERA: Text("摄像头", "cameras"),
    DeviceKind.RECORDER: Text("录播主机", "recorders"),
    DeviceKind.CODEC: Text("编解码器", "codecs"),
    DeviceKind.PHONE: Text("手机", "phones"),
    DeviceKind.UPS: Text("不间断电源", "UPS"),
    DeviceKind.UNKNOWN: Text("未知类别", "devices of an unknown class"),
}
NOT_ASKED = Text(
    "上课时间内没有扫描或轮询到过这些设备。", "These devices were not swept or polled in lessons."
)


@dataclass(frozen=True, slots=True)
class Answered:
    """`rounds` that it was asked in, and those that it answered."""

    times: int
    rounds: int

    @property
    def share(self) -> Fraction:
        return Fraction(min(self.times, self.rounds), self.rounds)


def answered(school: School, devices: Sequence[Device], scene: Scene) -> dict[int, Answered]:
    """By id of the device; those that neither way of asking ever found in lessons are absent."""
    swept = _swept(school, scene) if measures(scene.catalog, SEEN, SWEPT) else {}
    polled = _polled(school, scene) if measures(scene.catalog, POLLED) else {}
    found: dict[int, Answered] = {}
    for device in devices:
        ways = [swept[mac] for mac in device.macs if mac in swept]
        ways += [polled[device.name]] if device.name in polled else []
        if ways:
            found[device.id] = max(ways, key=lambda way: way.share)
    return found


def _swept(school: School, scene: Scene) -> dict[str, Answered]:
    """By MAC; each network is swept for itself."""
    readings = scene.lesson_readings
    rounds = readings.summaries(school, SWEPT, "count", ("target",), {MAC: ("all",)})
    seen = readings.summaries(school, SEEN, "count", ("target", MAC), {})
    found: dict[str, Answered] = {}
    for (network, mac), summary in seen.items():
        of = rounds.get((network,))
        way = Answered(summary.n, max(of.n, summary.n)) if of else None
        if way and (mac not in found or way.share > found[mac].share):
            found[mac] = way
    return found


def _polled(school: School, scene: Scene) -> dict[str, Answered]:
    """By name. The device that answered most often tells how many rounds there were."""
    seen = scene.lesson_readings.summaries(school, POLLED, "count", ("target",), {})
    rounds = max((summary.n for summary in seen.values()), default=0)
    return {name: Answered(summary.n, rounds) for (name,), summary in seen.items()}


def measures(catalog: Catalog, *metrics: MetricRef) -> bool:
    return all(
        metric.probe in catalog
        and metric.metric in {each.name for each in catalog[metric.probe].measures}
        for metric in metrics
    )
