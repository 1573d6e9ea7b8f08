"""How busy and how full this machine is: processor, memory, swap, system disk, temperature."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from probes.model import Better, Metric, Probe, ProbeError, Reading, Role, Target, Unit, setting
from probes.text import Text


def _ratio(name: str, title: Text, meaning: Text) -> Metric:
    return Metric(
        name=name,
        unit=Unit.RATIO,
        better=Better.LOWER,
        title=title,
        meaning=meaning,
        resolution=0.001,
        minimum=0,
        maximum=1,
    )


CPU_USED_RATIO = _ratio(
    "cpu_used_ratio",
    Text("处理器使用率", "Processor in use"),
    Text(
        "自上次探测以来处理器忙碌的时间比例，所有核平均；等待磁盘不算忙碌。",
        "Share of time that the processor was busy since the previous run, over all cores; waiting "
        "for a disk is not busy.",
    ),
)
MEMORY_USED_RATIO = _ratio(
    "memory_used_ratio",
    Text("内存使用率", "Memory in use"),
    Text(
        "不借助交换空间便无法再分给程序的内存比例；可回收的缓存不计入。",
        "Share of memory that could not be given to a program without swapping; caches that can be "
        "freed do not count.",
    ),
)
MEMORY_AVAILABLE_BYTES = Metric(
    name="memory_available_bytes",
    unit=Unit.BYTES,
    better=Better.HIGHER,
    title=Text("可用内存", "Memory available"),
    meaning=Text(
        "不借助交换空间还能分给程序的内存。",
        "Memory that programs can still be given without swapping.",
    ),
    resolution=1_000_000,
    minimum=0,
)
SWAP_USED_RATIO = _ratio(
    "swap_used_ratio",
    Text("交换空间使用率", "Swap in use"),
    Text(
        "已使用的交换空间比例；没有交换空间时缺失。", "Share of swap in use; absent without swap."
    ),
)
DISK_USED_RATIO = _ratio(
    "disk_used_ratio",
    Text("系统盘使用率", "System disk in use"),
    Text(
        "系统所在文件系统中普通程序可用空间的已用比例。",
        "Share in use of what ordinary programs may use of the system's file system.",
    ),
)
DISK_FREE_BYTES = Metric(
    name="disk_free_bytes",
    unit=Unit.BYTES,
    better=Better.HIGHER,
    title=Text("系统盘剩余空间", "System disk free"),
    meaning=Text(
        "系统所在文件系统中普通程序还能写入的字节数。",
        "Bytes that ordinary programs can still write to the system's file system.",
    ),
    resolution=1_000_000,
    minimum=0,
)
LOAD_COUNT_MEAN = Metric(
    name="load_count_mean",
    unit=Unit.COUNT,
    better=Better.LOWER,
    title=Text("负载（1 分钟）", "Load (1 minute)"),
    meaning=Text(
        "最近约一分钟内正在运行或等待运行的任务的平均个数（Linux 还计入等待磁盘的任务）；"
        "没有该概念的系统（Windows）缺失。",
        "Mean number of tasks running or waiting to run over about the last minute (on Linux also "
        "those waiting for a disk); absent where the system has no such figure (Windows).",
    ),
    resolution=0.01,
    minimum=0,
)
TEMPERATURE_CELSIUS_MAX = Metric(
    name="temperature_celsius_max",
    unit=Unit.CELSIUS,
    better=Better.LOWER,
    title=Text("最高温度", "Highest temperature"),
    meaning=Text(
        "操作系统可读的传感器中最高的温度；没有传感器时缺失。",
        "The highest reading of the sensors that the system can read; absent without a sensor.",
    ),
    resolution=0.1,
    minimum=-50,
    maximum=150,
)
PROCESSES_COUNT = Metric(
    name="processes_count",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("进程数", "Processes"),
    meaning=Text("操作系统列出的进程数。", "Processes that the system lists."),
    resolution=1,
    minimum=1,
)


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of all cores together, since boot."""

    total: float
    idle: float


def used_ratio_or_none(before: CpuTimes, after: CpuTimes) -> float | None:
    """None when no time passed, or the clocks went back (a core was taken away)."""
    total, idle = after.total - before.total, after.idle - before.idle
    if total <= 0 or idle < 0:
        return None
    return max(0.0, 1 - idle / total)


