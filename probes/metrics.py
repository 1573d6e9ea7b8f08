"""Metrics that several probes share. A metric of one probe only stands in that probe's file."""

from __future__ import annotations

from collections.abc import Sequence

from probes.model import Better, Metric, Unit
from probes.posture import boolean, count
from probes.text import Text

REACHABLE = Metric(
    name="reachable",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("可达", "Reachable"),
    meaning=Text(
        "目标在本次探测中是否给出了该探测所要求的应答。",
        "Whether the target gave, in this run, the answer that the probe asks for.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)

SEEN = boolean(
    "seen",
    Text("看见", "Seen"),
    Text(
        "标签所说的设备、地址或应答在本次探测中被看见；没有看见的不给出读数。",
        "What the labels name was seen in this run; what was not seen has no reading.",
    ),
    Better.NEITHER,
)

UPTIME_SECONDS = Metric(
    name="uptime_seconds",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("运行时间", "Uptime"),
    meaning=Text(
        "自开机以来的时间；在系统支持时包括休眠。",
        "Time since the machine was booted; sleep counts where the system can tell.",
    ),
    resolution=1,
    minimum=0,
)

LOSS_RATIO = Metric(
    name="loss_ratio",
    unit=Unit.RATIO,
    better=Better.LOWER,
    title=Text("丢失率", "Loss"),
    meaning=Text(
        "本次探测中没有得到应答的请求所占的比例。",
        "Share of this run's requests that were not answered.",
    ),
    resolution=0.001,
    minimum=0,
    maximum=1,
    reference="RFC 7680 (definition of loss), applied to round trips",
)


LOOKUP_SECONDS = Metric(
    name="lookup_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("解析时间", "Lookup"),
    meaning=Text(
        "从第一次询问到得到答复的时间，包括重问；答复说“没有这个名称”也算答复。",
        'From the first question to the answer, repeats included; "no such name" is an answer too.',
    ),
    resolution=0.00001,
    minimum=0,
    maximum=60,
    reference="RFC 8912 section 6, over all tries",
)


def delay(name: str, title: Text, meaning: Text, reference: str) -> Metric:
    """A time on the way to the reflector, or a figure made of such times."""
    return Metric(
        name=name,
        unit=Unit.SECONDS,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=0.000001,
        minimum=0,
        maximum=60,
        reference=reference,
    )


def round_trip(name: str, title: Text, meaning: Text) -> Metric:
    """One of its percentiles."""
    return delay(name, title, meaning, "RFC 2681")


RTT_SECONDS_P50 = round_trip(
    "rtt_seconds_p50",
    Text("往返时延（中位）", "Round trip (p50)"),
    Text(
        "一半的包不超过的往返时间，不含反射器处理的时间。",
        "The round trip that half of the packets do not exceed, without the reflector's own time.",
    ),
)
RTT_SECONDS_P95 = round_trip(
    "rtt_seconds_p95",
    Text("往返时延（95%）", "Round trip (p95)"),
    Text(
        "95% 的包不超过的往返时间，不含反射器处理的时间。",
        "The round trip that 95% of the packets do not exceed, without the reflector's own time.",
    ),
)


def median(ordered: Sequence[float]) -> float:
    """The median of at least one value, in ascending order."""
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


PRODUCTS_INSTALLED = count(
    "installed_products_count",
    Text("已装产品数", "Products installed"),
    Text(
        "本探测所找的已知产品中，已安装的个数；有来源无法查看、因此不能确定时缺失，不报 0。",
        "How many of the known products that the probe looks for are installed; absent, and not "
        "0, while a source could not be looked at and more might be there.",
    ),
    Better.NEITHER,
)
PRODUCTS_RUNNING = count(
    "running_products_count",
    Text("运行中的产品数", "Products running"),
    Text(
        "本探测所找的已知产品中，有程序在运行的个数；看不出时缺失。",
        "How many of the known products that the probe looks for have a program that runs; absent "
        "while that cannot be told.",
    ),
    Better.NEITHER,
)
PRODUCT_INSTALLED = boolean(
    "installed",
    Text("已安装", "Installed"),
    Text(
        "该产品已安装（1），或只发现它的登记或进程、没有安装（0）；只为发现的产品给出读数。",
        "The product is installed (1), or only an entry or a process of it was found (0); only "
        "products that were found have a reading.",
    ),
    Better.NEITHER,
)
PRODUCT_RUNNING = boolean(
    "running",
    Text("正在运行", "Running"),
    Text(
        "该产品有程序在运行；不说明防护有效，也不说明有人在远程操作。看不出时缺失。",
        "A program of the product runs; that proves no protection, and nobody who controls the "
        "machine. Absent while it cannot be told.",
    ),
    Better.NEITHER,
)
