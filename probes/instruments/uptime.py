"""How long this machine has been up, and whether it was shut down properly before."""

from __future__ import annotations

import asyncio

from probes.boot import up_milliseconds
from probes.last_stop import last_stop_clean
from probes.metrics import UPTIME_SECONDS
from probes.model import Better, Metric, NoSettings, Probe, Reading, Role, Target, Unit
from probes.text import Text

LAST_STOP_CLEAN = Metric(
    name="last_stop_clean",
    unit=Unit.BOOLEAN,
    better=Better.HIGHER,
    title=Text("上次正常关机", "Last stop clean"),
    meaning=Text(
        "本次开机之前，系统是正常关机或重启（1），还是断电、死机（0）；系统没有留下记录时缺失。",
        "Before this boot the system was shut down or rebooted (1), or lost its power or crashed "
        "(0); absent when the system kept no record.",
    ),
    resolution=1,
    minimum=0,
    maximum=1,
)


class Uptime(Probe[NoSettings]):
    name = "uptime"
    title = Text("开机时间", "Uptime")
    about = Text(
        "开机时间取自内核的开机时钟，不受系统时间调整的影响。上次是否正常关机取自系统的开机记录："
        "/var/log/wtmp 中最近两次开机之间是否有关机记录；没有 wtmp 的系统（Debian 13）取自 "
        "/var/lib/wtmpdb/wtmp.db；Windows 取自系统事件日志（按编号，不看文字）。",
        "Uptime comes from the kernel's boot clock and does not move when the time is set. Whether "
        "the last stop was clean comes from the system's diary of boots: a shutdown record between "
        "the last two boots in /var/log/wtmp or, on systems without wtmp (Debian 13), in "
        "/var/lib/wtmpdb/wtmp.db. On Windows it is the System event log, by number, not by words.",
    )
    limits = Text(
        "不能区分断电、死机和长按电源键。装有还原卡的电脑每次开机都会恢复开机记录，"
        "last_stop_clean 因此没有意义。容器内通常没有开机记录。Windows 的“快速启动”使关机变成休眠："
        "夜里关机后，开机时间照样累计，只有重新启动才归零。",
        "It cannot tell a power cut from a crash or a long press of the button. A restore card "
        "rolls the diary back at each boot, and last_stop_clean then means nothing. Containers "
        "usually have no diary. With the fast startup of Windows, shutting down is a sleep: uptime "
        "goes on over the night, and only a restart begins it anew.",
    )
    privilege = Text(
        "不需要特权；wtmp 不可读时 last_stop_clean 缺失。",
        "None; last_stop_clean is absent when wtmp cannot be read.",
    )
    measures = (UPTIME_SECONDS, LAST_STOP_CLEAN)
    roles = frozenset(Role)

    async def measure(self, target: Target) -> Reading:
        values = {UPTIME_SECONDS: up_milliseconds() / 1000}
        clean = await asyncio.to_thread(last_stop_clean)
        if clean is not None:
            values[LAST_STOP_CLEAN] = float(clean)
        return Reading.ok(values)
