"""That this machine is there: how long it was awake, when it slept, and how it ended before."""

from __future__ import annotations

from probes.boot import boot_id
from probes.life import Beat, First, Life, Stopping
from probes.model import Better, Metric, NoSettings, Probe, Reading, Role, Target, Unit
from probes.text import Text

AWAKE_SECONDS = Metric(
    name="awake_seconds",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("清醒时间", "Time awake"),
    meaning=Text(
        "自上一次心跳以来设备处于唤醒状态的时间；代理程序启动后的第一次心跳没有此值。",
        "How long the machine was awake since the beat before; absent in the first beat of a "
        "process of the agent.",
    ),
    resolution=0.1,
    minimum=0,
)
SLEEP_SECONDS = Metric(
    name="sleep_seconds",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("刚结束的睡眠", "Sleep that ended"),
    meaning=Text(
        "自上一次心跳以来睡眠（含休眠）的时间；只在醒来后的第一次心跳中出现，没有睡眠或系统无法"
        "区分时缺失。",
        "How long the machine slept or hibernated since the beat before; only in the first beat "
        "after waking, absent when it did not sleep or the system cannot tell.",
    ),
    resolution=0.1,
    minimum=0,
)
BEAT_COUNT_TOTAL = Metric(
    name="beat_count_total",
    unit=Unit.COUNT,
    better=Better.NEITHER,
    title=Text("心跳累计", "Beats so far"),
    meaning=Text(
        "这个代理身份的累计心跳数，跨进程保存。数值退回，说明设备磁盘被还原卡或重装退回到以前。",
        "Beats of this identity, counted across processes. When it goes back, a restore card or a "
        "re-installation has rolled the machine's disk back.",
    ),
    resolution=1,
    minimum=0,
)
SINCE_BOOT_SECONDS = Metric(
    name="since_boot_seconds",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("首次心跳时已开机", "Boot before first beat"),
    meaning=Text(
        "代理程序启动后第一次心跳时，距开机的时间（含睡眠）；其他心跳没有此值。",
        "Time since boot, sleep included, at the first beat of a process; absent in all others.",
    ),
    resolution=0.1,
    minimum=0,
)
SAME_BOOT = Metric(
    name="same_boot",
    unit=Unit.BOOLEAN,
    better=Better.NEITHER,
    title=Text("期间未重启", "No reboot since"),
    meaning=Text(
        "第一次心跳中：上一个进程以来设备一直开着（1）还是重新开过机（0）；没有留下便条时缺失。",
        "In the first beat of a process: whether the machine ran on since the process before (1) "
        "or was booted anew (0); absent when that process left no note.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)
PREVIOUS_STOP_CLEAN = Metric(
    name="previous_stop_clean",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("上次正常结束", "Previous end clean"),
    meaning=Text(
        "第一次心跳中：上一次是正常结束（1）还是突然中断（0）。期间未重启时指代理程序，"
        "重启过时指设备；无从得知时缺失。",
        "In the first beat of a process: whether what went before ended in order (1) or broke off "
        "(0): the agent if there was no reboot, else the machine; absent when it is not known.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)
MACHINE_STOPPING = Metric(
    name="machine_stopping",
    unit=Unit.BOOLEAN,
    better=Better.NEITHER,
    title=Text("设备正在关机", "Machine going down"),
    meaning=Text(
        "只在正常结束前的最后一次心跳中：设备正在关机或重启（1），或只是代理程序停止（0）。",
        "Only in the last beat before an end in order: the machine is being shut down or rebooted "
        "(1), or only the agent is stopped (0).",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)


class Presence(Probe[NoSettings]):
    """`life` is the agent's, which has the note; without one this beat is the first ever."""

    name = "presence"
    title = Text("在线心跳", "Presence")
    about = Text(
        "每次心跳比较内核的两个时钟：一个在睡眠时停走（CLOCK_MONOTONIC，Windows 上为"
        "无偏中断时间），一个不停（CLOCK_BOOTTIME，中断时间），差值就是睡眠时间，与系统时间是否"
        "准确无关。代理程序在状态目录中留一张便条：开机编号、心跳数、是否在正常结束；下一个进程"
        "据此说明上次如何结束，必要时查系统的开机记录。收到停止信号时再报一次心跳，说明是整机"
        "关机还是只停代理程序。",
        "Each beat compares two clocks of the kernel: one stands still in sleep (CLOCK_MONOTONIC; "
        "unbiased interrupt time on Windows), the other does not (CLOCK_BOOTTIME; interrupt time). "
        "Their difference is sleep, whatever the wall clock says. In its state directory the agent "
        "keeps a note: which boot, how many beats, and whether it is ending in order. By it the "
        "next process says how the one before ended, with the help of the system's diary of boots. "
        "When told to stop it beats once more, and says whether the whole machine goes down.",
    )
    limits = Text(
        "不说明有没有人在用。断电、死机和长按电源键分不开。装有还原卡的电脑，便条每次开机都被还原，"
        "上次如何结束只有采集器能判断。Windows 部分尚未在真机上运行过。",
        "It does not say that anybody uses the machine. It cannot tell a power cut from a crash or "
        "a long press of the button. A restore card rolls the note back at each boot; how the last "
        "one ended is then for the collector to find out. Not yet run on a real Windows.",
    )
    measures = (
        AWAKE_SECONDS,
        SLEEP_SECONDS,
        BEAT_COUNT_TOTAL,
        SINCE_BOOT_SECONDS,
        SAME_BOOT,
        PREVIOUS_STOP_CLEAN,
        MACHINE_STOPPING,
    )
    roles = frozenset(Role)

    def __init__(self, settings: NoSettings, life: Life | None = None) -> None:
        super().__init__(settings)
        self._life = life or Life(boot_id())

    async def measure(self, target: Target) -> Reading:
        return Reading.ok(_values(await self._life.beat()))


def _values(beat: Beat) -> dict[Metric, float]:
    known = {
        AWAKE_SECONDS: beat.awake,
        SLEEP_SECONDS: beat.slept,
        BEAT_COUNT_TOTAL: beat.number,
        **(_of_first(beat.first) if beat.first else {}),
        MACHINE_STOPPING: beat.stopping and beat.stopping is Stopping.MACHINE,
    }
    return {metric: float(value) for metric, value in known.items() if value is not None}


def _of_first(first: First) -> dict[Metric, float | None]:
    return {
        SINCE_BOOT_SECONDS: first.since_boot,
        SAME_BOOT: first.same_boot,
        PREVIOUS_STOP_CLEAN: first.clean,
    }
