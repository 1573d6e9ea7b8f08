"""Whether a printer can print, how many pages it has printed, and how much toner is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from probes.metrics import SEEN
from probes.model import Better, Metric, Reading, Unit
from probes.posture import boolean, count
from probes.snmp import printer
from probes.snmp.answer import Answer, Wanted
from probes.snmp.device import Device
from probes.snmp.probe import ALL, SnmpProbe, SnmpSettings
from probes.snmp.reasons import NO_TABLE
from probes.text import Text

PRINTER, MODEL, KIND, ITEM = "printer", "model", "kind", "item"
NO_MODEL = "-"
SUPPLY, ERROR = "supply", "error"

USABLE = boolean(
    "usable",
    Text("可以打印", "Can print"),
    Text(
        "hrDeviceStatus 为运行或告警（1），或为测试或停机（0）；打印机不知道时缺失。",
        "hrDeviceStatus is running or warning (1), or testing or down (0); absent when the "
        "printer does not know.",
    ),
)
PAGES = Metric(
    name="pages_count_total",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("总打印页数", "Pages printed"),
    meaning=Text(
        "打印机出厂以来打印的页数（印面或纸张，按打印机自己的计数单位）；不按页计数的没有。",
        "Pages in the printer's whole life: impressions or sheets, as it counts; absent when it "
        "counts something else.",
    ),
    resolution=1,
    minimum=0,
    reference="RFC 3805 prtMarkerLifeCount",
)
ERRORS_COUNT = count(
    "errors_count",
    Text("故障数", "Errors"),
    Text(
        "打印机当前发现的故障种类数，含缺纸、缺粉等预警；打印机没有这一项时缺失。",
        "Kinds of error that the printer detects at present, warnings such as low toner included; "
        "absent when it does not have the object.",
    ),
)
SUPPLY_LEFT_RATIO = Metric(
    name="supply_left_ratio",
    unit=Unit.RATIO,
    better=Better.HIGHER,
    title=Text("耗材剩余", "Supply left"),
    meaning=Text(
        "耗材剩余占满时的比例；废粉盒等为剩余空间。打印机不知道（-2）或只知道还有一些（-3）时没有"
        "读数，不报 0。",
        "What is left of a supply against a full one; of a waste box, the room that is left. "
        "Absent, and not 0, when the printer does not know (-2) or knows only that there is some "
        "(-3).",
    ),
    resolution=0.01,
    minimum=0,
    maximum=1,
    reference="RFC 3805 prtMarkerSuppliesLevel",
)


class PrinterProbe(SnmpProbe[SnmpSettings]):
    name = "printer"
    title = Text("打印机", "Printer")
    about = Text(
        "按 Printer-MIB（RFC 3805）和 HOST-RESOURCES-MIB（RFC 2790）读取打印机的状态、总页数、耗材"
        "和故障。每台打印机一个读数（kind 为 all），每种剩余量已知的耗材、每种当前故障再各有一个。"
        "没有 Printer-MIB 的不算打印机：电脑也在 hrPrinterTable 中列出它用的打印机。",
        "Reads state, pages, supplies and errors of a printer by Printer-MIB (RFC 3805) and "
        "HOST-RESOURCES-MIB (RFC 2790). One reading for each printer (kind `all`), one for each "
        "supply of which it knows how much is left, and one for each kind of error that it has. "
        "What has no Printer-MIB is no printer: a PC lists in hrPrinterTable where it prints.",
    )
    limits = Text(
        "剩余量是打印机的估计，兼容耗材常常不报或报错。休眠的打印机可能不应答。打印内容、文件名和用户"
        "都不读取。",
        "What is left is the printer's estimate; compatible cartridges often tell nothing, or "
        "something wrong. A printer that sleeps may not answer. What is printed, and by whom, is "
        "not read.",
    )
    measures = (USABLE, PAGES, ERRORS_COUNT, SUPPLY_LEFT_RATIO, SEEN)
    labels: ClassVar[Mapping[str, Text]] = {
        PRINTER: Text(
            "打印机在该设备中的编号（hrDeviceIndex），通常为 1。",
            "Number of the printer in its device (hrDeviceIndex), 1 as a rule.",
        ),
        MODEL: Text(
            f"型号；没有说明时为 {NO_MODEL}。", f"Model; {NO_MODEL} when it does not tell."
        ),
        KIND: Text(
            f"all 打印机本身，{SUPPLY} 耗材，{ERROR} 故障。",
            f"`all` the printer itself, {SUPPLY}, or {ERROR}.",
        ),
        ITEM: Text(
            "耗材名称（打印机自己的叫法）或故障名称，如 no_paper、jammed；打印机本身为 all。",
            "Name of the supply, as the printer calls it, or of the error, such as no_paper or "
            "jammed; `all` for the printer itself.",
        ),
    }
    wanted = Wanted(tables=printer.COLUMNS, most_rows=1024)

    def readings(self, device: Device, answer: Answer) -> Sequence[Reading]:
        ends = [table.end for table in answer.tables.values() if table.end]
        if ends:
            return [self.without(device, ends[0])]
        found = printer.printers(answer.tables)
        if not found:
            return [self.without(device, NO_TABLE)]
        return [reading for one in found for reading in _readings(one, device.name)]


def _readings(one: printer.Printer, target: str) -> list[Reading]:
    def labels(kind: str, item: str) -> dict[str, str]:
        model = one.model or NO_MODEL
        return {PRINTER: str(one.number), MODEL: model, KIND: kind, ITEM: item}

    told: dict[Metric, float | None] = {
        USABLE: one.usable,
        PAGES: one.pages,
        ERRORS_COUNT: None if one.errors is None else len(one.errors),
    }
    values = {metric: float(value) for metric, value in told.items() if value is not None}
    whole = (
        Reading.ok(values, labels(ALL, ALL), target=target)
        if values
        else Reading.not_run("unreadable", labels(ALL, ALL), target=target)
    )
    supplies = [
        Reading.ok(
            {SUPPLY_LEFT_RATIO: supply.left_ratio}, labels(SUPPLY, supply.name), target=target
        )
        for supply in one.supplies
        if supply.left_ratio is not None
    ]
    errors = [
        Reading.ok({SEEN: 1}, labels(ERROR, error), target=target) for error in one.errors or ()
    ]
    return [whole, *supplies, *errors]