def hottest_or_none(celsius: list[float]) -> float | None:
    """The highest that a sensor can mean; boards without a sensor say 0, -128 or 255."""
    believable = [t for t in celsius if t != 0 and -50 <= t <= 150]
    return max(believable, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    window_seconds: float = setting(
        1.0,
        Text("首次探测时两次读数的间隔，秒。", "Seconds between the two looks of the first run."),
        minimum=0.1,
        maximum=10,
    )


class HostResources(Probe[Settings]):
    name = "host_resources"
    title = Text("主机资源", "Host resources")
    about = Text(
        "通过操作系统读取处理器、内存、交换空间、系统盘、负载、温度和进程数。处理器使用率是两次探测"
        "之间的平均值；首次探测相隔 window_seconds 读两次。其余为探测时刻的值。读不到的项目缺失。",
        "Reads processor, memory, swap, system disk, load, temperature and processes from the "
        "operating system. Processor use is the mean between two runs; the first run looks twice, "
        "window_seconds apart. The rest is as of now. What cannot be read is absent.",
    )
    limits = Text(
        "平均值会掩盖短时的卡顿。在容器或虚拟机里，部分数字属于宿主机。温度取决于主板提供了哪些"
        "传感器，不同机型不宜比较。不列出程序名称，也不看用户在做什么。",
        "Means hide short stalls. In a container or virtual machine some figures belong to the "
        "host. Which sensors there are depends on the board: do not compare models. It names no "
        "program and does not look at what the user does.",
    )
    measures = (
        CPU_USED_RATIO,
        MEMORY_USED_RATIO,
        MEMORY_AVAILABLE_BYTES,
        SWAP_USED_RATIO,
        DISK_USED_RATIO,
        DISK_FREE_BYTES,
        LOAD_COUNT_MEAN,
        TEMPERATURE_CELSIUS_MAX,
        PROCESSES_COUNT,
    )
    roles = frozenset(Role)
    Settings = Settings
    deadline_seconds = 20.0

    _before: CpuTimes | None = None

    def longest_seconds(self) -> float:
        return self.settings.window_seconds

    async def measure(self, target: Target) -> Reading:
        if self._before is None:
            self._before = await asyncio.to_thread(_cpu_times)
            await asyncio.sleep(self.settings.window_seconds)
        before = self._before
        self._before = await asyncio.to_thread(_cpu_times)
        values = await asyncio.to_thread(_read_all)
        if (used := used_ratio_or_none(before, self._before)) is not None:
            values[CPU_USED_RATIO] = used
        if not values:
            raise ProbeError("no_source")
        return Reading.ok(values)


def _cpu_times() -> CpuTimes:
    import psutil

    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Linux counts the time of guests in `user` and `nice` as well.
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return CpuTimes(total=sum(times) - guests, idle=idle)


def _read_all() -> dict[Metric, float]:
    values: dict[Metric, float] = {}
    for read in (_memory, _swap, _disk, _load, _temperature, _processes):
        values |= _what_can_be_read(read)
    return values


def _what_can_be_read(read: Callable[[Any], dict[Metric, float]]) -> dict[Metric, float]:
    import psutil

    try:
        return read(psutil)
    # AttributeError: psutil leaves out the functions that a system cannot serve.
    except (OSError, AttributeError, NotImplementedError, RuntimeError, psutil.Error):
        return {}


def _memory(psutil: Any) -> dict[Metric, float]:
    memory = psutil.virtual_memory()
    available = min(memory.available, memory.total)
    return {
        MEMORY_USED_RATIO: 1 - available / memory.total,
        MEMORY_AVAILABLE_BYTES: float(available),
    }


def _swap(psutil: Any) -> dict[Metric, float]:
    swap = psutil.swap_memory()
    return {SWAP_USED_RATIO: swap.used / swap.total} if swap.total else {}


def _disk(psutil: Any) -> dict[Metric, float]:
    disk = psutil.disk_usage(os.environ.get("SYSTEMDRIVE", "/") + os.sep)
    usable = disk.used + disk.free
    if not usable:
        return {}
    return {DISK_USED_RATIO: disk.used / usable, DISK_FREE_BYTES: float(disk.free)}


def _load(_: Any) -> dict[Metric, float]:
    if sys.platform == "win32":
        return {}
    return {LOAD_COUNT_MEAN: os.getloadavg()[0]}


def _temperature(psutil: Any) -> dict[Metric, float]:
    sensors = psutil.sensors_temperatures().values()
    hottest = hottest_or_none([sensor.current for group in sensors for sensor in group])
    return {} if hottest is None else {TEMPERATURE_CELSIUS_MAX: hottest}


def _processes(psutil: Any) -> dict[Metric, float]:
    return {PROCESSES_COUNT: float(len(psutil.pids()))}
