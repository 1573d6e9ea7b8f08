"""Whether an uninterruptible power supply has mains, and how long its battery would last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.metrics import SEEN
from probes.model import Better, Metric, Reading, Unit
from probes.posture import age, boolean, count
from probes.snmp import ups
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.probe import ALL, SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

ALARM, MODEL = "alarm", "model"
NO_MODEL = "-"

ON_BATTERY = boolean(
    "on_battery",
    Text("由电池供电", "On battery"),
    Text(
        "输出来自电池（1），或来自市电、旁路等（0）；设备没有说明时缺失。",
        "The output comes from the battery (1) or from mains, a bypass or the like (0); absent "
        "when the device does not tell.",
    ),
    Better.LOWER,
)
ON_BYPASS = boolean(
    "on_bypass",
    Text("处于旁路", "On bypass"),
    Text(
        "输出绕过了 UPS：停电时设备会立即断电。",
        "The output goes around the UPS: in a power cut its load loses power at once.",
    ),
    Better.LOWER,
)
OUTPUT_ON = boolean(
    "output_on",
    Text("有输出", "Output on"),
    Text("UPS 正在供电（1），或没有输出（0）。", "The UPS gives power (1), or no output (0)."),
)
BATTERY_LOW = boolean(
    "battery_low",
    Text("电池电量低", "Battery low"),
    Text(
        "设备认为电池电量低或已耗尽；它不知道时缺失。",
        "The device holds its battery to be low or depleted; absent when it does not know.",
    ),
    Better.LOWER,
)
ON_BATTERY_SECONDS = age(
    "on_battery_seconds",
    Text("已由电池供电", "On battery for"),
    Text(
        "由电池供电以来的秒数；没有用电池时为 0。",
        "Seconds since it went on battery; 0 while it is not.",
    ),
)
BATTERY_LEFT_SECONDS = age(
    "battery_left_seconds",
    Text("电池可供时间", "Battery lasts"),
    Text(
        "按当前负载，停电后电池还能供多久，是设备的估计（精确到分钟）。MIB 不允许 0，报 0 的视为没"
        "有估计。",
        "How long the battery would last at this load without mains, as the device estimates it "
        "in minutes. The MIB permits no 0; a device that sends one has no estimate.",
    ),
    Better.HIGHER,
)
CHARGE_RATIO = Metric(
    name="charge_ratio",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    title=Text("电池电量", "Battery charge"),
    meaning=Text(
        "电池电量占充满时的比例，是设备的估计；设备没有估计时缺失。",
        "Charge of the battery against a full one, as the device estimates it; absent when it "
        "does not.",
    ),
    resolution=0.01,
    minimum=0,
    maximum=1,
    reference="RFC 1628 upsEstimatedChargeRemaining",
)
ALARMS_COUNT = count(
    "alarms_count",
    Text("告警数", "Alarms"),
    Text("设备当前的告警数。", "How many alarms the device has at present."),
)


class UpsProbe(SnmpProbe[SnmpSettings]):
    name = "ups"
    title = Text("不间断电源", "Uninterruptible power supply")
    about = Text(
        "按 UPS-MIB（RFC 1628）读取电池状态、电池供电秒数、剩余时间、电量、输出来源和告警。每台设备"
        "一个读数（alarm 为 all），每种当前告警再各有一个。管理卡与 UPS 失去联系时"
        "（communications_lost）其余数值是旧的，不给出。",
        "Reads by UPS-MIB (RFC 1628) the state of the battery, seconds on battery, time left, "
        "charge, source of the output, and alarms. One reading for each device (alarm `all`), and "
        "one for each kind of alarm that it has. While a management card has lost its UPS "
        "(communications_lost) its other numbers are old and are not given.",
    )
    limits = Text(
        "剩余时间和电量是设备的估计，老化的电池常常远不能坚持那么久。只读标准 UPS-MIB；只有私有 "
        "MIB 的设备为 no_table。",
        "Time left and charge are estimates of the device; an aged battery often lasts far "
        "shorter. Only the standard UPS-MIB is read; a device with a private MIB only says "
        "no_table.",
    )
    measures = (
        ON_BATTERY,
        ON_BYPASS,
        OUTPUT_ON,
        BATTERY_LOW,
        ON_BATTERY_SECONDS,
        BATTERY_LEFT_SECONDS,
        CHARGE_RATIO,
        ALARMS_COUNT,
        SEEN,
    )
    labels: ClassVar[Mapping[str, Text]] = {
        ALARM: Text(
            f"告警名称，如 on_battery、battery_bad；厂家自定的为 {ups.OF_THE_MAKER}；all 为设备的各"
            "项数值。",
            f"Name of an alarm, such as on_battery or battery_bad; {ups.OF_THE_MAKER} for one of "
            "the maker; `all` for the numbers of the device.",
        ),
        MODEL: Text(
            f"厂家和型号；没有说明时为 {NO_MODEL}。",
            f"Maker and model; {NO_MODEL} when it does not tell.",
        ),
    }
    wanted = Wanted(scalars=ups.SCALARS, tables=ups.COLUMNS, most_rows=256)

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        end = answer.tables[ups.ALARMS].end
        if end:
            return [self.without(device, end)]
        found = ups.ups(answer.scalars, answer.tables)
        if found is None:
            return [self.without(device, NO_TABLE)]
        model = found.model or NO_MODEL
        values = _values(found)
        whole = (
            Reading.ok(values, {ALARM: ALL, MODEL: model}, target=device.name)
            if values
            else Reading.not_run("unreadable", {ALARM: ALL, MODEL: model}, target=device.name)
        )
        alarms = [
            Reading.ok({SEEN: 1}, {ALARM: alarm, MODEL: model}, target=device.name)
            for alarm in found.alarms
        ]
        return [whole, *alarms]


def _values(found: ups.Ups) -> dict[Metric, float]:
    """What is not known is left out."""
    told: dict[Metric, float | None] = {
        ON_BATTERY: found.on_battery,
        ON_BYPASS: found.on_bypass,
        OUTPUT_ON: found.output_on,
        BATTERY_LOW: found.battery_low,
        ON_BATTERY_SECONDS: found.on_battery_seconds,
        BATTERY_LEFT_SECONDS: found.left_seconds,
        CHARGE_RATIO: found.charge_ratio,
        ALARMS_COUNT: found.alarms_count,
    }
    return {metric: float(value) for metric, value in told.items() if value is not None}
