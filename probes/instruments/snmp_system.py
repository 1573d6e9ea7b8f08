"""Which device answers by SNMP, what it is, and how long it has been up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.metrics import SEEN, UPTIME_SECONDS
from probes.model import Better, Metric, Reading, Unit
from probes.posture import NONE, count
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.probe import SnmpProbe, SnmpSettings
from probes.snmp.uptime import CLOCKS, Clocks, Uptime
from probes.snmp.values import MAX_WORDS, Value, dotted, words
from probes.snmp.vendors import enterprise, vendor_of
from probes.text import Text

ENGINE_BOOTS = count(
    "engine_boots_count",
    Text("SNMP 引擎启动次数", "Starts of the SNMP engine"),
    Text(
        "设备的 SNMP 引擎自安装以来启动的次数；增加说明设备或其 SNMP 服务重启过。",
        "How often the device's SNMP engine was started since it was set up; when it grows, the "
        "device or its SNMP service was started again.",
    ),
    Better.NEITHER,
)
ANSWER_SECONDS = Metric(
    name="answer_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("SNMP 应答时间", "SNMP answer time"),
    meaning=Text(
        "一个 SNMP 请求到应答的时间，主要是设备管理处理器的忙闲；需要重发时缺失。",
        "From one SNMP request to its answer, which mostly tells how busy the device's management "
        "processor is; absent when the request had to be sent again.",
    ),
    resolution=0.0001,
    minimum=0,
    maximum=60,
)
_SYSTEM: Mapping[str, str] = {
    "descr": "1.3.6.1.2.1.1.1.0",
    "object_id": "1.3.6.1.2.1.1.2.0",
    "name": "1.3.6.1.2.1.1.5.0",
}


class SnmpSystem(SnmpProbe[SnmpSettings]):
    name = "snmp_system"
    title = Text("网络设备", "Network device")
    about = Text(
        "用 SNMP（v2c 或 v3）读取设备的 system 组：描述、sysObjectID、名称和运行时间。厂商由 "
        "sysObjectID 中的企业编号得出。sysUpTime 每 497 天回绕：主机时钟（hrSystemUptime）或 SNMP "
        "引擎时间说得更多时用它们。一次询问全部设备，互不等待；沉默的设备以后问得少些。",
        "Reads the system group of devices by SNMP v2c or v3: description, sysObjectID, name and "
        "uptime. The vendor follows from the enterprise number in sysObjectID. sysUpTime wraps "
        "every 497 days: where the host's clock (hrSystemUptime) or the engine's time tell more, "
        "they are used. All devices are asked at once and none waits for another; one that keeps "
        "silent is asked less often.",
    )
    limits = Text(
        "名称和描述是设备自己说的。只有 32 位时钟的设备，497 天以前的部分只有在探测期间看到回绕才会"
        "计入运行时间。许多小设备用 net-snmp，企业编号是 net-snmp 的，看不出厂商。没有应答不等于"
        "设备坏了：团体名不对、不允许本机访问时也没有应答。",
        "Name and description are what the device says. Of a device whose clocks have 32 bits, "
        "what is beyond 497 days is part of the uptime only if the wrap was seen. Many small "
        "devices run net-snmp and bear its number, which tells no vendor. No answer does not mean "
        "that a device is broken: a wrong community, or a list that leaves this machine out, look "
        "the same.",
    )
    measures = (SEEN, UPTIME_SECONDS, ENGINE_BOOTS, ANSWER_SECONDS)
    labels: ClassVar[Mapping[str, Text]] = {
        "vendor": Text(
            f"厂商；未收录时为企业编号，没有时为 {NONE}。",
            f"The vendor; its enterprise number where it is not listed; {NONE}: not told.",
        ),
        "object_id": Text(f"sysObjectID；{NONE} 为没有。", f"sysObjectID; {NONE}: not told."),
        "name": Text(f"sysName；{NONE} 为没有。", f"sysName; {NONE}: not told."),
        "description": Text(f"sysDescr；{NONE} 为没有。", f"sysDescr; {NONE}: not told."),
    }
    wanted = Wanted(scalars={**_SYSTEM, **CLOCKS})

    def __init__(self, settings: SnmpSettings) -> None:
        super().__init__(settings)
        self._uptimes: dict[str, Uptime] = {}

    def labels_of_all(self) -> Mapping[str, str]:
        return dict.fromkeys(self.labels, NONE)

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        clocks = Clocks.of(answer)
        values: dict[Metric, float] = {SEEN: 1}
        uptime = clocks.uptime()
        if uptime is not None:
            kept = self._uptimes.setdefault(device.name, Uptime())
            values[UPTIME_SECONDS] = kept.now(uptime, answer.at)
        if clocks.boots is not None:
            values[ENGINE_BOOTS] = clocks.boots
        if answer.seconds is not None:
            values[ANSWER_SECONDS] = answer.seconds
        return [Reading.ok(values, labels_of(answer.scalars), target=device.name)]


def labels_of(scalars: Mapping[str, Value]) -> dict[str, str]:
    said = scalars.get("object_id")
    object_id = said if isinstance(said, tuple) else ()
    number = enterprise(object_id)
    vendor = vendor_of(object_id)
    unlisted = "" if number is None else f"enterprise {number}"
    return {
        "vendor": vendor.name.en if vendor else unlisted or NONE,
        "object_id": dotted(object_id)[:MAX_WORDS] or NONE,
        "name": words(scalars.get("name")) or NONE,
        "description": words(scalars.get("descr")) or NONE,
    }
